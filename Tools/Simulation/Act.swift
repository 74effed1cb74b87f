/// One thing that a pair does. Days count from the pair's start; a number names what later acts refer to.
public struct Act: Hashable, Sendable {
    public enum Person: Hashable, Sendable {
        case coach, coachee
    }

    public enum Feedback: Hashable, Sendable {
        case recognition, balanced, constructive, criticismOnly
    }

    public enum Pulse: Int, Hashable, Sendable, CaseIterable {
        case dependable, honest, useful, understood
    }

    public enum Kind: Hashable, Sendable {
        /// A session of a later day is planned.
        case plan(session: Int, on: Double)
        case held(session: Int)
        /// One did not come; the other says so.
        case absent(session: Int, Person)
        /// Called off less than a day ahead.
        case calledOff(session: Int, by: Person)
        /// Moved, at least a day ahead.
        case moved(session: Int, to: Double)
        /// Made and accepted.
        case promise(Int, by: Person, due: Double)
        case kept(promise: Int)
        /// Asked for and accepted.
        case renegotiated(promise: Int, due: Double)
        case decision(Int, isExplained: Bool)
        case feedback(Int, Feedback, by: Person)
        case pulse(Pulse, value: Int)
        case note(Int)
        /// A note that both read is changed without a word.
        case silentChange(note: Int)
    }

    public var day: Double
    public var kind: Kind
}
