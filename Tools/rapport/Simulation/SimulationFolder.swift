import Crypto
import FoundationEssentials
import Simulation

/// What a simulation leaves on disk: `organisation.json` says what was made, `labels.json` what was planted, and
/// `relationships.ndjson` which pairs are loaded. The hash of the labels stands in the first, so that nobody can choose
/// them after the alarms are known (docs/domain.md §8.2).
struct SimulationFolder: Sendable {
    struct Description: Codable, Sendable {
        var parameters: Parameters
        var organization: String
        /// YYYY-MM-DD
        var dayZero: String
        /// SHA-256 of labels.json, hexadecimal.
        var labelsHash: String
    }

    struct Label: Codable, Sendable {
        var pair: Int
        var plantings: [Planting]
    }

    struct LoadedPair: Codable, Sendable {
        var pair: Int
        var relationship: String
    }

    let path: String

    private var descriptionFile: String { "\(path)/organisation.json" }
    private var labelsFile: String { "\(path)/labels.json" }
    private var loadedFile: String { "\(path)/relationships.ndjson" }

    /// Makes a new one, or takes up the one that is there when it was made alike.
    func prepare(_ parameters: Parameters, organization: String, dayZero: CalendarDay) throws -> Description {
        if let existing = try description() {
            guard existing.parameters == parameters, existing.organization == organization else {
                throw Failure(
                    "\(path) holds another organisation (\(existing.organization)). Name another folder with --folder.")
            }
            return existing
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let made = Organization(parameters)
        let labels = (0..<made.pairCount).map { Label(pair: $0, plantings: made.pair($0).plantings) }
            .filter { !$0.plantings.isEmpty }
        let bytes = try Self.encoder.encode(labels)
        try bytes.write(to: URL(filePath: labelsFile), options: .atomic)
        let description = Description(
            parameters: parameters, organization: organization, dayZero: "\(dayZero)", labelsHash: Self.hash(bytes))
        try Self.encoder.encode(description).write(to: URL(filePath: descriptionFile), options: .atomic)
        return description
    }

    /// Nil where nothing was simulated yet.
    func description() throws -> Description? {
        guard FileManager.default.fileExists(atPath: descriptionFile) else { return nil }
        return try decode(Description.self, descriptionFile)
    }

    /// What was planted, by pair.
    /// - Throws: `Failure` when they are not those that the hash was taken of.
    func labels(_ description: Description) throws -> [Int: [Planting]] {
        guard let bytes = FileManager.default.contents(atPath: labelsFile) else {
            throw Failure("\(labelsFile) is missing: without labels there is nothing to judge the alarms by")
        }
        guard Self.hash(bytes) == description.labelsHash else {
            throw Failure("\(labelsFile) is not the one that organisation.json has the hash of")
        }
        let labels = try decode([Label].self, labelsFile)
        return Dictionary(labels.map { ($0.pair, $0.plantings) }) { $0 + $1 }
    }

    /// Pairs that are loaded, with their relationships. A line that a crash has cut off does not count.
    func loaded() -> [Int: String] {
        guard let bytes = FileManager.default.contents(atPath: loadedFile) else { return [:] }
        let decoder = JSONDecoder()
        let pairs = bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? decoder.decode(LoadedPair.self, from: Data($0))
        }
        return Dictionary(pairs.map { ($0.pair, $0.relationship) }) { $1 }
    }

    var offlineFile: String { "\(path)/offline.json" }

    /// For appending; the caller closes it.
    func openLoaded() throws -> AppendedFile {
        try AppendedFile(loadedFile)
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ file: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: file)))
        } catch {
            throw Failure("\(file) cannot be read: \(error)")
        }
    }

    private static func hash(_ bytes: Data) -> String {
        SHA256.hash(data: bytes).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0\(text)" : text
        }.joined()
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
