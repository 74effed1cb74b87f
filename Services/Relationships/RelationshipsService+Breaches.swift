import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    /// Also the notice that keeps a missed promise from being abandoned (docs/domain.md rule 5).
    func acknowledgeBreach(_ request: AcknowledgeBreachRequest, _ context: ServerContext) async throws -> BreachCase {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.breachCases) { change in
            _ = try change.party(.trustee)
            try change.requireActive()
            var breachCase = try change.get(Tables.breachCases, request.name)
            try breachCase.acknowledge(
                what: request.what, effect: request.effect, change: request.change, at: change.now)
            breachCase = try change.save(Tables.breachCases, breachCase)
            try change.cancel(.commitmentAbandoned, for: breachCase.subject)
            try change.publish("breach.acknowledged.v1", breachCase)
            return breachCase
        }
    }

    func acceptRepair(_ request: AcceptRepairRequest, _ context: ServerContext) async throws -> BreachCase {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.breachCases) { change in
            _ = try change.party(.trustor)
            try change.requireActive()
            var breachCase = try change.get(Tables.breachCases, request.name)
            try breachCase.acceptRepair(at: change.now)
            breachCase = try change.save(Tables.breachCases, breachCase)
            try change.cancel(.breachUnrepaired, for: breachCase.name)
            try change.publish("breach.repaired.v1", breachCase)
            return breachCase
        }
    }

    func getBreachCase(_ request: GetBreachCaseRequest, _ context: ServerContext) async throws -> BreachCase {
        try await runtime.get(context, Tables.breachCases, request.name)
    }

    func listBreachCases(
        _ request: ListBreachCasesRequest, _ context: ServerContext
    ) async throws -> ListBreachCasesResponse {
        let page = try await runtime.list(context, Tables.breachCases, request)
        return ListBreachCasesResponse(breachCases: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// A new case, confirmed now. The fact that opens it is published before the case: see `announce`.
    func confirmBreach(_ kind: BreachCase.Kind, of subject: String) throws -> BreachCase {
        var breachCase = BreachCase(
            name: newName("breachCases", in: relationship.name), kind: kind, subject: subject)
        breachCase.confirm(at: now)
        return try create(Tables.breachCases, breachCase)
    }

    /// Tells of a confirmed case and starts the time for its repair.
    func announce(_ breachCase: BreachCase) throws {
        try schedule(.breachUnrepaired, for: breachCase.name, at: try breachCase.repairDeadline)
        try publish("breach.confirmed.v1", breachCase)
    }

    func endRepair(_ name: String) throws {
        guard var breachCase = try find(Tables.breachCases, name), breachCase.goUnrepaired() else { return }
        breachCase = try save(Tables.breachCases, breachCase)
        try publish("breach.unrepaired.v1", breachCase)
    }
}
