import Schema
import ServiceKit

/// A goal that both own: DRAFT → PROPOSED → ACTIVE ⇄ AT_RISK → ACHIEVED | PARTLY | NOT_ACHIEVED | RETIRED
/// (docs/domain.md §6.3).
extension Goal {
    /// Goals of one relationship, of all states: more than a T-score takes in are nobody's goals any more.
    static let maximumPerRelationship = 100
    /// With the deleted ones that wait for their end.
    static let maximumStored = 200

    static let weights: ClosedRange<Int32> = 1...6
    static let defaultWeight: Int32 = 1
    static let checkInIntervals: ClosedRange<Int32> = 1...90
    /// A week: the pace of the sessions.
    static let defaultCheckInInterval: Int32 = 7

    /// A draft of `words`; state, signatures, author and times are the service's own to say.
    /// - Throws: INVALID_ARGUMENT for whatever breaks a limit; BAD_WEIGHT and GAS_NOT_ORDERED have reasons of their own.
    static func draft(_ words: Goal, named name: String, by author: String, at now: Instant) throws -> Goal {
        var goal = try words.terms
        goal.name = name
        goal.state = .draft
        goal.author = author
        goal.createTime = now.timestamp
        goal.updateTime = now.timestamp
        return goal
    }

    /// What the two agree on and nothing else, with defaults in place.
    /// - Throws: as `draft`.
    var terms: Goal {
        get throws {
            try Check.known(type, "goal.type")
            guard statement.saysSomething else { throw Refusal.invalid("goal.statement", "is required") }
            try checkLimits()
            let weight = weight == 0 ? Self.defaultWeight : weight
            guard Self.weights.contains(weight) else {
                throw Refusal.invalid("goal.weight", "must lie between 1 and 6", reason: "BAD_WEIGHT")
            }
            try AttainmentScale.check(gasLevels)
            let interval = checkInIntervalDays == 0 ? Self.defaultCheckInInterval : checkInIntervalDays
            try Check.range(interval, "goal.check_in_interval_days", Self.checkInIntervals)
            return Goal(
                type: type, statement: statement, actor: actor, measure: measure, unit: unit, baseline: baseline,
                target: target, dueTime: dueTime, confidence: confidence, dependencies: dependencies, purpose: purpose,
                ambition: ambition, weight: weight, stretch: stretch, gasLevels: gasLevels,
                checkInIntervalDays: interval)
        }
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

    /// DRAFT → PROPOSED by either party, who signs with it; what SMART says of it stays with it.
    mutating func propose(by person: String, at now: Instant) throws {
        guard state == .draft else { throw Refusal.wrongState("the goal", is: state, needs: "DRAFT") }
        state = .proposed
        author = person
        try signAnew(by: person, at: now)
    }

    /// One signature alone, under the terms as they are now.
    mutating func signAnew(by person: String, at now: Instant) throws {
        smartVerdicts = try Smart.verdicts(on: self, at: now)
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
    /// - Parameter hasOpenExternal: an external obstacle of this goal is not acknowledged.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE unless under way; EXTERNAL_NOT_ACKNOWLEDGED when it would count as not
    ///   achieved before the other party has understood what was beyond the power of both (docs/domain.md S24).
    mutating func decide(level: Int32, hasOpenExternal: Bool, at now: Instant) throws {
        try requireUnderWay()
        let outcome = AttainmentScale.outcome(of: level)
        guard outcome != .notAchieved || !hasOpenExternal else {
            throw Refusal(
                .failedPrecondition, "EXTERNAL_NOT_ACKNOWLEDGED",
                "an external obstacle of this goal is not acknowledged yet: acknowledge it first")
        }
        state = outcome
        updateTime = now.timestamp
    }
}
