import Crypto
import Schema

/// One link of an organisation's audit chain in one service (docs/domain.md §6.10).
///
/// The chain hashes the digest of what an entry says, not the saying itself: so the words can go when their time is over,
/// and the chain still holds.
struct AuditLink: Sendable {
    /// 1 for the first.
    var sequence: Int64
    /// The entry as it was serialised, without name and hashes; nil when its retention is over.
    var content: [UInt8]?
    /// SHA-256 of the content.
    var digest: [UInt8]
    /// Empty for the first.
    var previousHash: [UInt8]
    var hash: [UInt8]

    init(sequence: Int64, content: [UInt8]?, digest: [UInt8], previousHash: [UInt8], hash: [UInt8]) {
        self.sequence = sequence
        self.content = content
        self.digest = digest
        self.previousHash = previousHash
        self.hash = hash
    }

    /// A link behind another one.
    init(after previous: (sequence: Int64, hash: [UInt8])?, _ content: [UInt8]) {
        self.init(
            sequence: (previous?.sequence ?? 0) + 1, content: content, digest: Array(SHA256.hash(data: content)),
            previousHash: previous?.hash ?? [], hash: [])
        hash = expectedHash
    }

    /// SHA-256 over: the version byte 1; the length of previous_hash (1 byte) and it; the sequence (8 bytes, network byte
    /// order); the digest.
    private var expectedHash: [UInt8] {
        var bytes: [UInt8] = [1, UInt8(truncatingIfNeeded: previousHash.count)] + previousHash
        withUnsafeBytes(of: sequence.bigEndian) { bytes.append(contentsOf: $0) }
        return Array(SHA256.hash(data: bytes + digest))
    }

    /// Whether it is unchanged and stands behind `previous`.
    func follows(_ previous: AuditLink?) -> Bool {
        sequence == (previous?.sequence ?? 0) + 1 && previousHash == previous?.hash ?? [] && hash == expectedHash
            && content.map { Array(SHA256.hash(data: $0)) == digest } ?? true
    }
}

extension AuditEntry {
    init(_ link: AuditLink, of chain: ResourceName) throws {
        self = try link.content.map { try AuditEntry(serialized: $0) } ?? AuditEntry()
        name = chain.child("entries", "\(link.sequence)").text
        sequence = link.sequence
        digest = link.digest.hexadecimal
        previousHash = link.previousHash.hexadecimal
        hash = link.hash.hexadecimal
        removed = link.content == nil
    }
}
