internal import FoundationEssentials
internal import GRDB

/// One argument of a statement or one column of a row.
public enum Value: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    /// Without U+0000, which is refused.
    case text(String)
    case blob([UInt8])

    public init(_ value: Int64?) { self = value.map(Value.integer) ?? .null }
    public init(_ value: Int) { self = .integer(Int64(value)) }
    public init(_ value: Bool) { self = .integer(value ? 1 : 0) }
    public init(_ value: Double?) { self = value.map(Value.real) ?? .null }
    public init(_ value: String?) { self = value.map(Value.text) ?? .null }
    public init(_ value: [UInt8]?) { self = value.map(Value.blob) ?? .null }

    /// 16 bytes, so that keys compare in the order of their creation.
    public static func id(_ identifier: Identifier) -> Value { .blob(identifier.bytes) }

    public static func key(_ key: Key) -> Value {
        switch key {
        case .id(let identifier): .id(identifier)
        case .text(let text): .text(text)
        }
    }
}

extension Value: ExpressibleByNilLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .real(value) }
    public init(stringLiteral value: String) { self = .text(value) }
}

extension Value {
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let integer): self = .integer(integer)
        case .double(let real): self = .real(real)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob([UInt8](data))
        }
    }

    var databaseValue: DatabaseValue {
        get throws {
            switch self {
            case .null: return .null
            case .integer(let integer): return integer.databaseValue
            case .real(let real): return real.databaseValue
            case .text(let text):
                // The engine's C strings end at a NUL, and half a text must not be stored as if it were whole.
                guard !text.utf8.contains(0) else { throw StorageError.invalid("a text contains U+0000") }
                return text.databaseValue
            case .blob(let bytes): return Data(bytes).databaseValue
            }
        }
    }

    var kind: String {
        switch self {
        case .null: "null"
        case .integer: "an integer"
        case .real: "a real number"
        case .text: "text"
        case .blob: "bytes"
        }
    }
}
