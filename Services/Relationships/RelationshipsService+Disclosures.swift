import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func discloseConflict(
        _ request: DiscloseConflictRequest, _ context: ServerContext
    ) async throws -> ConflictDisclosure {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.conflictDisclosures) {
            change in
            let author = try change.party(.trustor, .trustee)
            try change.requireActive()
            var disclosure = try ConflictDisclosure.told(
                request.conflictDisclosure ?? ConflictDisclosure(),
                name: change.newName("conflictDisclosures", in: request.parent), author: author)
            disclosure = try change.create(Tables.conflictDisclosures, disclosure)
            try change.publish("conflict.disclosed.v1", disclosure)
            return disclosure
        }
    }

    func getConflictDisclosure(
        _ request: GetConflictDisclosureRequest, _ context: ServerContext
    ) async throws -> ConflictDisclosure {
        try await runtime.get(context, Tables.conflictDisclosures, request.name)
    }

    func listConflictDisclosures(
        _ request: ListConflictDisclosuresRequest, _ context: ServerContext
    ) async throws -> ListConflictDisclosuresResponse {
        let page = try await runtime.list(context, Tables.conflictDisclosures, request)
        return ListConflictDisclosuresResponse(
            conflictDisclosures: page.items, nextPageToken: page.nextPageToken)
    }

    /// Neither party can do it, not even one who administers programmes.
    func verifyCredential(_ request: VerifyCredentialRequest, _ context: ServerContext) async throws -> Credential {
        try await runtime.mutate(
            request, context, under: request.parent, answering: Tables.credentials,
            admitting: { caller, _, _ in caller.isProgrammeAdmin },
            { change in
                guard change.caller?.isProgrammeAdmin == true, change.role == .other else {
                    throw Refusal.roleForbidden("Only a programme administrator outside the pair verifies credentials.")
                }
                try change.requireActive()
                var credential = try Credential.verified(
                    request.credential ?? Credential(), name: change.newName("credentials", in: request.parent),
                    of: change.relationship.trustee, by: change.actor,
                    among: try change.list(Tables.credentials, parent: request.parent, limit: 1))
                credential = try change.create(Tables.credentials, credential)
                try change.publish("credential.verified.v1", credential)
                return credential
            })
    }

    func getCredential(_ request: GetCredentialRequest, _ context: ServerContext) async throws -> Credential {
        try await runtime.get(context, Tables.credentials, request.name)
    }

    func listCredentials(
        _ request: ListCredentialsRequest, _ context: ServerContext
    ) async throws -> ListCredentialsResponse {
        let page = try await runtime.list(context, Tables.credentials, request)
        return ListCredentialsResponse(credentials: page.items, nextPageToken: page.nextPageToken)
    }
}
