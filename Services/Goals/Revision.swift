import Schema
import ServiceKit

/// Other words for a goal that both have signed, or both saying why nothing changes (docs/domain.md S41, rules 32 and 52).
extension Revision {
    static let whyLength = 1...2000
    /// Revisions of one goal, of all states.
    static let maximumPerGoal = 200

    /// What both may change of a signed goal. Its type and its weight are what it was signed as; confidence and ambition
    /// are the coachee's own and told by check-ins.
    static let changeable = UpdateMask<Goal>(
        "statement", "actor", "measure", "unit", "baseline", "target", "due_time", "dependencies", "purpose", "stretch",
        "gas_levels", "check_in_interval_days")

    /// One party asks, and signs with it.
    /// - Parameter inTime: whether the goal is not due yet.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE unless the goal is under way, RETROACTIVE_REVISION for a change when it
    ///   was due; INVALID_ARGUMENT without a reason, for fields that must not change or terms out of their limits, or when
    ///   nothing would change; RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static func ask(
        _ words: Revision, of goal: Goal, among others: Int, named name: String, by author: String, inTime: Bool,
        at now: Instant
    ) throws -> Revision {
        try goal.requireUnderWay()
        guard others < maximumPerGoal else {
            throw Refusal(.resourceExhausted, "CAPACITY_FULL", "a goal has at most \(maximumPerGoal) revisions")
        }
        try Check.text(words.why, "revision.why", whyLength)
        guard words.why.saysSomething else { throw Refusal.invalid("revision.why", "is required") }
        var revision = Revision(
            name: name, author: author, why: words.why, noChange: words.noChange, contextChange: words.contextChange,
            signatures: [GoalSignature(person: author, signTime: now.timestamp)], state: .proposed,
            createTime: now.timestamp, updateTime: now.timestamp)
        if words.noChange {
            guard words.changes?.paths.isEmpty ?? true else {
                throw Refusal.invalid("revision.changes", "must be empty when nothing changes")
            }
            return revision
        }
        try requireInTime(inTime)
        guard let changes = words.changes, !changes.paths.isEmpty else {
            throw Refusal.invalid("revision.changes", "names the fields that change; or say no_change")
        }
        let after = try changeable.apply(changes, words.revised ?? Goal(), to: goal).terms
        guard try after != goal.terms else { throw Refusal.invalid("revision.revised", "changes nothing") }
        if let due = after.dueTime, due != goal.dueTime, try Instant(due) <= now {
            throw Refusal.invalid("revision.revised.due_time", "must lie ahead")
        }
        revision.changes = changes
        revision.revised = try changeable.apply(changes, after, to: Goal())
        return revision
    }

    /// The other party signs, and the goal is as revised; the original stays here.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE, RETROACTIVE_REVISION, or MISSING_SIGNATURE when the one who signed signs
    ///   again.
    mutating func sign(by person: String, revising goal: inout Goal, inTime: Bool, at now: Instant) throws {
        guard state == .proposed else { throw Refusal.wrongState("the revision", is: state, needs: "PROPOSED") }
        try goal.requireUnderWay()
        guard !signatures.contains(where: { $0.person == person }) else {
            throw Refusal(
                .failedPrecondition, "MISSING_SIGNATURE", "you have signed; the other party's signature is missing")
        }
        if let changes, let revised, !noChange {
            try Self.requireInTime(inTime)
            original = try Self.changeable.apply(changes, goal, to: Goal())
            goal.take(try Self.changeable.apply(changes, revised, to: goal).terms)
        }
        signatures.append(GoalSignature(person: person, signTime: now.timestamp))
        state = .signed
        updateTime = now.timestamp
        goal.closeOffers(answeredBy: self)
        goal.updateTime = now.timestamp
    }

    /// Whether another signed revision takes its ground away.
    func isOvertaken(by other: Revision) -> Bool {
        state == .proposed && !noChange && !other.noChange && name != other.name
    }

    mutating func overtake(at now: Instant) {
        state = .overtaken
        updateTime = now.timestamp
    }

    private static func requireInTime(_ inTime: Bool) throws {
        guard inTime else {
            throw Refusal(
                .failedPrecondition, "RETROACTIVE_REVISION",
                "the goal was due: record how far it got, or say no_change and why")
        }
    }
}
