import Schema
import ServiceKit

/// A coaching pair from the request to its work together (docs/domain.md §6.1).
extension Relationship {
    /// A new request.
    /// - Parameter reportingLine: the trustor's managers, the nearest first.
    static func requested(
        _ draft: Relationship, name: String, programme: Programme, reportingLine: [String], at now: Instant
    ) throws -> Relationship {
        guard draft.trustee != draft.trustor else {
            throw Refusal.invalid("relationship.trustor", "another person than the trustee")
        }
        let kind = draft.kind == .unspecified ? programme.kind : draft.kind
        try Check.known(kind, "relationship.kind")
        let cadence = draft.cadenceDays == 0 ? programme.intervalDays : draft.cadenceDays
        try Check.range(cadence, "relationship.cadence_days", 1...90)
        if draft.plannedEndTime != nil {
            let end = try Check.instant(draft.plannedEndTime, "relationship.planned_end_time")
            guard end > now, end <= now.adding(days: Span.horizonDays) else {
                throw Refusal.invalid(
                    "relationship.planned_end_time", "after the request, and at most \(Span.horizonDays) days ahead")
            }
        }
        if programme.excludeReportingLine, reportingLine.contains(draft.trustee) {
            throw Refusal(
                .failedPrecondition, "REPORTING_LINE",
                "This programme pairs nobody with somebody who reports to them.")
        }
        return Relationship(
            name: name, kind: kind, programme: programme.name, trustee: draft.trustee, trustor: draft.trustor,
            state: .requested, cadenceDays: cadence, plannedEndTime: draft.plannedEndTime,
            dualRole: reportingLine.first == draft.trustee, importing: draft.importing,
            importClock: draft.importing ? now.timestamp : nil, graceHours: programme.graceHours)
    }

    /// An ordered pair has at most one open relationship in a programme.
    var isOpen: Bool {
        switch state {
        case .requested, .needsInfo, .accepted, .active, .paused, .ending, .rematching: true
        default: false
        }
    }

    func isParty(_ person: String) -> Bool {
        person == trustee || person == trustor
    }

    /// REQUESTED to ACCEPTED, by the party that did not ask.
    mutating func accept(by person: String, requester: String) throws {
        guard person != requester else {
            throw Refusal.roleForbidden("The other party accepts the request.")
        }
        guard state == .requested else {
            throw Refusal.wrongState("relationship", is: state, needs: "REQUESTED")
        }
        state = .accepted
    }

    /// ACCEPTED to ACTIVE: evidence begins now.
    /// - Parameter agreement: the one that both have signed, if there is one.
    mutating func activate(on agreement: Agreement?, at now: Instant) throws {
        guard state == .accepted else {
            throw Refusal.wrongState("relationship", is: state, needs: "ACCEPTED")
        }
        guard let agreement, agreement.state == .signed else {
            throw Refusal(
                .failedPrecondition, "AGREEMENT_NOT_SIGNED", "Both parties sign an agreement before they start.")
        }
        state = .active
        startTime = now.timestamp
    }
}
