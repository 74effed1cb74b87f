import FoundationEssentials
import Simulation
import Testing
import TrustModel

@testable import rapport

@Suite("An organisation replayed through the model alone")
struct OfflineReplayTests {
    private static let start = TrustModel.Instant(microseconds: 1_704_067_200_000_000)

    private func parameters(pairs: Int) -> Parameters {
        var parameters = Parameters()
        parameters.pairs = pairs
        parameters.seed = 3
        // Lively pairs: what an abandoned promise stands in the place of is settled by then.
        parameters.feedback = 6
        return parameters
    }

    private func replay(_ organization: Organization, _ file: String) throws -> OfflineReplay.Checkpoint {
        try OfflineReplay(
            organization: organization, start: Self.start, checkpointFile: file, report: { _ in }
        ).run()
    }

    @Test("every pair is judged once; a fact about the settled past costs a replay and no more")
    func whole() throws {
        let file = "\(FileManager.default.temporaryDirectory.path)/offline-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let organization = Organization(parameters(pairs: 60))
        let checkpoint = try replay(organization, file)
        #expect(checkpoint.pairs == 60 && checkpoint.facts > 6000 && checkpoint.replays > 0)
        for evaluation in checkpoint.evaluations {
            let planted = (0..<60).count { number in
                organization.pair(number).plantings.contains { $0.kind == evaluation.kind }
            }
            #expect(evaluation.recall.trials == planted)
        }
        // The second run finds all done, and says the same.
        let again = try replay(organization, file)
        #expect(again.facts == checkpoint.facts && again.evaluations == checkpoint.evaluations)
    }

    @Test("an interrupted run goes on where it last said so, and ends in the same figures")
    func resumed() throws {
        let folder = FileManager.default.temporaryDirectory.path
        let (whole, parts) = ("\(folder)/whole-\(UUID().uuidString).json", "\(folder)/parts-\(UUID().uuidString).json")
        defer { for file in [whole, parts] { try? FileManager.default.removeItem(atPath: file) } }
        let organization = Organization(parameters(pairs: 40))
        let expected = try replay(organization, whole)
        struct Interruption: Error {}
        let interrupted = OfflineReplay(
            organization: organization, start: Self.start, checkpointFile: parts, batch: 15,
            report: { _ in throw Interruption() })
        #expect(throws: Interruption.self) { try interrupted.run() }
        let resumed = try replay(organization, parts)
        #expect(resumed.pairs == 40 && resumed.facts == expected.facts)
        #expect(resumed.evaluations == expected.evaluations)
    }

    @Test("a checkpoint that cannot be read is named")
    func damaged() throws {
        let file = "\(FileManager.default.temporaryDirectory.path)/damaged-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data("{".utf8).write(to: URL(filePath: file))
        #expect(throws: Failure.self) { try replay(Organization(parameters(pairs: 1)), file) }
    }
}
