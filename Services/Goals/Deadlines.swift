import Schema
import ServiceKit
import Storage

/// A deadline is a duty: what happens at it, and as long as it stands, what is judged by it. So a pause moves both
/// (docs/domain.md rule 28).
enum Duties {
    /// 24 h after the slot that waits, for its goal: nobody has looked (docs/domain.md rule 31).
    static let checkIn = "check_in"
    /// A goal's due date, from its activation on. Nothing happens at it (docs/domain.md rule 14), but revisions come before.
    static let due = "due"
    /// 30 days after a deletion.
    static let purge = "purge"
}

extension GoalsService {
    func fire(_ duty: Duty, _ change: Change) throws {
        guard case .text(let name) = duty.key, let goal = try change.find(Tables.goals, name) else { return }
        switch duty.kind {
        case Duties.checkIn where try !change.isAfterEnd && goal.isUnderWay:
            try change.missCheckIn(of: goal)
        case Duties.purge:
            try change.purge(goal)
        default: return
        }
    }
}

extension Change {
    /// Both have signed.
    func startDeadlines(of goal: Goal) throws {
        try holdDuringImport()
        let due = try dueDate(of: goal)
        if let due, now <= due { try schedule(Duties.due, for: goal.name, at: due) }
        try store(.begin(at: now, every: Int(goal.checkInIntervalDays), until: due), of: goal)
    }

    /// Other terms hold from now on.
    /// - Parameter before: as it was.
    func moveDeadlines(of goal: Goal, from before: Goal) throws {
        if goal.dueTime != before.dueTime {
            try cancel(Duties.due, for: goal.name)
            if let due = try goal.dueTime.map({ try Instant($0) }) { try schedule(Duties.due, for: goal.name, at: due) }
        }
        var diary = try diary(of: goal)
        diary.resume(at: now, every: Int(goal.checkInIntervalDays), until: try dueDate(of: goal))
        try store(diary, of: goal)
    }

    /// The goal is decided or retired: nothing of it falls due any more, and nobody revises it.
    func close(_ goal: Goal) throws {
        try cancel(Duties.checkIn, for: goal.name)
        try cancel(Duties.due, for: goal.name)
        for var revision in try list(Tables.revisions, parent: goal.name) where revision.state == .proposed {
            revision.overtake(at: now)
            _ = try update(Tables.revisions, revision)
        }
    }

    /// Whether a change of the goal comes before it is due.
    func isBeforeDue(_ goal: Goal) throws -> Bool {
        try goal.dueTime == nil || deadline(Duties.due, for: goal.name) != nil
    }

    /// Where pauses have moved it to.
    private func dueDate(of goal: Goal) throws -> Instant? {
        try deadline(Duties.due, for: goal.name) ?? goal.dueTime.map { try Instant($0) }
    }

    // MARK: Check-ins

    func missCheckIn(of goal: Goal) throws {
        var diary = try diary(of: goal)
        // This duty has been taken from its table: the slot is what it was for.
        let slot = now.adding(hours: -CheckIn.graceHours)
        diary.next = slot
        diary.miss(every: Int(goal.checkInIntervalDays))
        try store(diary, of: goal)
        try publishMissedCheckIn(of: goal, slot: slot)
    }

    func diary(of goal: Goal) throws -> CheckInDiary {
        let waiting = try deadline(Duties.checkIn, for: goal.name)?.adding(hours: -CheckIn.graceHours)
        let row = try transaction.first(
            "SELECT last, is_missed, latest, count FROM check_in_diary WHERE goal = ?", [.text(goal.name)])
        var diary = CheckInDiary(next: waiting, end: try dueDate(of: goal))
        if let row {
            diary.last = try row.optionalInt64(0).map { Instant(microseconds: $0) }
            diary.lastIsMissed = try row.bool(1)
            diary.latest = try row.optionalInt64(2).map { Instant(microseconds: $0) }
            diary.count = try row.int64(3)
        }
        return diary
    }

    func store(_ diary: CheckInDiary, of goal: Goal) throws {
        try transaction.execute(
            """
            INSERT INTO check_in_diary (goal, last, is_missed, latest, count) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (goal) DO UPDATE SET last = ?2, is_missed = ?3, latest = ?4, count = ?5
            """,
            [
                .text(goal.name), diary.last.map { .integer($0.microseconds) } ?? .null,
                .integer(diary.lastIsMissed ? 1 : 0), diary.latest.map { .integer($0.microseconds) } ?? .null,
                .integer(diary.count),
            ])
        if let next = diary.next {
            try schedule(Duties.checkIn, for: goal.name, at: next.adding(hours: CheckIn.graceHours))
        } else {
            try cancel(Duties.checkIn, for: goal.name)
        }
    }

    // MARK: The end of a deleted goal

    func purge(_ goal: Goal) throws {
        guard goal.isDeleted else { return }
        try purge(Tables.attainments, of: goal)
        try purge(Tables.checkIns, of: goal)
        try purge(Tables.revisions, of: goal)
        for table in ["check_in_diary", "revision_offered", "open_external"] {
            try transaction.execute("DELETE FROM \(table) WHERE goal = ?", [.text(goal.name)])
        }
        try delete(Tables.goals, goal.name)
    }

    private func purge<R>(_ table: Table<R>, of goal: Goal) throws {
        while case let children = try list(table, parent: goal.name), !children.isEmpty {
            for child in children { try delete(table, child.name) }
        }
    }
}
