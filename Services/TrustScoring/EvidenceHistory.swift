import Crypto
import TrustModel

/// The whole log of a relationship as one reading found it.
struct EvidenceHistory: Sendable {
    /// In the order of folding.
    let records: [EvidenceRecord]
    let log: EvidenceLog
    let revision: LogRevision

    init(_ records: [EvidenceRecord], revision: LogRevision) {
        self.records = records
        self.revision = revision
        log = EvidenceLog(
            evidence: records.map(\.evidence),
            repairs: records.compactMap { record in
                record.repairedAt.map { Repair(evidence: record.evidence.id, acceptedAt: $0) }
            },
            retractions: records.filter(\.isRetracted).map { Retraction(evidence: $0.evidence.id) })
    }

    /// What counts at `instant`, by name.
    func fingerprint(at instant: Instant, start: Instant, policy: Policy) throws -> Fingerprint {
        let state = try Replay.state(of: log, start: start, policy: policy)
        let turns = records.flatMap { [$0.evidence.occurredAt, $0.repairedAt].compactMap(\.self) }
        return Fingerprint(
            stateHash: SHA256.hash(data: state.hashInput(at: instant)).hexadecimal,
            since: turns.filter { $0 <= instant }.max() ?? start, until: turns.filter { $0 > instant }.min())
    }
}

/// SHA-256 over the policy and the events that count (docs/domain.md rule 35). It holds from the last instant at
/// which something came to count until the next.
struct Fingerprint: Hashable, Sendable {
    var stateHash: String
    var since: Instant
    /// Nil while nothing is known to come.
    var until: Instant?

    func holds(at instant: Instant) -> Bool {
        since <= instant && until.map { instant < $0 } ?? true
    }
}
