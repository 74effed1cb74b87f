import RPC
import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

/// Trust as arithmetic on evidence (docs/domain.md §3, §6.4).
struct TrustScoringService: RapportService, TrustServiceHandlers {
    static let name = "trust-scoring"
    static let migrations = EvidenceStore.migrations
    static let eventSources = ["relationships", "feedback", "goals"]

    let runtime: Runtime
    let scores: RelationshipScores

    init(_ runtime: Runtime) {
        self.init(runtime, remembering: RelationshipScores.defaultCapacity)
    }

    /// - Parameter capacity: how many relationships' states stay in memory.
    init(_ runtime: Runtime, remembering capacity: Int) {
        self.runtime = runtime
        scores = RelationshipScores(database: runtime.database, capacity: capacity)
    }

    var methods: [RPC.Method] { trustServiceMethods }

    // MARK: Events

    func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        guard !event.relationship.isEmpty, let projection = runtime.projection else { return }
        guard let relationship = projection.relationship(event.relationship, in: transaction) else {
            throw Refusal.notFound(event.relationship)
        }
        let changes = try Ingestion(into: relationship, from: source, in: transaction).take(event) { malformed in
            runtime.logger.warning(
                "an event makes no evidence",
                metadata: ["event": "\(event.id)", "type": "\(event.type)", "cause": "\(malformed)"])
        }
        scores.stage(changes, of: relationship.name, by: event, from: source)
    }

    func applied(_ events: [Event]) {
        scores.commit(events)
    }

    func forget(_ source: String, in transaction: Transaction) throws {
        try EvidenceStore.forget(source, in: transaction)
        scores.forget(source)
    }

    // MARK: Profile

    func getTrustProfile(_ request: GetTrustProfileRequest, _ context: ServerContext) async throws -> TrustProfile {
        let view = try await view(context, ofProfile: request.name)
        return try await profile(view, at: view.now)
    }

    func getProfileAt(_ request: GetProfileAtRequest, _ context: ServerContext) async throws -> TrustProfile {
        let view = try await view(context, ofProfile: request.name)
        return try await profile(view, at: try view.instant(request.asOf, "as_of"))
    }

    /// The profile at once, then after each change. Its resume token is the state hash: it says what was counted.
    func watchTrustProfile(
        _ request: WatchTrustProfileRequest, _ context: ServerContext,
        _ responses: ResponseWriter<WatchTrustProfileResponse>
    ) async throws {
        let view = try await view(context, ofProfile: request.name)
        let changes = try scores.changes(of: view.name)
        try await runtime.draining.run {
            var token = request.resumeToken
            func tell() async throws {
                let now = max(Instant(runtime.clock.now), view.start)
                let profile = try await profile(view, at: now)
                guard profile.stateHash != token else { return }
                token = profile.stateHash
                try await responses.write(WatchTrustProfileResponse(profile: profile, resumeToken: token))
            }
            try await tell()
            for await _ in changes { try await tell() }
        }
    }

    private func profile(_ view: View, at instant: Instant) async throws -> TrustProfile {
        let standing = try await scores.standing(of: view.name, start: view.start, at: instant)
        let now = max(view.now, Instant(runtime.clock.now))
        return TrustProfile(standing.profile, standing.fingerprint, of: view.name, now: now)
    }

    func getPolicy(_ request: GetPolicyRequest, _ context: ServerContext) async throws -> TrustPolicy {
        let caller = try context.caller
        let name = try ResourceName(request.name, "organizations", "policies")
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        guard name.id == scores.policy.id else { throw Refusal.notFound(name.text) }
        return TrustPolicy(scores.policy, name: name.text)
    }

    // MARK: Evidence

    /// In the order of occurrence. The trustee's list is without ratings (docs/domain.md rule 19).
    func listEvidence(_ request: ListEvidenceRequest, _ context: ServerContext) async throws -> ListEvidenceResponse {
        let name = try ResourceName(request.parent, "organizations", "relationships")
        try requirePurpose(await runtime.access(context, under: name.text))
        let store = EvidenceStore(name)
        let page = try await runtime.page(
            context, under: name.text, pageSize: request.pageSize, pageToken: request.pageToken
        ) { snapshot, access, after, limit in
            try store.page(
                after: after.flatMap(EvidenceStore.Position.init), limit: limit,
                withRatings: access.role != .trustee, in: snapshot
            ).map { (Schema.Evidence($0, of: name), EvidenceStore.Position(of: $0).description) }
        }
        return ListEvidenceResponse(evidence: page.items, nextPageToken: page.nextPageToken)
    }

    func getEvidence(_ request: GetEvidenceRequest, _ context: ServerContext) async throws -> Schema.Evidence {
        let name = try ResourceName(request.name, "organizations", "relationships", "evidence")
        return try await runtime.read(context, under: name.parent.text) { snapshot, access in
            try requirePurpose(access)
            guard let id = Identifier(name.id),
                let record = try EvidenceStore(name.parent).find(EventID(id), in: snapshot),
                access.role != .trustee || !record.evidence.kind.isPulse
            else { throw Refusal.notFound(name.text) }
            return Schema.Evidence(record, of: name.parent)
        }
    }
}
