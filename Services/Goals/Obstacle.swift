import Schema
import ServiceKit

/// What stands in the way, told without blame (docs/domain.md §6.3, S07, S24 and S32).
extension Obstacle {
    static let textLength = 1...2000
    static let acknowledgementLength = 0...2000

    /// - Throws: INVALID_ARGUMENT for whatever breaks a limit or a goal of another relationship; the level is PAIR unless it is given.
    static func add(_ words: Obstacle, named name: String, by author: String, at now: Instant) throws -> Obstacle {
        try Check.text(words.text, "obstacle.text", textLength)
        guard words.text.saysSomething else { throw Refusal.invalid("obstacle.text", "is required") }
        guard words.tag.isEmpty || ResourceName.isIdentifier(words.tag[...]) else {
            throw Refusal.invalid("obstacle.tag", "is 1 to 63 of a-z, 0-9 and -, or empty")
        }
        if words.level != .unspecified { try Check.known(words.level, "obstacle.level") }
        if !words.goal.isEmpty {
            let goal = try ResourceName(words.goal, "organizations", "relationships", "goals")
            guard try goal.parent == ResourceName.relationship(of: name) else {
                throw Refusal.invalid("obstacle.goal", "belongs to another relationship")
            }
        }
        return Obstacle(
            name: name, author: author, text: words.text, tag: words.tag, external: words.external,
            level: words.level == .sealed ? .sealed : .pair, goal: words.goal, createTime: now.timestamp,
            updateTime: now.timestamp)
    }

    /// The other party has understood it.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN for its author; FAILED_PRECONDITION, WRONG_STATE the second time;
    ///   INVALID_ARGUMENT for a text too long.
    mutating func acknowledge(by person: String, _ text: String, at now: Instant) throws {
        guard person != author else {
            throw Refusal.roleForbidden("the other party acknowledges what you have told")
        }
        guard !acknowledged else {
            throw Refusal.wrongState("the obstacle", is: "acknowledged", needs: "one that is not yet")
        }
        try Check.text(text, "acknowledgement", Self.acknowledgementLength)
        acknowledged = true
        acknowledgement = text
        acknowledgeTime = now.timestamp
        updateTime = now.timestamp
    }
}

extension Obstacle {
    public static let sealedTexts: Set = ["text", "tag", "acknowledgement"]

    public var writer: String? { author }
    public var isSealed: Bool { level == .sealed }
}

/// What keeps coming back is asked about, once for every three (docs/domain.md S32).
enum ObstaclePattern {
    static let windowDays = 28
    static let repetitions = 3

    /// - Parameter earlier: obstacles of the same tag in the window that no prompt has named.
    /// - Returns: the question, when the new one is the third.
    static func prompt(about obstacle: Obstacle, after earlier: [String]) -> PatternPrompt? {
        guard !obstacle.tag.isEmpty, earlier.count + 1 >= repetitions else { return nil }
        return PatternPrompt(
            question: "“\(obstacle.tag)” has come up \(earlier.count + 1) times in four weeks. What would help?",
            obstacles: earlier + [obstacle.name])
    }
}
