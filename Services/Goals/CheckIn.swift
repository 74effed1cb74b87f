import Schema
import ServiceKit

/// One look at a goal (docs/domain.md §6.3, rule 31).
extension CheckIn {
    static let confidences: ClosedRange<Int32> = 0...10
    static let maximumObstacles = 20
    static let supportLength = 0...2000
    /// Check-ins of one goal.
    static let maximumPerGoal: Int64 = 1000
    /// On time up to and including this many hours after the slot.
    static let graceHours = 24

    /// - Parameters:
    ///   - goal: must be under way.
    ///   - diary: of the goal.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE; INVALID_ARGUMENT for whatever breaks a limit, an obstacle of another
    ///   relationship, or a time before the last check-in; RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static func record(
        _ words: CheckIn, of goal: Goal, in diary: inout CheckInDiary, named name: String, by author: String,
        at now: Instant
    ) throws -> CheckIn {
        try goal.requireUnderWay()
        guard words.progress.isFinite else { throw Refusal.invalid("check_in.progress", "must be a finite number") }
        try Check.range(words.confidence, "check_in.confidence", confidences)
        try Check.count(words.obstacles.count, "check_in.obstacles", 0...maximumObstacles)
        for text in words.obstacles {
            let obstacle = try ResourceName(text, "organizations", "relationships", "obstacles")
            guard try obstacle.parent == ResourceName.relationship(of: name) else {
                throw Refusal.invalid("check_in.obstacles", "belongs to another relationship")
            }
        }
        try Check.text(words.supportAsked, "check_in.support_asked", supportLength)
        guard diary.count < maximumPerGoal else {
            throw Refusal(.resourceExhausted, "CAPACITY_FULL", "a goal has at most \(maximumPerGoal) check-ins")
        }
        if let latest = diary.latest, now < latest {
            throw Refusal.invalid("occurred_at", "lies before the last check-in of this goal")
        }
        let entry = diary.enter(at: now, every: Int(goal.checkInIntervalDays))
        return CheckIn(
            name: name, author: author, progress: words.progress, confidence: words.confidence,
            obstacles: words.obstacles, supportAsked: words.supportAsked, slotTime: entry.slot?.timestamp,
            late: entry.late, createTime: now.timestamp)
    }
}

/// The slots of one goal: which one waits, and what became of the one before.
struct CheckInDiary: Hashable {
    /// The slot that waits; nil when the goal's time is over.
    var next: Instant?
    /// The latest slot that was filled or missed.
    var last: Instant?
    var lastIsMissed = false
    /// The latest check-in.
    var latest: Instant?
    var count: Int64 = 0
    /// No slot lies behind it: the goal's due date.
    var end: Instant?

    struct Entry: Hashable {
        var slot: Instant?
        var late: Bool
    }

    /// The first slot lies one interval after the activation.
    static func begin(at activation: Instant, every days: Int, until end: Instant?) -> CheckInDiary {
        var diary = CheckInDiary(end: end)
        diary.wait(for: activation.adding(days: days))
        return diary
    }

    /// A check-in fills the waiting slot, on time since a slot that was not filled 24 h later is missed by then. One slot
    /// ahead at most; what comes between is one more look. Before the next slot a missed one is made up for, late.
    mutating func enter(at now: Instant, every days: Int) -> Entry {
        latest = now
        count += 1
        if lastIsMissed, let last, next.map({ now <= $0 }) ?? true {
            lastIsMissed = false
            return Entry(slot: last, late: true)
        }
        if let last, now <= last { return Entry(slot: last, late: false) }
        guard let slot = next else { return Entry(slot: nil, late: false) }
        pass(slot, every: days)
        return Entry(slot: slot, late: false)
    }

    /// 24 h after the waiting slot nobody had looked.
    mutating func miss(every days: Int) {
        guard let slot = next else { return }
        pass(slot, every: days)
        lastIsMissed = true
    }

    /// Another interval or due date holds from now on.
    mutating func resume(at now: Instant, every days: Int, until end: Instant?) {
        self.end = end
        if let next { return wait(for: next) }
        var slot = (last ?? now).adding(days: days)
        while slot <= now { slot = slot.adding(days: days) }
        wait(for: slot)
    }

    private mutating func pass(_ slot: Instant, every days: Int) {
        last = slot
        lastIsMissed = false
        wait(for: slot.adding(days: days))
    }

    private mutating func wait(for slot: Instant) {
        next = end.map { slot <= $0 } ?? true ? slot : nil
    }
}
