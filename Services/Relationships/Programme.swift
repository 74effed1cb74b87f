import Schema
import ServiceKit

/// The frame of relationships: their kind, their rhythm, what may be reported (docs/domain.md §6.1).
extension Programme {
    /// No report shows fewer people (docs/domain.md §5.2 P1).
    static let smallestGroup: Int32 = 5

    /// Days for which what a pair wrote is kept after its end (docs/domain.md §6.10).
    static let retention: ClosedRange<Int32> = 30...3650
    static let defaultRetention: Int32 = 365

    static let mutableFields = UpdateMask<Programme>(
        "display_name", "start_time", "end_time", "cadence_policy", "minimum_group_size", "exclude_reporting_line",
        "trust_policy", "retention_days", "evidence_retention_months", "audit_retention_months", "ombudsperson",
        "matching_rules")

    static func created(_ draft: Programme, name: String) throws -> Programme {
        try draft.checked(name: name)
    }

    /// What was promised to those who take part is not loosened while they do: the smallest group only grows, and what
    /// is kept is kept shorter (docs/domain.md §6.1).
    /// - Parameter patch: the programme with the wanted changes.
    func updated(by patch: Programme, at now: Instant) throws -> Programme {
        var programme = try patch.checked(name: name)
        programme.etag = etag
        if try isRunning(at: now) {
            guard programme.minimumGroupSize >= minimumGroupSize else {
                throw Refusal.wrongState("programme", is: "RUNNING", needs: "a smallest group that does not shrink")
            }
            guard programme.retentionDays <= keptDays, programme.evidenceRetentionMonths <= keptEvidenceMonths,
                programme.auditRetentionMonths <= keptAuditMonths
            else {
                throw Refusal.wrongState("programme", is: "RUNNING", needs: "a retention that does not grow")
            }
        }
        return programme
    }

    func isRunning(at now: Instant) throws -> Bool {
        if startTime != nil, try Check.instant(startTime, "programme.start_time") > now { return false }
        return try endTime == nil || Check.instant(endTime, "programme.end_time") > now
    }

    private func checked(name: String) throws -> Programme {
        try Check.text(displayName, "programme.display_name", 1...200)
        try Check.known(kind, "programme.kind")
        if startTime != nil, endTime != nil {
            let start = try Check.instant(startTime, "programme.start_time")
            guard try Check.instant(endTime, "programme.end_time") >= start else {
                throw Refusal.invalid("programme.end_time", "not before start_time")
            }
        }
        let organization = try ResourceName(name, "organizations", "programmes").organization
        try check(trustPolicy, "programme.trust_policy", "policies", of: organization)
        try check(ombudsperson, "programme.ombudsperson", "people", of: organization)
        try matchingRules?.check("programme.matching_rules")
        var programme = self
        programme.name = name
        programme.etag = ""
        programme.minimumGroupSize = minimumGroupSize == 0 ? Self.smallestGroup : minimumGroupSize
        try Check.range(programme.minimumGroupSize, "programme.minimum_group_size", Self.smallestGroup...1000)
        programme.retentionDays = keptDays
        try Check.range(programme.retentionDays, "programme.retention_days", Self.retention)
        programme.evidenceRetentionMonths = keptEvidenceMonths
        try Check.range(
            programme.evidenceRetentionMonths, "programme.evidence_retention_months", Self.evidenceRetention)
        programme.auditRetentionMonths = keptAuditMonths
        try Check.range(programme.auditRetentionMonths, "programme.audit_retention_months", Self.auditRetention)
        programme.cadencePolicy = CadencePolicy(intervalDays: intervalDays, graceHours: graceHours)
        try Check.range(intervalDays, "programme.cadence_policy.interval_days", 1...90)
        try Check.range(graceHours, "programme.cadence_policy.grace_hours", 0...72)
        return programme
    }

    private func check(_ text: String, _ field: String, _ collection: String, of organization: String) throws {
        guard !text.isEmpty else { return }
        guard try ResourceName(text, "organizations", collection).organization == organization else {
            throw Refusal.invalid(field, "of the same organisation")
        }
    }

    var keptDays: Int32 { retentionDays == 0 ? Self.defaultRetention : retentionDays }

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
