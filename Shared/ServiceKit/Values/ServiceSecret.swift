import Crypto
import Storage

/// A secret of one service that lies beside its database and never in it. Whoever has the file alone can neither make its
/// hashes nor open what it has sealed.
public struct ServiceSecret: Sendable {
    private let hashing: SymmetricKey
    private let sealing: SymmetricKey

    /// - Parameter bytes: at least 32 that are hard to guess.
    /// - Throws: `StorageError.invalid` for fewer.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.count >= 32 else {
            throw StorageError.invalid("the secret of a service has \(bytes.count) bytes, at least 32 are needed")
        }
        let secret = SymmetricKey(data: bytes)
        // One key for each use (RFC 5869).
        hashing = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("rapport hashing".utf8), outputByteCount: 32)
        sealing = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret, info: Array("rapport sealing".utf8), outputByteCount: 32)
    }

    /// 32 bytes that tell nothing of the parts (HMAC-SHA-256, RFC 2104).
    public func hash(_ parts: String...) -> [UInt8] {
        var code = HMAC<SHA256>(key: hashing)
        for part in parts {
            // Preceded by its length, so that no two lists of parts read alike.
            code.update(data: Array("\(part.utf8.count):\(part)".utf8))
        }
        return Array(code.finalize())
    }

    /// The bytes, readable with this secret and in this place alone (AES-256-GCM).
    /// - Parameter place: where they are kept: moved to another place, they do not open.
    public func seal(_ bytes: [UInt8], for place: [UInt8]) throws -> [UInt8] {
        let box = try AES.GCM.seal(bytes, using: sealing, authenticating: place)
        return Array(box.nonce) + box.ciphertext + box.tag
    }

    /// Nil for what another secret has sealed, or for another place.
    public func open(_ sealed: [UInt8], for place: [UInt8]) -> [UInt8]? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed) else { return nil }
        return (try? AES.GCM.open(box, using: sealing, authenticating: place)).map(Array.init)
    }
}
