import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("A feedback item")
struct FeedbackItemTests {
    static let coach = "organizations/acme/people/coach"
    static let coachee = "organizations/acme/people/coachee"
    static let name = "organizations/acme/relationships/r/feedbackItems/f"
    static let monday = Instant(microseconds: 1_790_000_000_000_000)

    static func words(
        _ kind: FeedbackItem.Kind, behaviour: String = "", strength: String = "", nextStep: String = ""
    ) -> FeedbackItem {
        FeedbackItem(
            kind: kind, situation: "The Friday call", behaviour: behaviour, nextStep: nextStep, strength: strength)
    }

    static func draft(_ words: FeedbackItem = words(.constructive)) throws -> FeedbackItem {
        try .draft(words, named: name, from: coach, to: coachee, at: monday)
    }

    static func delivered() throws -> FeedbackItem {
        var item = try draft()
        try item.deliver(by: coach, at: monday)
        return item
    }

    @Test("begins as a draft that carries the words and nothing else that its author may not say")
    func begins() throws {
        var claimed = Self.words(.constructive, behaviour: "You interrupted twice")
        claimed.state = .acknowledged
        claimed.author = Self.coachee
        claimed.deliverTime = Self.monday.timestamp
        claimed.etag = "\"7\""
        let item = try Self.draft(claimed)
        #expect(item.state == .draft)
        #expect(item.author == Self.coach)
        #expect(item.receiver == Self.coachee)
        #expect(item.deliverTime == nil)
        #expect(item.etag.isEmpty)
        #expect(item.behaviour == "You interrupted twice")
        #expect(item.createTime == Self.monday.timestamp)
    }

    @Test("has a known kind, texts of at most 4000 characters, and says something")
    func limits() throws {
        #expect(throws: Refusal.self) { try Self.draft(FeedbackItem(kind: .unspecified, behaviour: "x")) }
        #expect(throws: Refusal.self) { try Self.draft(FeedbackItem(kind: .unrecognized(99), behaviour: "x")) }
        #expect(throws: Refusal.self) {
            try Self.draft(FeedbackItem(kind: .neutral, behaviour: "x", focus: .unrecognized(9)))
        }
        #expect(throws: Refusal.self) { try Self.draft(FeedbackItem(kind: .neutral)) }
        #expect(throws: Refusal.self) { try Self.draft(FeedbackItem(kind: .neutral, impact: " \n")) }
        let fields: [WritableKeyPath<FeedbackItem, String>] = [
            \.situation, \.behaviour, \.impact, \.nextStep, \.strength,
        ]
        for field in fields {
            var item = FeedbackItem(kind: .neutral)
            item[keyPath: field] = String(repeating: "é", count: 4000)
            #expect(throws: Never.self) { try Self.draft(item) }
            item[keyPath: field] += "é"
            #expect(throws: Refusal.self) { try Self.draft(item) }
        }
    }

    @Test("is read as a draft by its author alone, afterwards by both")
    func readers() throws {
        var item = try Self.draft()
        #expect(item.isReadable(by: Self.coach))
        #expect(!item.isReadable(by: Self.coachee))
        #expect(!item.isReadable(by: nil))
        try item.deliver(by: Self.coach, at: Self.monday)
        #expect(item.isReadable(by: Self.coachee))
    }

    @Test("is delivered by its author, once; the words stay as they are")
    func delivery() throws {
        var item = try Self.draft()
        let before = item
        #expect(throws: Refusal.roleForbidden("only its author delivers feedback")) {
            try item.deliver(by: Self.coachee, at: Self.monday)
        }
        #expect(item == before)
        try item.deliver(by: Self.coach, at: Self.monday)
        #expect(item.state == .delivered)
        #expect(item.deliverTime == Self.monday.timestamp)
        #expect(item.situation == before.situation)
        #expect(reason { try item.deliver(by: Self.coach, at: Self.monday) } == "WRONG_STATE")
    }

    @Test(
        "is delivered only with what its kind stands for",
        arguments: [
            (words(.criticismOnly), "MISSING_BEHAVIOUR"),
            (words(.criticismOnly, behaviour: "   "), "MISSING_BEHAVIOUR"),
            (words(.criticismOnly, behaviour: "You came late"), nil),
            (words(.balanced, strength: "Good questions", nextStep: "Pause first"), "MISSING_BEHAVIOUR"),
            (words(.balanced, behaviour: "You interrupted", nextStep: "Pause first"), "MISSING_STRENGTH"),
            (words(.balanced, behaviour: "You interrupted", strength: "Good questions"), "NO_NEXT_STEP"),
            (words(.balanced, behaviour: "You interrupted", strength: "Good questions", nextStep: "Pause first"), nil),
            (words(.recognition), nil),
            (words(.constructive), nil),
            (words(.neutral), nil),
        ] as [(FeedbackItem, String?)])
    func kinds(words: FeedbackItem, refusal: String?) throws {
        var item = try Self.draft(words)
        #expect(reason { try item.deliver(by: Self.coach, at: Self.monday) } == refusal)
        #expect(item.state == (refusal == nil ? .delivered : .draft))
    }

    @Test("is acknowledged by its receiver, once, and disagreement is an answer")
    func acknowledgement() throws {
        var item = try Self.delivered()
        #expect(
            reason { try item.acknowledge(by: Self.coach, note: "", disagreeReason: "", at: Self.monday) }
                == "ROLE_FORBIDDEN")
        try item.acknowledge(
            by: Self.coachee, note: "Thank you", disagreeReason: "It was the line", at: Self.monday.adding(hours: 1))
        #expect(item.state == .acknowledged)
        #expect(item.note == "Thank you")
        #expect(item.disagreeReason == "It was the line")
        #expect(item.acknowledgeTime == Self.monday.adding(hours: 1).timestamp)
        #expect(
            reason { try item.acknowledge(by: Self.coachee, note: "", disagreeReason: "", at: Self.monday) }
                == "WRONG_STATE")
    }

    @Test("that is a draft cannot be acknowledged, and a reply has at most 2000 characters")
    func acknowledgementLimits() throws {
        var draft = try Self.draft()
        #expect(
            reason { try draft.acknowledge(by: Self.coachee, note: "", disagreeReason: "", at: Self.monday) }
                == "WRONG_STATE")
        var item = try Self.delivered()
        let long = String(repeating: "x", count: 2001)
        for (note, disagreement) in [(long, ""), ("", long)] {
            #expect(
                reason {
                    try item.acknowledge(
                        by: Self.coachee, note: note, disagreeReason: disagreement, at: Self.monday)
                } == "INVALID_FIELD")
            #expect(item.state == .delivered)
        }
    }

    @Test("is complete with situation, behaviour, impact and next step", arguments: 0..<16)
    func completeness(present: Int) throws {
        let text = { (bit: Int) in present & (1 << bit) == 0 ? "" : "said" }
        let item = FeedbackItem(situation: text(0), behaviour: text(1), impact: text(2), nextStep: text(3))
        #expect(item.isComplete == (present == 15))
    }
}

/// The stable reason of the refusal, nil when nothing is refused.
func reason(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? Refusal)?.reason ?? "\(error)"
    }
}
