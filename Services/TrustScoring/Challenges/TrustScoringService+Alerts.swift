import RPC
import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

/// Signals to the pair, and what it does with them (docs/domain.md §4, §6.4).
extension TrustScoringService {
    func getAlert(_ request: GetAlertRequest, _ context: ServerContext) async throws -> Alert {
        _ = try await view(context, of: .relationship(of: request.name))
        return try await runtime.get(context, AlertTable.alerts, request.name) { $0.isVisible(to: $1) }
    }

    func listAlerts(_ request: ListAlertsRequest, _ context: ServerContext) async throws -> ListAlertsResponse {
        _ = try await view(context, of: ResourceName(request.parent, "organizations", "relationships"))
        let page = try await runtime.list(context, AlertTable.alerts, request) { $0.isVisible(to: $1) }
        return ListAlertsResponse(alerts: page.items, nextPageToken: page.nextPageToken)
    }

    func acknowledgeAlert(_ request: AcknowledgeAlertRequest, _ context: ServerContext) async throws -> Alert {
        try await change(request, context, "alert.acknowledged.v1") { alert, change in
            try alert.acknowledge(by: change.actor, at: change.now)
            try Detection(change).settle(alert)
        }
    }

    func planAlert(_ request: PlanAlertRequest, _ context: ServerContext) async throws -> Alert {
        try await change(request, context, "alert.planned.v1") { alert, change in
            try alert.plan(request.plan, at: change.now)
        }
    }

    func dismissAlert(_ request: DismissAlertRequest, _ context: ServerContext) async throws -> Alert {
        try await change(request, context, "alert.dismissed.v1") { alert, change in
            try alert.dismiss(for: request.reason, note: request.note, by: change.role, at: change.now)
            try Detection(change).settle(alert)
        }
    }

    private func change<Q: Mutation>(
        _ request: Q, _ context: ServerContext, _ event: String,
        _ body: @Sendable @escaping (inout Alert, Change) throws -> Void
    ) async throws -> Alert {
        let view = try await view(context, of: .relationship(of: request.name))
        return try await runtime.mutate(
            request, context, under: request.name, answering: AlertTable.alerts
        ) { change in
            try change.require(.trustor, .trustee)
            var alert = try change.get(AlertTable.alerts, request.name)
            guard alert.isVisible(to: view.access) else { throw Refusal.notFound(request.name) }
            try body(&alert, change)
            alert = try change.update(AlertTable.alerts, alert)
            try change.publish(event, .alertChanged(AlertChanged(alert: alert.name)))
            return alert
        }
    }

    func watchAlerts(
        _ request: WatchAlertsRequest, _ context: ServerContext, _ responses: ResponseWriter<WatchAlertsResponse>
    ) async throws {
        let view = try await view(context, of: ResourceName(request.parent, "organizations", "relationships"))
        try await runtime.watch(context, under: request.parent, resumeToken: request.resumeToken) { token in
            try await responses.write(WatchAlertsResponse(resumeToken: token))
        } write: { [runtime] event, token in
            guard case .alertChanged(let change) = event.payload,
                let alert = try await runtime.database.read({ try AlertTable.alerts.find(change.alert, in: $0) }),
                alert.isVisible(to: view.access)
            else { return }
            try await responses.write(
                WatchAlertsResponse(
                    resumeToken: token, event: event.type, occurredAt: event.occurredAt, alert: alert))
        }
    }

    func listDetectors(
        _ request: ListDetectorsRequest, _ context: ServerContext
    ) async throws -> ListDetectorsResponse {
        let view = try await view(context, of: ResourceName(request.parent, "organizations", "relationships"))
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            let detectors = try Detector.all(of: view, in: snapshot)
            return detectors.map { ($0, position: "\($0.challenge.rawValue)") }.filter { $0.position > after ?? "" }
                .prefix(limit).map { $0 }
        }
        return ListDetectorsResponse(detectors: page.items, nextPageToken: page.nextPageToken)
    }

    func listMonitors(_ request: ListMonitorsRequest, _ context: ServerContext) async throws -> ListMonitorsResponse {
        let view = try await view(context, of: ResourceName(request.parent, "organizations", "relationships"))
        let instant = try view.past(request.asOf, "as_of")
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            let monitors = try Monitors.read(view.access.relationship, start: view.start, at: instant, in: snapshot)
            return monitors.all.map { ($0, position: "\($0.kind.rawValue)") }.filter { $0.position > after ?? "" }
                .prefix(limit).map { $0 }
        }
        return ListMonitorsResponse(monitors: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Alert {
    func isVisible(to access: Access) -> Bool {
        isVisible(to: access.role, isService: access.caller.service != nil)
    }
}
