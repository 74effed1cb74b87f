import Protobuf
import Standard

/// Checks of a request's fields. Each throws `Refusal` INVALID_ARGUMENT and names the field.
public enum Check {
    /// Length in characters.
    public static func text(_ value: String, _ field: String, _ length: ClosedRange<Int>) throws {
        guard length.contains(value.count) else {
            throw Refusal.invalid(field, "\(length.lowerBound) to \(length.upperBound) characters are needed")
        }
    }

    public static func range<Value: Comparable>(_ value: Value, _ field: String, _ range: ClosedRange<Value>) throws {
        guard range.contains(value) else {
            throw Refusal.invalid(field, "must lie between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    public static func count(_ number: Int, _ field: String, _ range: ClosedRange<Int>) throws {
        guard range.contains(number) else {
            throw Refusal.invalid(field, "\(range.lowerBound) to \(range.upperBound) entries are allowed")
        }
    }

    public static func instant(_ timestamp: Timestamp?, _ field: String) throws -> Instant {
        guard let timestamp else { throw Refusal.invalid(field, "is required") }
        do {
            return try Instant(timestamp)
        } catch let refusal as Refusal {
            throw Refusal.invalid(field, refusal.message)
        }
    }

    /// Neither left out nor of a later version of the contract.
    public static func known(_ value: some MessageEnum & CustomStringConvertible, _ field: String) throws {
        guard value.rawValue != 0 else { throw Refusal.invalid(field, "is required") }
        // An unrecognised number describes itself by its digits.
        guard value.description != "\(value.rawValue)" else { throw Refusal.invalid(field, "\(value) is unknown") }
    }
}

extension String {
    /// False for an empty text and for blanks alone.
    public var saysSomething: Bool { contains { !$0.isWhitespace } }
}
