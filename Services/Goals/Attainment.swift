import Schema
import ServiceKit

/// How far a goal got at one review: recorded by one party, countersigned by the other (docs/domain.md rule 14).
extension Attainment {
    /// Reviews of one goal; there is one a day at most, and a goal runs for 400 days.
    static let maximumPerGoal = 400
    /// As far ahead of the request as a fact may lie (docs/domain.md §3.4).
    static let futureToleranceMinutes = 5

    /// - Parameters:
    ///   - goal: must be ACTIVE or AT_RISK.
    ///   - others: what was recorded for this goal before.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE; INVALID_ARGUMENT for a level out of −2...2 or a review outside the
    ///   goal's life, with reason FUTURE_EVENT ahead of now; ALREADY_EXISTS, DUPLICATE_ATTAINMENT for a second FINAL or a
    ///   second one of the same UTC day; RESOURCE_EXHAUSTED, TOO_MANY_ATTAINMENTS.
    static func record(
        _ words: Attainment, of goal: Goal, among others: [Attainment], named name: String, by author: String,
        at now: Instant
    ) throws -> Attainment {
        try goal.requireUnderWay()
        try Check.range(words.level, "attainment.level", AttainmentScale.levels)
        try Check.known(words.reviewPoint, "attainment.review_point")
        try Check.text(words.evidence, "attainment.evidence", 0...2000)
        let review = try words.reviewTime == nil ? now : Check.instant(words.reviewTime, "attainment.review_time")
        guard review <= now.adding(minutes: futureToleranceMinutes) else {
            throw Refusal.invalid("attainment.review_time", "lies ahead", reason: "FUTURE_EVENT")
        }
        if let start = try goal.activateTime, review < start {
            throw Refusal.invalid("attainment.review_time", "lies before both had signed the goal")
        }
        guard others.count < maximumPerGoal else {
            throw Refusal(.resourceExhausted, "TOO_MANY_ATTAINMENTS", "a goal has at most 400 reviews")
        }
        if words.reviewPoint == .final, others.contains(where: { $0.reviewPoint == .final }) {
            throw Refusal(.alreadyExists, "DUPLICATE_ATTAINMENT", "this goal has a FINAL attainment")
        }
        if try others.contains(where: { try $0.reviewDay == review.day }) {
            throw Refusal(.alreadyExists, "DUPLICATE_ATTAINMENT", "this goal has an attainment of that date")
        }
        return Attainment(
            name: name, level: words.level, reviewPoint: words.reviewPoint, reviewTime: review.timestamp,
            evidence: words.evidence, author: author, createTime: now.timestamp, updateTime: now.timestamp)
    }

    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN for its author; FAILED_PRECONDITION, WRONG_STATE the second time.
    mutating func countersign(by person: String, at now: Instant) throws {
        guard person != author else {
            throw Refusal.roleForbidden("the other party countersigns what you have recorded")
        }
        guard !isCountersigned else {
            throw Refusal.wrongState("the attainment", is: "countersigned", needs: "one that is not yet")
        }
        countersigner = person
        countersignTime = now.timestamp
        updateTime = now.timestamp
    }

    var isCountersigned: Bool { countersignTime != nil }

    private var reviewDay: Int64? {
        get throws { try reviewTime.map { try Instant($0).day } }
    }
}

extension Instant {
    /// The number of the UTC day since 1970-01-01.
    fileprivate var day: Int64 {
        let (day, rest) = microseconds.quotientAndRemainder(dividingBy: Instant.microsecondsPerDay)
        return rest < 0 ? day - 1 : day
    }
}
