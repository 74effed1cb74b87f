import Schema
import ServiceKit

/// A goal that both own: DRAFT → PROPOSED → ACTIVE → ACHIEVED | PARTLY | NOT_ACHIEVED (docs/domain.md §6.3).
extension Goal {
    /// Goals of one relationship, of all states: more than a T-score takes in are nobody's goals any more.
    static let maximumPerRelationship = 100

    static let weights: ClosedRange<Int32> = 1...6
    static let defaultWeight: Int32 = 1
    static let checkInIntervals: ClosedRange<Int32> = 1...90
    /// A week: the pace of the sessions.
    static let defaultCheckInInterval: Int32 = 7

    /// A draft of `words`; state, signatures, author and times are the service's own to say.
    /// - Throws: INVALID_ARGUMENT for whatever breaks a limit; BAD_WEIGHT and GAS_NOT_ORDERED have reasons of their own.
    static func draft(_ words: Goal, named name: String, by author: String, at now: Instant) throws -> Goal {
        try Check.known(words.type, "goal.type")
        guard words.statement.saysSomething else { throw Refusal.invalid("goal.statement", "is required") }
        try words.checkLimits()
        let weight = words.weight == 0 ? defaultWeight : words.weight
        guard weights.contains(weight) else {
            throw Refusal.invalid("goal.weight", "must lie between 1 and 6", reason: "BAD_WEIGHT")
        }
        try AttainmentScale.check(words.gasLevels)
        let interval = words.checkInIntervalDays == 0 ? defaultCheckInInterval : words.checkInIntervalDays
        try Check.range(interval, "goal.check_in_interval_days", checkInIntervals)
        return Goal(
            name: name, type: words.type, statement: words.statement, actor: words.actor, measure: words.measure,
            unit: words.unit, baseline: words.baseline, target: words.target, dueTime: words.dueTime,
            confidence: words.confidence, dependencies: words.dependencies, purpose: words.purpose,
            ambition: words.ambition, weight: weight, stretch: words.stretch, gasLevels: words.gasLevels,
            checkInIntervalDays: interval, state: .draft, author: author, createTime: now.timestamp,
            updateTime: now.timestamp)
    }

    /// The limits of every goal, whether it is to be stored or only judged.
    func checkLimits() throws {
        try Check.text(statement, "goal.statement", 0...2000)
        try Check.text(actor, "goal.actor", 0...200)
        try Check.text(measure, "goal.measure", 0...500)
        try Check.text(unit, "goal.unit", 0...100)
        guard baseline.isFinite else { throw Refusal.invalid("goal.baseline", "must be a finite number") }
        guard target.isFinite else { throw Refusal.invalid("goal.target", "must be a finite number") }
        if dueTime != nil { _ = try Check.instant(dueTime, "goal.due_time") }
        try Check.range(confidence, "goal.confidence", 0...10)
        try Check.count(dependencies.count, "goal.dependencies", 0...20)
        for dependency in dependencies { try Check.text(dependency, "goal.dependencies", 1...500) }
        try Check.text(purpose, "goal.purpose", 0...2000)
        try Check.range(ambition, "goal.ambition", 0...5)
    }

    /// DRAFT → PROPOSED by either party, who signs with it.
    mutating func propose(by person: String, at now: Instant) throws {
        guard state == .draft else { throw Refusal.wrongState("the goal", is: state, needs: "DRAFT") }
        state = .proposed
        author = person
        signatures = [GoalSignature(person: person, signTime: now.timestamp)]
        updateTime = now.timestamp
    }

    /// The other party signs, and the goal is ACTIVE.
    /// - Throws: FAILED_PRECONDITION unless PROPOSED; with reason MISSING_SIGNATURE when the one who signed signs again.
    mutating func sign(by person: String, at now: Instant) throws {
        guard state == .proposed else { throw Refusal.wrongState("the goal", is: state, needs: "PROPOSED") }
        guard !signatures.contains(where: { $0.person == person }) else {
            throw Refusal(
                .failedPrecondition, "MISSING_SIGNATURE", "you have signed; the other party's signature is missing")
        }
        signatures.append(GoalSignature(person: person, signTime: now.timestamp))
        state = .active
        updateTime = now.timestamp
    }

    /// When the second party signed; nil before.
    var activateTime: Instant? {
        get throws {
            guard signatures.count == 2 else { return nil }
            return try signatures.compactMap { try $0.signTime.map { try Instant($0) } }.max()
        }
    }

    /// Signed by both and not yet decided.
    var isUnderWay: Bool { state == .active || state == .atRisk }

    func requireUnderWay() throws {
        guard isUnderWay else { throw Refusal.wrongState("the goal", is: state, needs: "ACTIVE or AT_RISK") }
    }

    /// A countersigned FINAL attainment decides (docs/domain.md rule 14).
    mutating func decide(level: Int32, at now: Instant) throws {
        try requireUnderWay()
        state = AttainmentScale.outcome(of: level)
        updateTime = now.timestamp
    }
}
