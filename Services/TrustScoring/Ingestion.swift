import Schema
import ServiceKit
import Storage
import TrustModel

/// What one event changed in a relationship's log: what its state in memory is told after the commit.
enum LogChange: Hashable, Sendable {
    case evidence(Evidence)
    case repair(Repair)
    /// Of evidence that occurred at an instant.
    case retraction(Retraction, of: Instant)

    /// From when on profiles differ.
    var from: Instant {
        switch self {
        case .evidence(let evidence): evidence.occurredAt
        case .repair(let repair): repair.acceptedAt
        case .retraction(_, let occurredAt): occurredAt
        }
    }
}

/// Writes what an event means into the log, once (docs/domain.md rules 6 and 24).
struct Ingestion {
    let relationship: Relationship
    let store: EvidenceStore
    /// The service whose events these are.
    let origin: String
    let transaction: Transaction

    init(into relationship: Relationship, from origin: String, in transaction: Transaction) throws {
        self.relationship = relationship
        store = EvidenceStore(try ResourceName(relationship.name, "organizations", "relationships"))
        self.origin = origin
        self.transaction = transaction
    }

    /// - Parameter refused: told of an event that no service of this suite writes; it makes no evidence, and holds up
    ///   none of those behind it.
    func take(_ event: Event, refused: (MalformedEvent) -> Void) throws -> [LogChange] {
        var changes: [LogChange] = []
        do {
            for consequence in try MalformedEvent.catching({ try Derivation.consequences(of: event) }) {
                switch consequence {
                case .evidence(let draft): changes += try add(draft, of: event)
                case .repair(let resource, let instant): changes += try repair(resource, at: instant)
                case .retraction(let resource, let kinds, let instant):
                    changes += try retract(resource, kinds, at: instant)
                }
            }
        } catch let error as MalformedEvent {
            refused(error)
        }
        return changes
    }

    private func add(_ draft: Consequence.Draft, of event: Event) throws -> [LogChange] {
        guard let source = Identifier(event.id), let resource = draft.about.first else {
            throw MalformedEvent(cause: "it has no id, or is about nothing")
        }
        // The same event gives the same evidence, however often it comes.
        let id = EventID(Identifier.version5(namespace: source, name: draft.kind.rawValue))
        let all = try store.about(resource, in: transaction)
        guard !all.contains(where: { $0.evidence.id == id }) else { return [] }
        let known = all.filter(\.stands)
        guard !known.contains(where: { draft.unless.contains($0.evidence.kind) }) else { return [] }
        let evidence = try MalformedEvent.catching {
            try Evidence.make(
                draft.kind, id: id, measure: draft.measure, isTrivial: draft.isTrivial, sourceClass: draft.sourceClass,
                sourceID: relationship.source(of: draft.kind), occurredAt: draft.at,
                recordedAt: try event.recordedAt.map { try Instant($0) } ?? draft.at,
                supersedes: known.last { draft.replacing.contains($0.evidence.kind) }?.evidence.id,
                references: draft.about)
        }
        try store.insert(evidence, origin: origin, in: transaction)
        return [.evidence(evidence)]
    }

    /// The repair answers the act that a case was opened for, even where a later fact already stands in its place and
    /// inherits it: so the order of confirmation and repair makes no difference (docs/domain.md rule 6).
    private func repair(_ resource: String, at instant: Instant) throws -> [LogChange] {
        let known = try store.about(resource, in: transaction)
        guard let broken = known.last(where: { $0.evidence.isRepairable && !$0.isRetracted }),
            broken.repairedAt.map({ instant < $0 }) ?? true
        else { return [] }
        try store.repair(broken.evidence.id, at: instant, in: transaction)
        return [.repair(Repair(evidence: broken.evidence.id, acceptedAt: instant))]
    }

    private func retract(_ resource: String, _ kinds: Set<EvidenceKind>, at instant: Instant?) throws -> [LogChange] {
        // What was superseded goes as well, or it would count again.
        let known = try store.about(resource, in: transaction).filter {
            kinds.contains($0.evidence.kind) && !$0.isRetracted
                && (instant ?? $0.evidence.occurredAt) == $0.evidence.occurredAt
        }
        for record in known { try store.retract(record.evidence.id, in: transaction) }
        return known.map { .retraction(Retraction(evidence: $0.evidence.id), of: $0.evidence.occurredAt) }
    }
}

/// Why an event cannot be understood.
struct MalformedEvent: Error, CustomStringConvertible {
    var cause: String
    var description: String { cause }

    static func catching<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as EvidenceError {
            throw MalformedEvent(cause: "\(error)")
        } catch let error as Refusal {
            throw MalformedEvent(cause: error.message)
        }
    }
}

extension Relationship {
    /// The person whose act or statement a kind is: floods are counted by person (docs/domain.md rule 21).
    func source(of kind: EvidenceKind) -> String {
        kind.sourceClass == .system ? trustee : trustor
    }
}
