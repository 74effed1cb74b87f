import RPC
import Schema
import ServiceKit
import Storage

/// People, programmes, pairs and what a pair does together (docs/domain.md §6.1).
struct RelationshipsService: RapportService, RelationshipsServiceHandlers {
    static let name = "relationships"
    static var migrations: [Migration] { Tables.migrations }
    static var relationshipSource: (any RelationshipSource)? { OwnRelationships() }

    let runtime: Runtime

    init(_ runtime: Runtime) async throws {
        self.runtime = runtime
    }

    var methods: [RPC.Method] { relationshipsServiceMethods }

    func fire(_ duty: Duty, _ change: Change) throws {
        guard let kind = DutyKind(rawValue: duty.kind), case .text(let name) = duty.key else { return }
        switch kind {
        case .requestExpires: try change.expireRequest(name)
        case .commitmentLapses: try change.lapse(name)
        case .commitmentMissed: try change.miss(name)
        case .commitmentAbandoned: try change.abandon(name)
        case .claimUnconfirmed: try change.leaveUnconfirmed(name)
        case .breachUnrepaired: try change.endRepair(name)
        case .decisionUnexplained: try change.leaveUnexplained(name)
        case .sessionSelfAttested: try change.takeSelfReport(name)
        }
    }
}
