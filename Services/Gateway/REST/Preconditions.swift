/// The revision that a client has seen, of `If-Match` (RFC 9110 §13.1.1). Etags of Rapport are strong, and have their
/// quotes in JSON too (AIP-154).
struct EntityTag: Hashable, Sendable {
    /// With its quotes.
    let text: String

    /// Nil for no header, and for `*`: whatever revision there is.
    /// - Throws: `HTTPFailure` 400 for a weak tag, for more than one and for what is none.
    init?(ifMatch values: [String]) throws {
        guard let value = values.first else { return nil }
        if values == ["*"] { return nil }
        guard !value.hasPrefix("W/") else {
            throw EntityTag.malformed("a weak tag cannot say which revision is meant; send the one that you were given")
        }
        let inner = value.utf8.dropFirst().dropLast()
        guard values.count == 1, value.utf8.count > 2, value.hasPrefix("\""), value.hasSuffix("\""),
            inner.allSatisfy({ $0 == 0x21 || $0 >= 0x23 && $0 != 0x7f })
        else { throw EntityTag.malformed("expected one entity tag in quotes, or *") }
        text = value
    }

    private static func malformed(_ problem: String) -> HTTPFailure {
        .badRequest("INVALID_FIELD", "If-Match: \(problem)")
    }
}

/// The request id of an `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header): a UUID, in quotes as the
/// draft has it, or bare as most clients send it.
struct IdempotencyKey: Hashable, Sendable {
    let text: String

    /// Nil for no header.
    /// - Throws: `HTTPFailure` 400 for what is no UUID.
    init?(_ values: [String]) throws {
        guard let value = values.first else { return nil }
        let isQuoted = value.count > 1 && value.hasPrefix("\"") && value.hasSuffix("\"")
        let bare = isQuoted ? String(value.dropFirst().dropLast()) : value
        guard values.count == 1, IdempotencyKey.isUUID(bare) else {
            throw HTTPFailure.badRequest("INVALID_FIELD", "Idempotency-Key: expected one UUID")
        }
        text = bare
    }

    private static func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && parts.joined().utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    }
}
