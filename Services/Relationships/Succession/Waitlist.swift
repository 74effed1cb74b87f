import Schema
import ServiceKit
import Storage

/// The coachees of a programme who wait, whoever enrolled first at the head (docs/domain.md §2.2).
extension Change {
    /// The coachee waits again, at the place that the time of their enrolment gives.
    /// - Returns: the entry's name; empty for somebody who is not enrolled.
    func wait(_ person: String, in programme: String) throws -> String {
        let enrollment = try find(Tables.enrollments, Enrollment.name(of: person, as: .trustor, in: programme))
        guard let enrollment else { return "" }
        let entries = try WaitlistEntry.waiting(in: programme, transaction)
        if let own = entries.first(where: { $0.person == person }) { return own.name }
        let since = try Check.instant(enrollment.createTime, "create_time")
        let before = try entries.count { try Check.instant($0.waitingSinceTime, "waiting_since_time") <= since }
        for var entry in entries where entry.position > Int32(before) {
            entry.position += 1
            _ = try save(Tables.waitlistEntries, entry)
        }
        return try create(
            Tables.waitlistEntries,
            WaitlistEntry(
                name: newName("waitlistEntries", in: programme), person: person, position: Int32(before + 1),
                reason: .rematch, waitingSinceTime: enrollment.createTime)
        ).name
    }

    /// The coachee has a coach.
    func leaveWaitlist(_ person: String, in programme: String) throws {
        let entries = try WaitlistEntry.waiting(in: programme, transaction)
        guard let own = entries.first(where: { $0.person == person }) else { return }
        try delete(Tables.waitlistEntries, own.name)
        for var entry in entries where entry.position > own.position {
            entry.position -= 1
            _ = try save(Tables.waitlistEntries, entry)
        }
    }
}

extension WaitlistEntry {
    /// All of a programme.
    static func waiting(in programme: String, _ snapshot: Snapshot) throws -> [WaitlistEntry] {
        let parent = try ResourceName(programme, "organizations", "programmes")
        var entries: [WaitlistEntry] = []
        while true {
            let last = try entries.last.map { try ResourceName($0.name, Tables.Form.waitlistEntries).id }
            let page = try Tables.waitlistEntries.list(parent: parent, after: last, limit: 500, in: snapshot)
            entries += page
            if page.count < 500 { return entries }
        }
    }
}
