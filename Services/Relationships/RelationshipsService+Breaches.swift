import RPC
import Schema
import ServiceKit
import Storage

extension RelationshipsService {
    /// Also the notice that keeps a missed promise from being abandoned (docs/domain.md rule 5).
    func acknowledgeBreach(_ request: AcknowledgeBreachRequest, _ context: ServerContext) async throws -> BreachCase {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.breachCases) { change in
            _ = try change.party(.trustee)
            try change.requireSettleable()
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
            try change.requireSettleable()
            var breachCase = try change.get(Tables.breachCases, request.name)
            try breachCase.acceptRepair(at: change.now)
            breachCase = try change.save(Tables.breachCases, breachCase)
            try change.cancel(.breachUnrepaired, for: breachCase.name)
            try change.publish("breach.repaired.v1", breachCase)
            return breachCase
        }
    }

    /// What opens no case by itself (docs/domain.md rule 9).
    func reportBreach(_ request: ReportBreachRequest, _ context: ServerContext) async throws -> BreachCase {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.breachCases) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            return try change.create(
                Tables.breachCases,
                BreachCase.reported(
                    request.breachCase ?? BreachCase(), name: change.newName("breachCases", in: request.parent),
                    by: person, in: change.relationship.name))
        }
    }

    /// Confirmed, it is evidence from the finding on; both parties decide, or the programme's ombudsperson alone.
    func recordFinding(_ request: RecordFindingRequest, _ context: ServerContext) async throws -> BreachCase {
        try await runtime.mutate(
            request, context, under: request.name, answering: Tables.breachCases,
            admitting: { caller, relationship, snapshot in
                try caller.person.map { try $0 == ombudsperson(of: relationship, in: snapshot) } ?? false
            },
            { change in
                guard change.caller?.person != nil else { throw Refusal.notParty }
                try change.requireSettleable()
                var breachCase = try change.get(Tables.breachCases, request.name)
                let decides = try breachCase.find(
                    confirmed: request.confirmed, by: change.actor, alone: change.role == .other, at: change.now)
                breachCase = try change.save(Tables.breachCases, breachCase)
                guard decides else { return breachCase }
                if breachCase.state == .confirmed {
                    try change.announce(breachCase)
                    if let rule = breachCase.brokenRule(in: change.relationship) {
                        try change.publishBroken(rule, breachCase.name)
                    }
                } else {
                    try change.publish("breach.not_confirmed.v1", breachCase)
                }
                return breachCase
            })
    }

    /// For the parties; what was reported, for the ombudsperson as well.
    func getBreachCase(_ request: GetBreachCaseRequest, _ context: ServerContext) async throws -> BreachCase {
        let caller = try context.caller
        let pair = try ResourceName.relationship(of: request.name)
        let found: BreachCase? = try await runtime.database.read { snapshot in
            guard caller.belongs(to: pair.organization), let person = caller.person,
                let relationship = try Tables.relationships.find(pair.text, in: snapshot),
                !relationship.isParty(person), try ombudsperson(of: relationship, in: snapshot) == person
            else { return nil }
            return try Tables.breachCases.find(request.name, in: snapshot)
        }
        if let found, !found.reportedBy.isEmpty { return found }
        return try await runtime.get(context, Tables.breachCases, request.name)
    }

    func listBreachCases(
        _ request: ListBreachCasesRequest, _ context: ServerContext
    ) async throws -> ListBreachCasesResponse {
        let page = try await runtime.list(context, Tables.breachCases, request)
        return ListBreachCasesResponse(breachCases: page.items, nextPageToken: page.nextPageToken)
    }
}

/// Whom the programme has named; empty for nobody.
func ombudsperson(of relationship: Relationship, in snapshot: Snapshot) throws -> String {
    try Tables.programmes.find(relationship.programme, in: snapshot)?.ombudsperson ?? ""
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
        try schedule(.breachUnrepaired, for: breachCase.name, at: try breachCase.repairDeadline(in: relationship))
        try publish("breach.confirmed.v1", breachCase)
    }

    func endRepair(_ name: String) throws {
        guard var breachCase = try find(Tables.breachCases, name), breachCase.goUnrepaired() else { return }
        breachCase = try save(Tables.breachCases, breachCase)
        try publish("breach.unrepaired.v1", breachCase)
    }
}
