import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func reviseAgreement(_ request: ReviseAgreementRequest, _ context: ServerContext) async throws -> Agreement {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.agreements) { change in
            _ = try change.party(.trustor, .trustee)
            let state = change.relationship.state
            guard [.accepted, .active, .paused].contains(state) else {
                throw Refusal.wrongState("relationship", is: state, needs: "ACCEPTED, ACTIVE or PAUSED")
            }
            let earlier = try change.agreements(of: request.parent)
            let agreement = try Agreement.drafted(
                request.agreement ?? Agreement(), name: change.newName("agreements", in: request.parent),
                revision: (earlier.map(\.revision).max() ?? 0) + 1)
            for var draft in earlier where draft.state == .draft {
                draft.supersede()
                _ = try change.save(Tables.agreements, draft)
            }
            let saved = try change.create(Tables.agreements, agreement)
            try change.publish("agreement.revised.v1", saved)
            return saved
        }
    }

    func signAgreement(_ request: SignAgreementRequest, _ context: ServerContext) async throws -> Agreement {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.agreements) { change in
            let person = try change.party(.trustor, .trustee)
            var agreement = try change.get(Tables.agreements, request.name)
            let isSigned = try agreement.sign(by: person, at: change.now)
            if isSigned {
                for var former in try change.agreements(of: change.relationship.name) where former.state == .signed {
                    former.supersede()
                    _ = try change.save(Tables.agreements, former)
                }
            }
            let saved = try change.save(Tables.agreements, agreement)
            if isSigned {
                try change.publish("agreement.signed.v1", saved)
                try change.agreementIsCurrent()
            }
            return saved
        }
    }

    func getAgreement(_ request: GetAgreementRequest, _ context: ServerContext) async throws -> Agreement {
        try await runtime.get(context, Tables.agreements, request.name)
    }

    func listAgreements(
        _ request: ListAgreementsRequest, _ context: ServerContext
    ) async throws -> ListAgreementsResponse {
        let page = try await runtime.list(context, Tables.agreements, request)
        return ListAgreementsResponse(agreements: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    func agreements(of relationship: String) throws -> [Agreement] {
        try list(Tables.agreements, parent: relationship, limit: Int(Agreement.maximumRevisions))
    }
}
