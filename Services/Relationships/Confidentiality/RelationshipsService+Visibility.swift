import RPC
import Schema
import ServiceKit

extension ConflictDisclosure {
    public var writer: String? { author }
}
extension Schema.Reflection {
    public var writer: String? { party }
}

extension RelationshipsService {
    private static let visibleKinds = [
        VisibleKind(Tables.notes) { $0.isReadable(by: $1.caller.person) },
        VisibleKind(Tables.reflections) { $0.isReadable(by: $1.caller.person) },
        VisibleKind(Tables.sessions), VisibleKind(Tables.commitments), VisibleKind(Tables.decisions),
        VisibleKind(Tables.reflectBacks), VisibleKind(Tables.advice), VisibleKind(Tables.contextChanges),
        VisibleKind(Tables.agreements), VisibleKind(Tables.breachCases), VisibleKind(Tables.conflictDisclosures),
    ]

    func listVisibility(
        _ request: ListVisibilityRequest, _ context: ServerContext
    ) async throws -> ListVisibilityResponse {
        try await runtime.visibility(request, context, of: Self.visibleKinds)
    }

    func checkViewingRight(
        _ request: CheckViewingRightRequest, _ context: ServerContext
    ) async throws -> CheckViewingRightResponse {
        guard try context.caller.service != nil else { throw Refusal.notParty }
        let now = runtime.clock.now
        let grant = try await runtime.database.read { snapshot in
            try OwnGrants().grants(of: request.name, to: request.person, at: now, in: snapshot).first
        }
        guard let grant else { return CheckViewingRightResponse() }
        return CheckViewingRightResponse(
            right: grant.right, source: grant.source, expireTime: grant.expiry?.timestamp,
            silenceEndTime: grant.silence?.timestamp)
    }
}
