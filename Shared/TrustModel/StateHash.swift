extension Replay {
    /// The bytes whose SHA-256 is the state hash: they name exactly what counted at `asOf`, and how.
    ///
    /// Layout, integers in network byte order: the version byte 1; the policy id's length in UTF-8 (4 bytes) and the id;
    /// the number of events (4 bytes); then by ascending event id: the id (16 bytes), occurredAt in microseconds (8), the
    /// IEEE bits of v, w and δ (8 each), and μ, q and the flood factor rounded to 12 decimals, times 10^12 (8 each).
    /// Inputs are exact bits, factors rounded, so that equal evidence gives equal bytes; R and S, which only agree
    /// within 1e-9, are compared beside it (docs/domain.md §3.9).
    public static func stateHashInput(
        of log: EvidenceLog, start: Instant, policy: Policy, asOf: Instant
    ) throws(StateError) -> [UInt8] {
        try state(of: log, start: start, policy: policy).hashInput(at: asOf)
    }
}

extension RelationshipState {
    /// `Replay.stateHashInput` of a state that settles nothing: for several instants of one log.
    public func hashInput(at instant: Instant) -> [UInt8] {
        precondition(settledBefore == nil, "what is settled has no bytes: ask a replay")
        let weighed = weigh(at: instant).sorted { open.evidence[$0.index].id < open.evidence[$1.index].id }
        var bytes: [UInt8] = [1]
        bytes.append(bigEndian: UInt32(policy.id.utf8.count))
        bytes.append(contentsOf: policy.id.utf8)
        bytes.append(bigEndian: UInt32(weighed.count))
        for each in weighed {
            let event = open.evidence[each.index]
            bytes.append(bigEndian: event.id.high)
            bytes.append(bigEndian: event.id.low)
            bytes.append(bigEndian: event.occurredAt.microseconds)
            for input in [event.v, event.w, event.sourceClass.discount] {
                // Adding 0 turns −0 into 0: the same number, the same bytes.
                bytes.append(bigEndian: (input + 0).bitPattern)
            }
            for factor in [each.escalation, each.repair, each.flood] {
                bytes.append(bigEndian: Int64((factor * 1e12).rounded()))
            }
        }
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian integer: some FixedWidthInteger) {
        for shift in stride(from: integer.bitWidth - 8, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: integer >> shift))
        }
    }
}
