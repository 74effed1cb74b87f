import Crypto
import FoundationEssentials
import Schema
import ServiceKit
import TrustModel

/// One link of a relationship's chain of snapshots (docs/domain.md §6.4, rule 36).
struct SnapshotLink: Sendable {
    /// 1 for the first.
    var sequence: Int64
    /// 00:00 UTC.
    var asOf: Instant
    /// The day, and the number of the correction behind it.
    var id: String
    /// The id of the one that it corrects; empty for none.
    var corrects: String
    /// The profile as it was serialised, with its state hash.
    var profile: [UInt8]
    /// Empty for the first.
    var previousHash: [UInt8]
    var hash: [UInt8]
    var createdAt: Instant

    /// A link behind `previous`, hashed.
    init(
        after previous: SnapshotLink?, asOf: Instant, id: String, corrects: String, profile: [UInt8],
        createdAt: Instant
    ) {
        sequence = (previous?.sequence ?? 0) + 1
        self.asOf = asOf
        self.id = id
        self.corrects = corrects
        self.profile = profile
        previousHash = previous?.hash ?? []
        self.createdAt = createdAt
        hash = []
        hash = digest
    }

    init(
        sequence: Int64, asOf: Instant, id: String, corrects: String, profile: [UInt8], previousHash: [UInt8],
        hash: [UInt8], createdAt: Instant
    ) {
        self.sequence = sequence
        self.asOf = asOf
        self.id = id
        self.corrects = corrects
        self.profile = profile
        self.previousHash = previousHash
        self.hash = hash
        self.createdAt = createdAt
    }

    /// SHA-256 over: the version byte 1; the length of previous_hash (1 byte) and it; sequence and as_of in microseconds (8
    /// bytes each); the length of corrects (1 byte) and it; the profile. Integers in network byte order.
    var digest: [UInt8] {
        var bytes: [UInt8] = [1, UInt8(previousHash.count)] + previousHash
        for integer in [sequence, asOf.microseconds] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: integer >> shift))
            }
        }
        bytes.append(UInt8(corrects.utf8.count))
        bytes += Array(corrects.utf8) + profile
        return Array(SHA256.hash(data: bytes))
    }

    /// Whether it is unchanged and stands behind `previous`.
    func follows(_ previous: SnapshotLink?) -> Bool {
        sequence == (previous?.sequence ?? 0) + 1 && previousHash == previous?.hash ?? [] && hash == digest
    }

    /// The id of a midnight's snapshot: its day, for example 2026-06-02, and of its n-th correction 2026-06-02-n.
    static func id(of midnight: Instant, correction: Int = 0) -> String {
        let date = Date(timeIntervalSince1970: Double(midnight.microseconds) / 1e6)
        let day = date.formatted(.iso8601.year().month().day())
        return correction == 0 ? day : "\(day)-\(correction)"
    }
}

extension TrustSnapshot {
    init(_ link: SnapshotLink, of relationship: ResourceName) throws {
        func name(_ id: String) -> String { relationship.child("snapshots", id).text }
        self.init(
            name: name(link.id), sequence: link.sequence, asOf: link.asOf.timestamp,
            profile: try TrustProfile(serialized: link.profile),
            corrects: link.corrects.isEmpty ? "" : name(link.corrects), previousHash: link.previousHash.hexadecimal,
            hash: link.hash.hexadecimal, createTime: link.createdAt.timestamp)
    }
}
