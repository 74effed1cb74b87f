import FoundationEssentials
import Testing

/// docs/architecture.md, "Floors": a file imports downward only.
@Suite("The architecture")
struct FloorTests {
    static let floors = [
        "CNghttp2": 0, "CProtobufC": 0, "CDescriptor": 0, "CStandard": 0, "CSchema": 0, "CZlib": 0,
        "CZstd": 0, "Compression": 1, "Protobuf": 1, "HTTP": 1,
        "Standard": 2, "RPC": 3, "Schema": 4, "Storage": 4, "ServiceKit": 5, "TrustModel": 6, "Matching": 6,
        "Relationships": 7, "Feedback": 7, "Goals": 7, "TrustScoring": 7, "Gateway": 8,
    ]
    /// Where C and raw memory are touched, each behind a safe type.
    static let unsafeModules: Set = ["Compression", "Protobuf", "HTTP", "Standard", "Schema"]

    struct Source {
        let path: String
        let module: String
        let lines: [Substring]

        /// `import X`, `import struct X.Y`, `@testable import X`, with or without an access level.
        var imports: [String] {
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let position = words.firstIndex(of: "import"), position <= 1, position + 1 < words.count else {
                    return nil
                }
                let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "typealias"]
                let name = kinds.contains(words[position + 1]) ? words[position + 2] : words[position + 1]
                return name.split(separator: ".").first.map(String.init)
            }
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Our own sources, tests left out: of the floors, or of other folders.
    static func sources(in folders: [String] = ["Shared", "Services"]) throws -> [Source] {
        try folders.flatMap { folder in
            try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(".swift") }
                .map { file in
                    let text = FileManager.default.contents(atPath: "\(root)/\(folder)/\(file)") ?? Data()
                    return Source(
                        path: "\(folder)/\(file)", module: String(file.prefix { $0 != "/" }),
                        lines: String(decoding: text, as: UTF8.self).split(
                            separator: "\n", omittingEmptySubsequences: false))
                }
        }
    }

    @Test func knowsEveryModule() throws {
        let modules = Set(try Self.sources().map(\.module))
        #expect(modules.count >= 13)
        #expect(modules.subtracting(Self.floors.keys).isEmpty)
    }

    @Test func importsGoDownwardOnly() throws {
        for source in try Self.sources() {
            let own = try #require(Self.floors[source.module], "\(source.path)")
            for name in source.imports {
                guard let floor = Self.floors[name] else { continue }
                #expect(floor < own, "\(source.path) imports \(name)")
            }
        }
    }

    /// Trust history is not an input of matching (docs/domain.md §6.1): it sees no module of ours, and no names of it.
    @Test func matchingCannotSeeTrust() throws {
        let sources = try Self.sources().filter { $0.module == "Matching" }
        #expect(sources.count >= 5)
        for source in sources { #expect(source.imports.isEmpty, "\(source.path)") }
        let manifest = String(
            decoding: FileManager.default.contents(atPath: "\(Self.root)/Package.swift") ?? Data(), as: UTF8.self)
        #expect(manifest.contains(#".target(name: "Matching", path: "Shared/Matching")"#), "without dependencies")
        #expect(manifest.contains(#".target(name: "TrustModel", path: "Shared/TrustModel")"#))
        let feeding = try Self.sources().filter { $0.path.hasPrefix("Services/Relationships/Matching/") }
        #expect(!feeding.isEmpty)
        for source in feeding {
            for line in source.lines {
                let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex).lowercased()
                    .replacing("trustee", with: "").replacing("trustor", with: "")
                #expect(!code.contains("trust") && !code.contains("evidence"), "\(source.path): \(line)")
            }
        }
    }

    @Test func foundationStaysOut() throws {
        let sources = try Self.sources() + Self.sources(in: ["Benchmarks/suite-bench"])
        #expect(sources.contains { $0.path.hasPrefix("Benchmarks/") })
        for source in sources { #expect(!source.imports.contains("Foundation"), "\(source.path)") }
    }

    @Test func onlyStorageKnowsItsEngineAndOnlyHTTPItsFraming() throws {
        for source in try Self.sources() {
            #expect(source.module == "Storage" || !source.imports.contains("GRDB"), "\(source.path)")
            #expect(source.module == "HTTP" || !source.imports.contains("CNghttp2"), "\(source.path)")
        }
    }

    @Test func rawMemoryStaysWhereItBelongs() throws {
        let marks = [
            "UnsafeMutablePointer", "UnsafePointer", "UnsafeRawPointer", "UnsafeMutableRawPointer", "Unmanaged<",
        ]
        for source in try Self.sources() where !Self.unsafeModules.contains(source.module) {
            for line in source.lines {
                #expect(!marks.contains { line.contains($0) }, "\(source.path): \(line)")
            }
        }
    }
}
