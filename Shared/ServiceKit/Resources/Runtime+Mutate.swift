import RPC
import Schema
import Standard
import Storage

extension Runtime {
    /// How far ahead of the wall clock a fact may lie (docs/domain.md §3.4).
    static let futureTolerance: Int64 = 300_000_000

    /// Changes something that belongs to a relationship.
    ///
    /// In one transaction: idempotency, the party check, what fell due before, `body`. A request that was answered before
    /// gets the resource as it is now.
    ///
    /// - Parameter admitted: whether somebody who is no party may ask, besides services. `body` says what for.
    public func mutate<Q: Mutation, R: Resource>(
        _ request: Q, _ context: ServerContext, under name: String, answering table: Table<R>,
        admitting admitted: @Sendable @escaping (Caller, Relationship, Snapshot) throws -> Bool = { _, _, _ in false },
        _ body: @Sendable @escaping (Change) throws -> R
    ) async throws -> R {
        let caller = try context.caller
        let pair = try ResourceName.relationship(of: name)
        guard caller.belongs(to: pair.organization) else { throw Refusal.notParty }
        try table.check(nameOrParent: name)
        let judged = try Judged(request, caller, at: clock.now)
        let known = try await projection?.find(pair.text)
        let attempt = { [self] in
            try await database.write { [self] transaction in
                guard let relationship = try source.relationship(pair.text, in: transaction) else {
                    throw Refusal.notParty
                }
                guard
                    try caller.service != nil || relationship.role(of: caller.person ?? "") != .other
                        || admitted(caller, relationship, transaction)
                else { throw Refusal.notParty }
                return try idempotent(judged, request, context, pair.organization, table, transaction) {
                    let (now, hasFired) = try self.now(judged, relationship, transaction)
                    // What fell due may have changed the relationship itself.
                    let current =
                        hasFired
                        ? try self.source.relationship(pair.text, in: transaction) ?? relationship : relationship
                    let change = Change(
                        transaction, now: now, recordedAt: judged.recordedAt, caller: caller,
                        organization: pair.organization, relationship: current, identifiers: self.identifiers)
                    let resource = try body(change)
                    try RelationshipClock.advance(pair.text, to: now, in: transaction)
                    return resource
                }
            }
        }
        do {
            return try await attempt()
        } catch let refusal as Refusal where refusal == .notParty || refusal == .notActive {
            // The projection may have been behind: its owner is asked once before a refusal.
            guard let projection, try await projection.refresh(pair.text) != known else { throw refusal }
            return try await attempt()
        }
    }

    /// Changes what belongs to an organisation alone: people, programmes, relationships that are just being requested.
    public func mutate<Q: Mutation, R: Resource>(
        _ request: Q, _ context: ServerContext, in organization: String, answering table: Table<R>,
        _ body: @Sendable @escaping (Change) throws -> R
    ) async throws -> R {
        let caller = try context.caller
        let organization = try ResourceName(organization, "organizations").text
        guard caller.belongs(to: organization) else { throw Refusal.notParty }
        let judged = try Judged(request, caller, at: clock.now)
        return try await database.write { [self] transaction in
            try idempotent(judged, request, context, organization, table, transaction) {
                try body(
                    Change(
                        transaction, now: judged.occurredAt ?? judged.recordedAt, recordedAt: judged.recordedAt,
                        caller: caller, organization: organization, relationship: nil, identifiers: self.identifiers))
            }
        }
    }

    /// Many changes of an organisation in one transaction, each of which `body` answers for: an import.
    public func change<T: Sendable>(
        _ context: ServerContext, in organization: String, _ body: @Sendable @escaping (Change) throws -> T
    ) async throws -> T {
        let caller = try context.caller
        let organization = try ResourceName(organization, "organizations").text
        guard caller.belongs(to: organization) else { throw Refusal.notParty }
        let now = clock.now
        return try await database.write { [self] transaction in
            try body(
                Change(
                    transaction, now: now, recordedAt: now, caller: caller, organization: organization,
                    relationship: nil, identifiers: self.identifiers))
        }
    }

    /// What a change of the organisation does to one of its relationships, after all that fell due for it before.
    /// - Throws: `Refusal` NOT_FOUND.
    public func change(_ change: Change, of name: String) throws -> Change {
        let transaction = change.transaction
        guard let relationship = try source.relationship(name, in: transaction) else { throw Refusal.notFound(name) }
        let now = max(change.now, try RelationshipClock.read(name, in: transaction) ?? change.now)
        try fireDuties(of: relationship, before: now, recordedAt: change.recordedAt, in: transaction)
        try RelationshipClock.advance(name, to: now, in: transaction)
        return Change(
            transaction, now: now, recordedAt: change.recordedAt, caller: change.caller,
            organization: change.organization,
            relationship: try source.relationship(name, in: transaction) ?? relationship, identifiers: identifiers)
    }

