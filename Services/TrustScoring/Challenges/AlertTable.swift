import Schema
import ServiceKit

extension Alert: ServiceKit.Resource {}

extension AcknowledgeAlertRequest: Mutation {}
extension PlanAlertRequest: Mutation {}
extension DismissAlertRequest: Mutation {}

extension ListAlertsRequest: ListRequest {}
extension ListDetectorsRequest: ListRequest {}
extension ListMonitorsRequest: ListRequest {}

enum AlertTable {
    static let alerts = Table<Alert>(
        "alert", collections: ["organizations", "relationships", "alerts"], state: { $0.state.rawValue })
}
