/// Bounds on what one row may hold. They protect the file and the memory of a reader; a caller that reaches one has a
/// defect or is fed hostile input, so they are fixed and not configured.
public enum Limits {
    /// Bytes in a resource body, an outbox event or a duty's payload: the largest message that the suite accepts (4
    /// MiB).
    public static let payload = 4 << 20
    /// UTF-8 bytes in a key, scope, kind, source, caller or resource name. Resource names have at most 255 (RFC 1035
    /// labels joined by collection names); 512 leaves room.
    public static let text = 512
    /// Rows that one list, claim, purge or outbox read may ask for.
    public static let rows = 10_000

    static func check(payload: [UInt8]) throws {
        guard payload.count <= Self.payload else {
            throw StorageError.invalid("a payload has \(payload.count) bytes, at most \(Self.payload) are stored")
        }
    }

    static func check(text: String, _ what: String) throws {
        guard text.utf8.count <= Self.text else {
            throw StorageError.invalid("a \(what) has \(text.utf8.count) bytes, at most \(Self.text) are stored")
        }
    }

    static func check(rows: Int) throws {
        guard (1...Self.rows).contains(rows) else {
            throw StorageError.invalid("a limit is \(rows), it must be 1 to \(Self.rows)")
        }
    }
}
