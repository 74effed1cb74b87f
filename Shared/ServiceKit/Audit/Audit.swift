import RPC
import Schema
import Storage

extension ListAuditEntriesRequest: ListRequest {}

/// Tells of this service's audit chains. Relationships, which people reach, asks the others for theirs with the caller's own
/// token.
struct Audit: AuditServiceHandlers {
    private static let batch = 500

    let runtime: Runtime

    func listAuditEntries(
        _ request: ListAuditEntriesRequest, _ context: ServerContext
    ) async throws -> ListAuditEntriesResponse {
        let (name, caller) = try chain(request.parent, context)
        if let peer = try peer(of: name) {
            return try await peer.listAuditEntries(request, options: try forwarding(context))
        }
        let chain = AuditChain(organization: name.organization)
        let now = runtime.clock.now
        let seesAll = caller.seesAudit
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            let start = after.flatMap { Int64($0) } ?? 0
            let links =
                seesAll
                ? try chain.links(after: start, limit: limit, in: snapshot)
                : try chain.links(
                    about: caller.person ?? "", at: now, after: start, limit: limit, in: snapshot)
            return try links.map { (try AuditEntry($0, of: name), "\($0.sequence)") }
        }
        return ListAuditEntriesResponse(auditEntries: page.items, nextPageToken: page.nextPageToken)
    }

    func verifyAuditChain(
        _ request: VerifyAuditChainRequest, _ context: ServerContext
    ) async throws -> VerifyAuditChainResponse {
        let (name, caller) = try chain(request.name, context)
        guard caller.seesAudit else {
            throw Refusal(
                .permissionDenied, "PURPOSE_MISSING", "this needs a token for the purpose audit or privacy")
        }
        if let peer = try peer(of: name) {
            return try await peer.verifyAuditChain(request, options: try forwarding(context))
        }
        let chain = AuditChain(organization: name.organization)
        var last: AuditLink?
        var removed: Int64 = 0
        while true {
            let links = try await runtime.database.read { [last] in
                try chain.links(after: last?.sequence ?? 0, limit: Self.batch, in: $0)
            }
            for link in links {
                guard link.follows(last) else {
                    throw Refusal(
                        .dataLoss, "CHAIN_BROKEN",
                        "\(name)/entries/\((last?.sequence ?? 0) + 1) is missing, changed or out of place: restore this service's database from a backup"
                    )
                }
                if link.content == nil { removed += 1 }
                last = link
            }
            if links.count < Self.batch { break }
        }
        return VerifyAuditChainResponse(
            entryCount: last?.sequence ?? 0, removedCount: removed, headHash: last?.hash.hexadecimal ?? "")
    }

    private func chain(_ text: String, _ context: ServerContext) throws -> (ResourceName, Caller) {
        let caller = try context.caller
        let name = try ResourceName(text, "organizations", "auditChains")
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return (name, caller)
    }

    /// Nil for this service's own chain.
    private func peer(of chain: ResourceName) throws -> AuditServiceClient? {
        guard DataServices.names.contains(chain.id) else { throw Refusal.notFound(chain.text) }
        guard chain.id != runtime.service else { return nil }
        guard runtime.service == "relationships" else {
            throw Refusal.invalid("parent", "\(runtime.service) keeps no other service's chain", reason: "BAD_NAME")
        }
        return AuditServiceClient(try runtime.call(chain.id))
    }

    private func forwarding(_ context: ServerContext) throws -> CallOptions {
        CallOptions(inheriting: context, forwarding: ["authorization", "traceparent", "tracestate"])
    }
}

extension AuditChain {
    /// The entries about a person, for that person's export.
    static func personalKind(of service: String, at now: Instant) -> PersonalKind {
        PersonalKind(ofRelationships: false) { scope, after, snapshot in
            let organization = try ResourceName.organization(of: scope.person)
            let links = try AuditChain(organization: organization.text).links(
                about: scope.person, at: now, after: after.flatMap { Int64($0) } ?? 0, limit: PersonalKind.batch,
                in: snapshot)
            let chain = organization.child("auditChains", service)
            let items = try links.map { try PersonalItem(of: AuditEntry($0, of: chain)) }
            return (items, links.count == PersonalKind.batch ? links.last.map { "\($0.sequence)" } : nil)
        }
    }
}

extension Caller {
    /// For the purposes privacy and audit, and for services.
    fileprivate var seesAudit: Bool { service != nil || ["privacy", "audit"].contains(purpose) }
}
