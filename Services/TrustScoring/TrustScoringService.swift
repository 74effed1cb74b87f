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
    /// Where the noise of exports comes from.
    let noise: @Sendable () -> any RandomNumberGenerator

    init(_ runtime: Runtime) {
        self.init(runtime, remembering: RelationshipScores.defaultCapacity)
    }

    /// - Parameters:
    ///   - capacity: how many relationships' states stay in memory.
    ///   - noise: the system's secure source, but in tests.
    init(
        _ runtime: Runtime, remembering capacity: Int,
        noise: @Sendable @escaping () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }
    ) {
        self.runtime = runtime
        self.noise = noise
        scores = RelationshipScores(database: runtime.database, capacity: capacity)
    }

    var methods: [RPC.Method] { trustServiceMethods }

    /// Beside requests and events: roll-ups and fairness runs.
    func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await RunningRollup(runtime: runtime, policy: scores.policy).run() }
            group.addTask { try await RunningFairness(runtime: runtime).run() }
            try await group.waitForAll()
        }
    }

    // MARK: Events

    func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        do {
            if case .leaveChanged(let leave) = event.payload {
                try MalformedEvent.catching {
                    try ObservationStore.take(leave, from: source, in: transaction)
                }
            }
            try MalformedEvent.catching { try PlaceStore.take(event, in: transaction) }
            guard !event.relationship.isEmpty else { return }
            try observe(event, from: source, in: transaction)
        } catch let malformed as MalformedEvent {
            refused(event, malformed)
        }
        guard let relationship = runtime.projection?.relationship(event.relationship, in: transaction) else {
            throw Refusal.notFound(event.relationship)
        }
        if case .retentionEnded(let ended) = event.payload {
            guard ended.data == .evidence else { return }
            return try EvidenceRetention.end(
                of: ResourceName(relationship.name, "organizations", "relationships"), in: transaction)
        }
        let changes = try Ingestion(into: relationship, from: source, in: transaction).take(event) {
            refused(event, $0)
        }
        let revision = try record(changes, of: relationship, recordedAt: event.recordedAt, in: transaction)
        try detect(event, changes, of: relationship, in: transaction)
        scores.stage(changes, of: relationship.name, revision: revision, by: event.id, from: source)
    }

    private func observe(_ event: Event, from source: String, in transaction: Transaction) throws {
        let name = try ResourceName(event.relationship, "organizations", "relationships")
        try ObservationStore(name).take(event, from: source, in: transaction)
    }

    /// What the event means to the detectors (docs/domain.md §4).
    private func detect(
        _ event: Event, _ changes: [LogChange], of relationship: Relationship, in transaction: Transaction
    ) throws {
        let name = try ResourceName(relationship.name, "organizations", "relationships")
        let resources = try Set(changes.compactMap { try $0.resource(of: name, in: transaction) })
        if !resources.isEmpty {
            try Detection(runtime.change(by: event, of: relationship, in: transaction))
                .evidenceChanged(about: resources)
        }
        switch event.payload {
        case .feedbackChanged(let change) where change.authorRole == .trustee && Detection.moves(event.type):
            try Detection(runtime.change(by: event, of: relationship, in: transaction)).feedbackChanged()
        case .transparencyBroken(let breach):
            guard let id = Identifier(event.id) else { return }
            try Detection(runtime.change(by: event, of: relationship, in: transaction))
                .ruleBroken(breach.rule, subject: breach.subject, by: id)
        default: break
        }
    }

    private func refused(_ event: Event, _ malformed: MalformedEvent) {
        runtime.logger.warning(
            "an event says nothing to trust",
            metadata: ["event": "\(event.id)", "type": "\(event.type)", "cause": "\(malformed)"])
    }

    /// Counts the change of the log, and sees to the next snapshot.
    /// - Returns: the log's revision with these changes; 0 without any.
    func record(
        _ changes: [LogChange], of relationship: Relationship, recordedAt: Timestamp?, in transaction: Transaction
    ) throws -> Int64 {
        guard let first = changes.map(\.from).min() else { return 0 }
        let name = try ResourceName(relationship.name, "organizations", "relationships")
        let learnt = try recordedAt.map { try Instant($0) } ?? Instant(runtime.clock.now)
        let mark = try LogMark.advance(name, from: first, recordedAt: learnt, in: transaction)
        if let next = mark.nextSnapshot { try SnapshotTaking.schedule(name, at: next, in: transaction) }
        return mark.revision
    }

    func applied(_ events: [Event]) {
        scores.commit(events.map(\.id))
        for event in events {
            if case .retentionEnded(let ended) = event.payload, ended.data == .evidence {
                scores.drop(event.relationship)
            }
        }
    }

    func forget(_ source: String, in transaction: Transaction) throws {
        try EvidenceStore.forget(source, in: transaction)
        try ObservationStore.forget(source, in: transaction)
        if source == "relationships" {
            try ConductStore.forget(in: transaction)
            try PlaceStore.forget(in: transaction)
        }
        scores.forget(source)
    }

    func fire(_ duty: Duty, _ change: Change) throws {
        switch duty.kind {
        case SnapshotTaking.duty:
            try SnapshotTaking(of: change.relationship, policy: scores.policy, in: change.transaction).take(
                due: Instant(change.now), recordedAt: Instant(change.recordedAt))
        case Detection.duty:
            guard case .text(let alert) = duty.key else { return }
            try Detection(change).review(alert)
        case RollupRetention.duty:
            guard case .text(let rollup) = duty.key else { return }
            try RollupRetention.remove(ResourceName(rollup, RollupTables.Form.rollups), in: change.transaction)
        default: break
        }
    }

    // MARK: Profile

    func getTrustProfile(_ request: GetTrustProfileRequest, _ context: ServerContext) async throws -> TrustProfile {
        let view = try await view(context, of: request.name, singleton: "trustProfile")
        return try await profile(view, at: view.now, hashed: request.includeStateHash)
    }

    func getProfileAt(_ request: GetProfileAtRequest, _ context: ServerContext) async throws -> TrustProfile {
        let view = try await view(context, of: request.name, singleton: "trustProfile")
        return try await profile(
            view, at: try view.instant(request.asOf, "as_of"), hashed: request.includeStateHash)
    }

    /// The profile at once, then after each change. Its resume token is the log's revision: it says what was counted.
    func watchTrustProfile(
        _ request: WatchTrustProfileRequest, _ context: ServerContext,
        _ responses: ResponseWriter<WatchTrustProfileResponse>
    ) async throws {
        let view = try await view(context, of: request.name, singleton: "trustProfile")
        let changes = try scores.changes(of: view.name)
        try await runtime.draining.run {
            var token = request.resumeToken
            func tell() async throws {
                let now = max(Instant(runtime.clock.now), view.start)
                let standing = try await scores.standing(of: view.name, start: view.start, at: now)
                guard standing.revision.description != token else { return }
                token = standing.revision.description
                try await responses.write(
                    WatchTrustProfileResponse(
                        profile: TrustProfile(standing.profile, of: view.name, now: now), resumeToken: token))
            }
            try await tell()
            for await _ in changes { try await tell() }
        }
    }

    private func profile(_ view: View, at instant: Instant, hashed: Bool) async throws -> TrustProfile {
        let standing =
            hashed
            ? try await scores.hashedStanding(of: view.name, start: view.start, at: instant)
            : try await scores.standing(of: view.name, start: view.start, at: instant)
        let now = max(view.now, Instant(runtime.clock.now))
        return TrustProfile(standing.profile, stateHash: standing.stateHash, of: view.name, now: now)
    }

    // MARK: Policies

    func getPolicy(_ request: GetPolicyRequest, _ context: ServerContext) async throws -> TrustPolicy {
        let caller = try context.caller
        let name = try ResourceName(request.name, "organizations", "policies")
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        guard name.id == scores.policy.id else { throw Refusal.notFound(name.text) }
        return TrustPolicy(scores.policy, name: name.text)
    }

    func listPolicies(_ request: ListPoliciesRequest, _ context: ServerContext) async throws -> ListPoliciesResponse {
        let caller = try context.caller
        let parent = try ResourceName(request.parent, "organizations")
        guard caller.belongs(to: parent.text) else { throw Refusal.notParty }
        let policy = TrustPolicy(scores.policy, name: parent.child("policies", scores.policy.id).text)
        let page = try await runtime.page(context, request) { _, after, _ in
            after == nil ? [(policy, scores.policy.id)] : []
        }
        return ListPoliciesResponse(policies: page.items, nextPageToken: page.nextPageToken)
    }
}
