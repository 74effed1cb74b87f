import FoundationEssentials
import Protobuf
import Schema
import Testing

/// What `make fuzz` has found worth keeping, and what was written by hand, must hold for good.
@Suite("The corpus")
struct CorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Corpus").path

    @Test(arguments: FuzzTarget.allCases)
    func holds(_ target: FuzzTarget) throws {
        let folder = "\(Self.folder)/\(target)"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(!files.isEmpty)
        for file in files {
            let input = try #require(FileManager.default.contents(atPath: "\(folder)/\(file)"))
            do {
                try target.run([UInt8](input))
            } catch {
                Issue.record("\(target)/\(file): \(error)")
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func itsSeedsHold(_ target: FuzzTarget) {
        let seeds = target.seeds
        #expect(seeds.count >= 20)
        for (name, input) in seeds {
            do {
                try target.run(input)
            } catch {
                Issue.record("\(target)/\(name): \(error)")
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func nothingIsAnInputToo(_ target: FuzzTarget) throws {
        try target.run([])
    }

    /// A new message belongs into `MessageTypes`.
    @Test func everyMessageOfTheContractIsFuzzed() {
        let known = Set(MessageTypes.all.map { $0.fullName })
        for message in DescriptorPool.schema.messages.values where message.fullName.hasPrefix("rapport.") {
            #expect(known.contains(message.fullName) || message.isMapEntry, "\(message.fullName)")
        }
    }
}
