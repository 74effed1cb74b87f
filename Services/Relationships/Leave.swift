import Schema
import ServiceKit

/// When a person is away; never why (docs/domain.md rules 28 and 38).
extension LeaveWindow {
    /// More windows of one person are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumPerPerson = 500
    static let maximumDays = 366

    /// - Parameter own: the person tells it; otherwise an administrator, from the directory.
    static func told(_ draft: LeaveWindow, name: String, own: Bool, at now: Instant) throws -> LeaveWindow {
        let start = try Check.instant(draft.startTime, "leave_window.start_time")
        let end = try Check.instant(draft.endTime, "leave_window.end_time")
        guard end > start, end <= start.adding(days: maximumDays) else {
            throw Refusal.invalid("leave_window.end_time", "after start_time, by at most \(maximumDays) days")
        }
        guard start <= now.adding(days: Span.horizonDays) else {
            throw Refusal.invalid("leave_window.start_time", "at most \(Span.horizonDays) days ahead")
        }
        let source: Source = draft.source == .unspecified ? (own ? .`self` : .directory) : draft.source
        try Check.known(source, "leave_window.source")
        guard own == (source != .directory) else {
            throw Refusal.invalid(
                "leave_window.source", own ? "SELF or CALENDAR for one's own leave" : "DIRECTORY for another's leave")
        }
        return LeaveWindow(name: name, startTime: start.timestamp, endTime: end.timestamp, source: source)
    }

    /// Its dates are forgotten.
    mutating func delete(at now: Instant) throws {
        guard deleteTime == nil else { throw Refusal.notFound(name) }
        startTime = nil
        endTime = nil
        source = .unspecified
        deleteTime = now.timestamp
    }

    /// What partners and administrators see: the dates.
    var datesAlone: LeaveWindow {
        var dates = self
        dates.source = .unspecified
        return dates
    }
}
