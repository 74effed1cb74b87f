import Crypto
import Schema
import ServiceKit
import Storage
import TrustModel

/// What happens at each midnight: the snapshots that a fact learnt since then shows in another light are taken anew, then
/// that of the midnight is taken (docs/domain.md §6.4, rule 36).
struct SnapshotTaking {
    static let duty = "snapshot"
    /// Corrections in one transaction; further ones follow in the next.
    static let batch = 32

    let relationship: Relationship
    let name: ResourceName
    let policy: Policy
    let transaction: Transaction
    private let store: SnapshotStore

    init(of relationship: Relationship, policy: Policy, in transaction: Transaction) throws {
        self.relationship = relationship
        name = try ResourceName(relationship.name, "organizations", "relationships")
        self.policy = policy
        self.transaction = transaction
        store = SnapshotStore(name)
    }

    /// The duty of a relationship: it is written with each change, so that none is ever without.
    static func schedule(_ name: ResourceName, at instant: Instant, in transaction: Transaction) throws {
        try transaction.due.schedule(
            Duty(
                organization: Key(String(name.organization.dropFirst("organizations/".count))), scope: name.text,
                key: .text(name.text), kind: duty, due: instant.microseconds))
    }

    /// Each midnight up to `due` has its turn; a duty that comes late, after a pause or while the service was down, finds
    /// the first one that is missing and comes again for the next.
    func take(due: Instant, recordedAt: Instant) throws {
        guard var mark = try LogMark.read(name, in: transaction), let midnight = mark.nextSnapshot else { return }
        guard midnight <= due else { return try Self.schedule(name, at: midnight, in: transaction) }
        if let start = try relationship.startTime.map({ try Instant($0) }) {
            let history = try EvidenceStore(name).history(in: transaction)
            let state = try Replay.state(of: history.log, start: start, policy: policy)
            if let rest = try correct(state, from: mark.staleFrom, recordedAt: recordedAt) {
                mark.staleFrom = rest
                try mark.write(of: name, in: transaction)
                return try Self.schedule(name, at: due, in: transaction)
            }
            mark.staleFrom = LogMark.nothingStale
            if midnight >= start {
                try append(
                    try profile(state, at: midnight), at: midnight, id: SnapshotLink.id(of: midnight), corrects: "",
                    recordedAt: recordedAt)
            }
        }
        // Nothing changes any more but by the passing of time; a fact that is learnt later begins anew.
        mark.nextSnapshot = relationship.state == .ended ? nil : midnight.advanced(byDays: 1)
        try mark.write(of: name, in: transaction)
        if let next = mark.nextSnapshot { try Self.schedule(name, at: next, in: transaction) }
    }

    /// - Returns: where to go on when there was more than a batch.
    private func correct(_ state: RelationshipState, from stale: Instant, recordedAt: Instant) throws -> Instant? {
        let links = try store.standing(from: stale, limit: Self.batch, in: transaction)
        for link in links {
            let now = try profile(state, at: link.asOf)
            guard try TrustProfile(serialized: link.profile).stateHash != now.stateHash else { continue }
            let number = try store.count(at: link.asOf, in: transaction)
            try append(
                now, at: link.asOf, id: SnapshotLink.id(of: link.asOf, correction: number), corrects: link.id,
                recordedAt: recordedAt)
        }
        guard links.count == Self.batch, let last = links.last else { return nil }
        return Instant(microseconds: last.asOf.microseconds + 1)
    }

    private func append(
        _ profile: TrustProfile, at midnight: Instant, id: String, corrects: String, recordedAt: Instant
    ) throws {
        let link = SnapshotLink(
            after: try store.head(in: transaction), asOf: midnight, id: id, corrects: corrects,
            profile: profile.serialized(), createdAt: recordedAt)
        try store.append(link, in: transaction)
    }

    private func profile(_ state: RelationshipState, at midnight: Instant) throws -> TrustProfile {
        guard let profile = state.profile(at: midnight) else { throw StateError.needsReplay }
        return TrustProfile(
            profile, stateHash: SHA256.hash(data: state.hashInput(at: midnight)).hexadecimal, of: name, now: midnight)
    }
}
