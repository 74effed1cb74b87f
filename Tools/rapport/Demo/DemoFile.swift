import FoundationEssentials

/// `.rapport/demo.json`: where everything is, for scripts and for the next start.
struct DemoFile: Codable, Sendable, Hashable {
    /// True once every story is loaded.
    var isComplete = false
    /// `YYYY-MM-DD`
    var dayZero = ""
    var organization = Cast.organization
    /// `host:port` by program, the gateway included.
    var addresses: [String: String] = [:]
    /// Files with a token each, by role.
    var tokenFiles: [String: String] = [:]
    /// Resource names by role.
    var people: [String: String] = [:]
    /// Resource names by story.
    var relationships: [String: String] = [:]
    var titles: [String: String] = [:]
    /// How far each story is loaded.
    var progress: [String: StoryProgress] = [:]

    /// How far a story is loaded, and what its labels stand for.
    struct StoryProgress: Codable, Sendable, Hashable {
        /// Facts posted.
        var facts = 0
        /// Resource names by label, for example `promise call review`.
        var names: [String: String] = [:]
        var isFinished = false
    }

    enum CodingKeys: String, CodingKey {
        case isComplete = "complete"
        case dayZero, organization, addresses, tokenFiles, people, relationships, titles, progress
    }

    /// The present one; an empty one when there is none.
    static func load(from home: Home) throws -> DemoFile {
        guard let bytes = home.read(home.demoFile) else { return DemoFile() }
        do {
            return try JSONDecoder().decode(DemoFile.self, from: Data(bytes))
        } catch {
            throw Failure("\(home.demoFile) cannot be read: \(error)")
        }
    }

    func save(to home: Home) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try home.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: home.demoFile)
    }

    /// A relationship by its story's name or its resource name.
    func relationship(_ text: String) throws -> String {
        if let name = relationships[text] { return name }
        if text.contains("/") { return text }
        let known = relationships.isEmpty ? "none is loaded yet" : relationships.keys.sorted().joined(separator: ", ")
        throw Failure("\(text) is no relationship of the demo (\(known)); a full resource name works as well")
    }
}
