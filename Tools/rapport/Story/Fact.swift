import Schema

/// One of the two people of a pair.
enum Party: Sendable {
    case trustor, trustee

    var other: Party { self == .trustor ? .trustee : .trustor }
}

/// One thing that a pair does, as a story tells it. Days count from the story's day 0; a first string is a label
/// by which later facts refer to the same thing.
enum Fact: Sendable {
    /// The trustee plans the session of a later day.
    case plan(day: Int, Session.Template = .open)
    /// The session planned for this day took place; both say so.
    case held
    /// The trustee says ahead what a planned session is for.
    case intent(day: Int, String)
    /// A promise, made and accepted.
    case promise(String, by: Party = .trustee, due: Int, String)
    /// Claimed by the one, confirmed by the other.
    case kept(String)
    /// A later due date, asked for before the old one and accepted.
    case renegotiated(String, due: Int)
    /// Nothing is posted: the due date and the grace of 24 h pass (docs/domain.md rule 5).
    case missed(String)
    case acknowledged(String, what: String, effect: String, change: String)
    case repaired(String)
    case decision(String, why: String)
    /// What the trustee heard in today's session; confirmed unless corrected.
    case reflectBack(String, corrected: String? = nil)
    /// Advice in today's session, restated and found helpful by the trustor.
    case advice(String, teachBack: String)
    case contextChange(String, ContextChange.Kind, String)
    /// The trustee's support, with the promise that comes with it under the same label.
    case support(String, due: Int, answers: String? = nil, String)
    /// From the trustee to the trustor, written and delivered.
    case feedback(FeedbackItem)
    case recognition(String, impact: String)
    /// Proposed by the trustor, signed by both.
    case goal(String, due: Int, Goal)
    case attainment(of: String, Int, Attainment.ReviewPoint, countersigned: Bool = true, String)
    case pulse(Pulse.Item, Int)
}

/// A day of a story, counted from its day 0, and what happened on it in this order.
struct StoryDay: Sendable {
    let day: Int
    let facts: [Fact]

    init(_ day: Int, _ facts: Fact...) {
        self.day = day
        self.facts = facts
    }
}
