import FoundationEssentials

/// One part's figures: lines for a person, values for a program, and what had to hold.
struct Section: Sendable {
    struct Check: Sendable, Codable {
        let name: String
        let met: Bool
        /// A requirement that does not hold fails the run; a goal is only told.
        let isRequired: Bool
    }

    let title: String
    private(set) var lines: [String] = []
    private(set) var values: [String: Double] = [:]
    private(set) var checks: [Check] = []

    init(_ title: String) { self.title = title }

    mutating func line(_ text: String) { lines.append(text) }

    mutating func value(_ name: String, _ value: Double) { values[name] = value }

    mutating func requirement(_ name: String, met: Bool) { check(name, met, isRequired: true) }

    mutating func goal(_ name: String, met: Bool) { check(name, met, isRequired: false) }

    private mutating func check(_ name: String, _ met: Bool, isRequired: Bool) {
        checks.append(Check(name: name, met: met, isRequired: isRequired))
        lines.append("\(isRequired ? "required" : "goal"): \(name): \(met ? "met" : "NOT MET")")
    }

    func print() {
        Console.say("\n\(title)")
        for line in lines { Console.say("  \(line)") }
    }
}

/// What `--json` writes.
struct Record: Codable {
    var machine: [String: String]
    var options: [String: Double]
    var values: [String: Double] = [:]
    var checks: [Section.Check] = []

    mutating func add(_ section: Section) {
        values.merge(section.values) { _, new in new }
        checks += section.checks
    }

    func write(to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let data = try encoder.encode(self)
        guard FileManager.default.createFile(atPath: file, contents: data) else {
            throw Failure("cannot write \(file)")
        }
    }
}
