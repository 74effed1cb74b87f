internal import Crypto

/// A UUID (RFC 9562): 16 bytes, compared byte by byte, so that version 7 sorts by creation.
public struct Identifier: Sendable, Hashable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil unless there are exactly 16 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) { bytes.append(UInt8(word >> shift & 0xff)) }
        }
        return bytes
    }

    /// The same name in the same namespace gives the same identifier everywhere (RFC 9562 §5.5).
    public static func version5(namespace: Identifier, name: some Collection<UInt8>) -> Identifier {
        var hash = Insecure.SHA1()
        hash.update(data: namespace.bytes)
        hash.update(data: Array(name))
        var digest = Array(hash.finalize().prefix(16))
        digest[6] = digest[6] & 0x0f | 0x50
        digest[8] = digest[8] & 0x3f | 0x80
        return Identifier(
            high: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: digest.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    public static func version5(namespace: Identifier, name: String) -> Identifier {
        version5(namespace: namespace, name: name.utf8)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; meaningful for version 7 only.
    public var milliseconds: Int64 { Int64(high >> 16) }
}

extension Identifier: Comparable {
    public static func < (left: Identifier, right: Identifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension Identifier: LosslessStringConvertible {
    /// 36 characters: 8-4-4-4-12 hexadecimal digits, lower case.
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        var word = high
        for digit in 0..<32 {
            if digit == 16 { word = low }
            if digit == 8 || digit == 12 || digit == 16 || digit == 20 { text.append(UInt8(ascii: "-")) }
            let value = UInt8(word >> 60)
            text.append(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value)
            word <<= 4
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Accepts the form of `description`, in either case, and nothing else.
    public init?(_ text: String) {
        guard text.utf8.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, character) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = character - UInt8(ascii: "A") + 10
            default: return nil
            }
            if digits < 16 { words.0 = words.0 << 4 | UInt64(digit) } else { words.1 = words.1 << 4 | UInt64(digit) }
            digits += 1
        }
        self.init(high: words.0, low: words.1)
    }
}
