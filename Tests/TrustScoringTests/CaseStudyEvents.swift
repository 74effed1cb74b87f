import Schema
import TrustModel

/// docs/domain.md §8.1 as the three services tell it: the 61 facts and the repair, among much that is no evidence.
struct CaseStudyEvents: Sendable {
    var relationships: [Event] = []
    var feedback: [Event] = []
    var goals: [Event] = []

    init(_ facts: Facts) {
        tellRelationships(facts)
        tellFeedback(facts)
        tellGoals(facts)
    }

    private mutating func tellRelationships(_ facts: Facts) {
        relationships = (0..<13).flatMap { week in
            let start = day(Double(7 * week))
            return [
                facts.session("session.scheduled.v1", "s\(week)", start: start, by: .trustee),
                facts.held("s\(week)", start: start),
            ]
        }
        // Each states the intent of the next session; one comes too late to count.
        for (number, week) in [(0.0, 1), (28, 5), (77, 12)] {
            relationships.append(facts.intent("s\(week)", start: day(Double(7 * week)), stated: day(number)))
        }
        relationships.append(facts.intent("s3", start: day(21), stated: day(20.5)))
        for number in [6.0, 13, 20, 27, 41, 48, 55, 69, 76, 83] {
            let promise = number == 69 ? "c62" : "c\(Int(number))"
            relationships.append(
                facts.commitment("commitment.claimed.v1", promise, at: day(number), claim: day(number)))
            relationships.append(facts.commitment("commitment.kept.v1", promise, at: day(number), claim: day(number)))
            // The coachee keeps promises as well.
            relationships.append(
                facts.commitment(
                    "commitment.kept.v1", "own\(Int(number))", at: day(number), owner: .trustor, claim: day(number)))
        }
        relationships.append(
            facts.commitment("commitment.renegotiated.v1", "c62", at: day(62), renegotiated: day(62)))
        let missed = facts.name("commitments", "c34")
        relationships += [
            facts.commitment("commitment.missed.v1", "c34", at: day(34)),
            facts.breach("breach.confirmed.v1", .commitment, "b34", subject: missed, at: day(34)),
            facts.breach("breach.acknowledged.v1", .commitment, "b34", subject: missed, at: day(35), by: .trustee),
            facts.breach("breach.repaired.v1", .commitment, "b34", subject: missed, at: day(36), by: .trustor),
        ]
        for number in [14.0, 49] {
            let id = "d\(Int(number))"
            relationships.append(facts.decision("decision.recorded.v1", id, at: day(number), explained: day(number)))
            relationships.append(facts.decision("decision.explained.v1", id, at: day(number), explained: day(number)))
        }
        relationships.append(facts.reflection(.corrected, "r0", at: day(0)))
        for number in [7.0, 14, 56] {
            relationships.append(facts.reflection(.confirmed, "r\(Int(number))", at: day(number)))
        }
        for number in [28.0, 63] { relationships.append(facts.advice(.helpful, "a\(Int(number))", at: day(number))) }
        relationships.append(
            facts.event(
                "context.changed.v1",
                .contextChanged(
                    ContextChanged(contextChange: facts.name("contextChanges", "x14"), type: .organization)),
                at: day(14), by: .trustor))
    }

    private mutating func tellFeedback(_ facts: Facts) {
        feedback = [
            facts.feedback("feedback.delivered.v1", .constructive, "f14", at: day(14)),
            facts.feedback("feedback.acknowledged.v1", .constructive, "f14", at: day(15), inTime: true),
            facts.feedback("feedback.delivered.v1", .recognition, "f21", at: day(21)),
            facts.feedback("recognition.given.v1", .recognition, "f21", at: day(21)),
            facts.feedback("feedback.delivered.v1", .balanced, "f42", at: day(42)),
            facts.feedback("feedback.delivered.v1", .balanced, "f70", at: day(70)),
            facts.feedback("feedback.delivered.v1", .neutral, "f71", at: day(71)),
        ]
        let pulses: [(Double, Pulse.Item, Int32)] = [
            (2, .understood, 3), (2, .honest, 3), (9, .understood, 4), (16, .useful, 3), (16, .dependable, 4),
            (23, .understood, 4), (30, .honest, 4), (30, .useful, 4), (44, .understood, 5), (44, .dependable, 4),
            (58, .honest, 5), (58, .useful, 4), (72, .understood, 5), (86, .honest, 5), (86, .useful, 5),
            (86, .dependable, 5), (28, .safeToRaise, 4), (42, .valued, 2),
        ]
        for (number, item, value) in pulses { feedback.append(facts.pulse(item, value, at: day(number))) }
    }

    private mutating func tellGoals(_ facts: Facts) {
        goals = [
            facts.support("x21", for: "x14", at: day(21)),
            facts.support("x22", for: "x14", at: day(22), first: false),
            facts.attainment(0, "t42", review: day(42)),
            facts.attainment(1, "t84", review: day(84)),
            facts.attainment(2, "e84", review: day(84), of: .experiment),
        ]
    }
}
