/// Lots that decide between equals: a number for each id that only the seed and the id's own bytes determine, so the
/// order of the input cannot matter, and another seed draws anew.
///
/// Everybody draws one lot that counts wherever they tie, not one for each tie: a single lottery leaves more of the
/// coachees with what they want (Abdulkadiroğlu, Pathak and Roth 2009).
struct Lots {
    let seed: Int64

    /// FNV-1a over the id, then SplitMix64's finish.
    func lot(of id: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bitPattern: seed)
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
        return hash ^ hash >> 31
    }

    /// By lot; two equal lots by id.
    func sorted(_ participants: [Participant], earliestFirst: Bool) -> [Participant] {
        participants.map { (enrolled: earliestFirst ? $0.enrolled : 0, lot: lot(of: $0.id), participant: $0) }
            .sorted { ($0.enrolled, $0.lot, $0.participant.id) < ($1.enrolled, $1.lot, $1.participant.id) }
            .map(\.participant)
    }
}
