internal import Crypto
internal import FoundationEssentials

/// The keys that wrap all others: whoever has the database's file alone, or a copy of it, cannot read what is encrypted.
///
/// The first one wraps new keys; the others still open what they have wrapped, so that a key is changed by putting another
/// one before it.
public struct Keyring: Sendable {
    private struct Entry: Sendable {
        let id: String
        let key: SymmetricKey
    }

    /// Keys of one ring, so that a start does not take long over a wrong file.
    public static let limit = 16

    private let entries: [Entry]

    /// - Parameter text: a line for each key: a name of a–z, 0–9 and -, a blank, 32 bytes in Base64. Empty lines and those
    ///   that begin with # count for nothing.
    /// - Throws: `StorageError.keyring`, which never tells a key.
    public init(_ text: String) throws {
        var entries: [Entry] = []
        for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) && line.first != "#"
        {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count == 2, words[0].wholeMatch(of: /[a-z0-9-]{1,63}/) != nil,
                let bytes = Data(base64Encoded: String(words[1])), bytes.count == 32
            else {
                throw StorageError.keyring(
                    "line \(entries.count + 1) of the keyring is not NAME and 32 bytes in Base64")
            }
            guard !entries.contains(where: { $0.id == words[0] }) else {
                throw StorageError.keyring("the keyring has two keys \(words[0])")
            }
            entries.append(Entry(id: String(words[0]), key: SymmetricKey(data: bytes)))
        }
        guard (1...Self.limit).contains(entries.count) else {
            throw StorageError.keyring("the keyring has \(entries.count) keys, 1 to \(Self.limit) are needed")
        }
        self.entries = entries
    }

    /// The text of a ring with one new random key.
    public static func fresh(named id: String) -> String {
        "\(id) \(SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString())\n"
    }

    /// The name of the key that wraps.
    var current: String { entries[0].id }

    func wrap(_ key: SymmetricKey, for place: [UInt8]) throws -> [UInt8] {
        let bytes = key.withUnsafeBytes { Array($0) }
        return try Self.seal(bytes, with: entries[0].key, for: place)
    }

    /// - Throws: `StorageError.keyring` when the ring lacks the key, or what was stored is not what was wrapped.
    func unwrap(_ wrapped: [UInt8], by id: String, for place: [UInt8]) throws -> SymmetricKey {
        guard let entry = entries.first(where: { $0.id == id }) else {
            throw StorageError.keyring("the keyring lacks the key \(id), which has wrapped what is stored here")
        }
        return SymmetricKey(data: try Self.open(wrapped, with: entry.key, for: place))
    }

    /// AES-GCM (NIST SP 800-38D): nonce, ciphertext and tag; `place` is authenticated with it, so that nothing can be put
    /// somewhere else.
    static func seal(_ bytes: [UInt8], with key: SymmetricKey, for place: [UInt8]) throws -> [UInt8] {
        guard let sealed = try? AES.GCM.seal(bytes, using: key, authenticating: place).combined else {
            throw StorageError.keyring("encryption failed")
        }
        return Array(sealed)
    }

    static func open(_ bytes: [UInt8], with key: SymmetricKey, for place: [UInt8]) throws -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let opened = try? AES.GCM.open(box, using: key, authenticating: place)
        else { throw StorageError.keyring("what is stored cannot be opened: another key, or it was changed") }
        return Array(opened)
    }
}

extension Keyring: Hashable {
    public static func == (one: Keyring, other: Keyring) -> Bool {
        one.entries.elementsEqual(other.entries) { $0.id == $1.id && $0.key == $1.key }
    }

    public func hash(into hasher: inout Hasher) {
        for entry in entries { hasher.combine(entry.id) }
    }
}

extension Keyring: CustomStringConvertible {
    /// Names alone, so that no log tells a key.
    public var description: String { "keyring \(entries.map(\.id).joined(separator: ", "))" }
}