    /// What an event of another service brings about: judged when its service recorded it; while history is imported, at the
    /// relationship's clock (docs/domain.md rule 1).
    /// - Throws: `Refusal` for an event whose instants are none.
    public func change(
        by event: Event, of relationship: Relationship, in transaction: Transaction
    ) throws -> Change {
        let recordedAt = clock.now
        let now = try (event.importClock ?? event.recordedAt).map { try Instant($0) } ?? recordedAt
        return Change(
            transaction, now: now, recordedAt: recordedAt, caller: nil,
            organization: try ResourceName.relationship(of: relationship.name).organization, relationship: relationship,
            identifiers: identifiers)
    }

    /// The instant at which a request is judged, after all that fell due before it has happened, and whether anything
    /// did.
    private func now(
        _ judged: Judged, _ relationship: Relationship, _ transaction: Transaction
    ) throws -> (Instant, hasFired: Bool) {
        let now: Instant
        if relationship.importing {
            guard let occurredAt = judged.occurredAt else {
                throw Refusal(
                    .failedPrecondition, "IMPORTING",
                    "history is being imported for this relationship: send occurred_at with the import scope, or finish the import"
                )
            }
            now = occurredAt
        } else if let occurredAt = judged.occurredAt {
            now = max(occurredAt, try RelationshipClock.read(relationship.name, in: transaction) ?? occurredAt)
        } else {
            now = judged.recordedAt
        }
        // What a projection knows of the relationship may be ahead of its events: until the one that ends a pause has moved the
        // deadlines, they are those of before.
        let scope = try ResourceName(relationship.name, "organizations", "relationships")
        if try projection == nil || relationship.importing
            || !transaction.due.isHeld(organization: scope.organizationKey, scope: scope.text)
        {
            // A fact at exactly a deadline beats the deadline (docs/domain.md rule 18).
            return (
                now, try fireDuties(of: relationship, before: now, recordedAt: judged.recordedAt, in: transaction)
            )
        }
        return (now, false)
    }

    private func idempotent<Q: Mutation, R: Resource>(
        _ judged: Judged, _ request: Q, _ context: ServerContext, _ organization: String, _ table: Table<R>,
        _ transaction: Transaction, _ body: () throws -> R
    ) throws -> R {
        func change() throws -> R {
            try requirePresent(try context.caller)
            try checkETag(of: request, table, transaction)
            return try body()
        }
        guard let id = judged.requestID else { return try change() }
        let key = RequestKey(organization: .text(organization), caller: judged.caller, id: id)
        let bytes = request.serialized()
        let now = judged.recordedAt.microseconds
        switch try transaction.idempotency.lookup(key, method: context.method, request: bytes, at: now) {
        case .new:
            let resource = try change()
            try transaction.idempotency.record(
                key, method: context.method, request: bytes, resource: resource.name,
                revision: Table<R>.revision(resource.etag) ?? 0, at: now)
            return resource
        case .replay(let name, _):
            guard let resource = try table.find(name, in: transaction) else { throw Refusal.notFound(name) }
            return resource
        case .reused:
            throw Refusal(
                .alreadyExists, "REQUEST_ID_REUSED", "this request_id was used with another request; take a new one")
        }
    }
}

/// A request that names what it changes may say which revision it means (AIP-154).
/// - Throws: `Refusal` ABORTED, ETAG_MISMATCH.
private func checkETag<Q: Mutation, R: Resource>(
    of request: Q, _ table: Table<R>, _ transaction: Transaction
) throws {
    // A request that names something else than what it answers with compares by itself.
    guard !request.etag.isEmpty, table.names(request.name), let stored = try table.find(request.name, in: transaction)
    else { return }
    guard stored.etag == request.etag else { throw Refusal.etagMismatch }
}

/// When a request says it happened, and who sent it when.
private struct Judged: Sendable {
    let occurredAt: Instant?
    let recordedAt: Instant
    let requestID: Identifier?
    let caller: String

    /// - Throws: `Refusal` for a malformed request id, a date without the import scope, a date ahead.
    init(_ request: some Mutation, _ caller: Caller, at wall: Instant) throws {
        recordedAt = wall
        self.caller = caller.key
        if request.requestId.isEmpty {
            requestID = nil
        } else {
            guard let id = Identifier(request.requestId) else { throw Refusal.invalid("request_id", "must be a UUID") }
            requestID = id
        }
        guard let timestamp = request.occurredAt else {
            occurredAt = nil
            return
        }
        let occurredAt = try Check.instant(timestamp, "occurred_at")
        guard caller.mayDate else { throw Refusal.roleForbidden("occurred_at needs a token with the import scope") }
        guard occurredAt - wall <= Runtime.futureTolerance else {
            throw Refusal.invalid("occurred_at", "lies more than 5 minutes ahead", reason: "FUTURE_EVENT")
        }
        self.occurredAt = occurredAt
    }
}
