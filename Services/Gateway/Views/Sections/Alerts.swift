import RPC
import Schema

/// Signals that stand: what the caller may see of them.
struct Alerts: Section {
    static let service = "rapport.trust.v1.TrustService"
    static let standing = "(state = OPEN OR state = ACKNOWLEDGED OR state = PLAN_SET)"

    let pair: String
    /// What both are told alone, for an answer that is the same for both.
    var isShared = false

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [Alert] {
        try await TrustServiceClient(channel).listAlerts(
            ListAlertsRequest(
                parent: pair, pageSize: ViewRequest.sectionLimit,
                filter: Self.standing + (isShared ? " AND level = ALERT" : "")), options: options
        ).alerts
    }
}

extension Fetched<[Alert]> {
    var message: AlertsSection { AlertsSection(state: state, alerts: content ?? []) }
}

/// Practices that need a reminder (docs/domain.md §4.5).
struct Reminders: Section {
    static let service = "rapport.trust.v1.TrustService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [Monitor] {
        try await TrustServiceClient(channel).listMonitors(
            ListMonitorsRequest(parent: pair, pageSize: ViewRequest.sectionLimit, filter: "status = DUE"),
            options: options
        ).monitors
    }
}

extension Fetched<[Monitor]> {
    var message: RemindersSection { RemindersSection(state: state, monitors: content ?? []) }
}
