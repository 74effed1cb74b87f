import Schema
import ServiceKit

/// The frame of relationships: their kind, their rhythm, what may be reported (docs/domain.md §6.1).
extension Programme {
    /// No report shows fewer people (docs/domain.md §5.2 P1).
    static let smallestGroup: Int32 = 5

    static func created(_ draft: Programme, name: String) throws -> Programme {
        try Check.text(draft.displayName, "programme.display_name", 1...200)
        try Check.known(draft.kind, "programme.kind")
        if draft.startTime != nil, draft.endTime != nil {
            let start = try Check.instant(draft.startTime, "programme.start_time")
            guard try Check.instant(draft.endTime, "programme.end_time") >= start else {
                throw Refusal.invalid("programme.end_time", "not before start_time")
            }
        }
        var programme = draft
        programme.name = name
        programme.etag = ""
        programme.minimumGroupSize = draft.minimumGroupSize == 0 ? smallestGroup : draft.minimumGroupSize
        try Check.range(programme.minimumGroupSize, "programme.minimum_group_size", smallestGroup...1000)
        programme.cadencePolicy = CadencePolicy(intervalDays: draft.intervalDays, graceHours: draft.graceHours)
        try Check.range(draft.intervalDays, "programme.cadence_policy.interval_days", 1...90)
        try Check.range(draft.graceHours, "programme.cadence_policy.grace_hours", 0...72)
        return programme
    }

    /// Days between two sessions; a week unless the policy says otherwise.
    var intervalDays: Int32 {
        guard let policy = cadencePolicy, policy.intervalDays != 0 else { return 7 }
        return policy.intervalDays
    }

    /// Hours after a due date in which a claim still keeps the promise; a day without a policy
    /// (docs/domain.md rule 5).
    var graceHours: Int32 {
        cadencePolicy?.graceHours ?? 24
    }
}
