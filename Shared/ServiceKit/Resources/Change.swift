import Protobuf
import Schema
import Standard
import Storage

/// One mutation, inside its transaction.
///
/// It never leaves the closure that it is handed to. The closure may run again, since a group of writes is tried again
/// when it aborts: it has no side effects but those on the change.
public final class Change {
    public let transaction: Transaction
    /// The instant at which the request is judged (docs/domain.md rule 1); of a duty, the instant at which it fell due.
    public let now: Instant
    /// The wall clock.
    public let recordedAt: Instant
    /// Nil when time acts.
    public let caller: Caller?
    /// The acting person's resource name; empty when time or a service acts.
    public let actor: String
    public let role: Role
    /// `organizations/{organization}`: whose change it is.
    public let organization: String
    private let pair: Relationship?
    private let identifiers: IdentifierGenerator

    init(
        _ transaction: Transaction, now: Instant, recordedAt: Instant, caller: Caller?, organization: String,
        relationship: Relationship?, identifiers: IdentifierGenerator
    ) {
        self.transaction = transaction
        self.now = now
        self.recordedAt = recordedAt
        self.caller = caller
        self.organization = organization
        self.identifiers = identifiers
        actor = caller?.person ?? ""
        pair = relationship
        role = relationship.map { $0.role(of: caller?.person ?? "") } ?? .other
    }

    /// As of this transaction; the empty relationship for what belongs to none.
    public var relationship: Relationship { pair ?? Relationship() }

    public func person(_ role: Role) -> String {
        role == .trustee ? relationship.trustee : role == .trustor ? relationship.trustor : ""
    }

    public func role(of person: String) -> Role {
        relationship.role(of: person)
    }

    /// Services act for a party and pass.
    public func require(_ roles: Role...) throws {
        guard caller?.service == nil else { return }
        guard role != .other else { throw Refusal.notParty }
        guard roles.contains(role) else {
            let who = roles.map { $0 == .trustee ? "the coach" : "the coachee" }.joined(separator: " or ")
            throw Refusal.roleForbidden("only \(who) may do this")
        }
    }

    public func requireActive() throws {
        guard relationship.state == .active else { throw Refusal.notActive }
    }

    // MARK: Resources

    public func find<R>(_ table: Table<R>, _ name: String) throws -> R? {
        try table.find(name, in: transaction)
    }

    public func get<R>(_ table: Table<R>, _ name: String) throws -> R {
        guard let resource = try table.find(name, in: transaction) else { throw Refusal.notFound(name) }
        return resource
    }

    /// In order of creation.
    public func list<R>(_ table: Table<R>, parent: String, limit: Int = 500) throws -> [R] {
        try table.list(
            parent: try ResourceName(parent, table.collections.dropLast()), after: nil, limit: limit, in: transaction)
    }

    public func insert<R>(_ table: Table<R>, _ resource: R) throws -> R {
        try table.insert(resource, in: transaction)
    }

    /// - Parameter resource: as loaded in this change, with its etag.
    public func update<R>(_ table: Table<R>, _ resource: R) throws -> R {
        try table.update(resource, in: transaction)
    }

    /// Takes a resource out for good.
    public func delete<R>(_ table: Table<R>, _ name: String) throws {
        try table.remove(name, in: transaction)
    }

    /// A new name below `parent`; names ascend with the instants at which they are made.
    public func newName(_ collection: String, in parent: String) -> String {
        "\(parent)/\(collection)/\(identifiers.next(at: now.microseconds))"
    }

    // MARK: Events and duties

    /// Appends to the outbox; consumers see it after the commit.
    public func publish(_ type: String, _ payload: Event.Payload, occurredAt: Instant? = nil) throws {
        let event = Event(
            id: identifiers.next(at: recordedAt.microseconds).description,
            type: type,
            organization: organization,
            relationship: pair?.name ?? relationshipName(of: payload),
            actor: actor,
            actorRole: role,
            occurredAt: (occurredAt ?? now).timestamp,
            recordedAt: recordedAt.timestamp,
            importClock: relationship.importing ? now.timestamp : nil,
            payload: payload)
        _ = try transaction.outbox.append(event.serialized(), scope: event.relationship)
    }

    /// A relationship that is just being requested is not loaded yet: its payload names it.
    private func relationshipName(of payload: Event.Payload) -> String {
        if case .relationshipChanged(let change) = payload { return change.relationship?.name ?? "" }
        return ""
    }

    /// Schedules or moves the duty of this kind for a resource. The clock of its relationship decides when it is due, and
    /// the wall clock for what belongs to an organisation alone.
    public func schedule(_ kind: String, for name: String, at due: Instant) throws {
        let (organization, scope) = try dutyScope(of: name)
        try transaction.due.schedule(
            Duty(
                organization: organization, scope: scope, key: .text(name), kind: kind, due: due.microseconds,
                payload: []))
    }

    private func dutyScope(of name: String) throws -> (organization: Key, relationship: String) {
        if let relationship = try? ResourceName.relationship(of: name) {
            return (relationship.organizationKey, relationship.text)
        }
        return (try ResourceName.organization(of: name).organizationKey, "")
    }

    /// - Returns: whether it was still to come.
    @discardableResult
    public func cancel(_ kind: String, for name: String) throws -> Bool {
        let (organization, scope) = try dutyScope(of: name)
        return try transaction.due.cancel(organization: organization, scope: scope, key: .text(name), kind: kind)
    }

    /// When the duty of this kind falls due for a resource, pauses included (docs/domain.md rule 28); nil when there is
    /// none any more. Since what fell due before now has happened, a deadline that still stands is kept (rule 18).
    public func deadline(_ kind: String, for name: String) throws -> Instant? {
        let (organization, scope) = try dutyScope(of: name)
        return try transaction.due.find(organization: organization, scope: scope, key: .text(name), kind: kind)
            .map { Instant(microseconds: $0) }
    }

    /// Keeps the wall clock from firing the relationship's duties: while it is imported or paused.
    public func hold(_ relationship: String) throws {
        let scope = try ResourceName.relationship(of: relationship)
        try transaction.due.hold(organization: scope.organizationKey, scope: scope.text)
    }

    /// Moves every open deadline of the relationship: at the end of a pause (docs/domain.md rule 28).
    public func shiftDuties(of relationship: String, by microseconds: Int64) throws {
        let scope = try ResourceName.relationship(of: relationship)
        try transaction.due.shift(organization: scope.organizationKey, scope: scope.text, by: microseconds)
    }

    public func release(_ relationship: String) throws {
        let scope = try ResourceName.relationship(of: relationship)
        try transaction.due.release(organization: scope.organizationKey, scope: scope.text)
    }
}

extension Relationship {
    /// What a person is to this pair.
    public func role(of person: String) -> Role {
        if person.isEmpty { return .other }
        return person == trustor ? .trustor : person == trustee ? .trustee : .other
    }
}
