import Protobuf

/// A list's order: `due_time desc, weight`, at most three fields; ties are in order of creation (AIP-132).
///
/// Numbers, enums by number, booleans, timestamps and text can be ordered by; of text the first 64 characters count.
/// What has no value comes last, or first when descending.
struct Ordering: Sendable {
    static let maximumFields = 3
    static let textLength = 64

    struct Field: Sendable {
        let name: String
        let path: FieldPath
        let isDescending: Bool
    }

    /// One item's place in the order.
    struct Place: Equatable {
        /// One for each field of the order.
        var values: [FieldValue?]
        /// The resource's own id, which ascends with its creation.
        var id: String
    }

    let fields: [Field]

    /// - Throws: `Refusal` INVALID_ARGUMENT.
    init(_ text: String, of message: String, in pool: DescriptorPool = .schema, hiding hidden: Set<String> = []) throws
    {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count <= Ordering.maximumFields else {
            throw Ordering.refusal("has more than \(Ordering.maximumFields) fields")
        }
        fields = try parts.map { part in
            let words = part.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let name = words.first, words.count <= 2, words.count == 1 || ["asc", "desc"].contains(words[1])
            else {
                throw Ordering.refusal("is fields with commas between them, each with desc behind it or nothing")
            }
            guard let path = try? FieldPath(name, of: message, in: pool), !hidden.contains(name) else {
                throw Ordering.refusal("there is no field \(name)")
            }
            let field = path.field
            guard !path.isRepeated, field.kind != .bytes,
                field.kind != .message || field.typeName == "google.protobuf.Timestamp"
            else { throw Ordering.refusal("\(name) has no order") }
            return Field(name: name, path: path, isDescending: words.last == "desc")
        }
    }

    static func refusal(_ problem: String) -> Refusal { Refusal.invalid("order_by", problem) }

    func place(of message: [UInt8], id: String) throws -> Place {
        Place(
            values: try fields.map { field in
                let value = try field.path.values(in: message).last
                if case .string(let text)? = value { return .string(String(text.prefix(Ordering.textLength))) }
                return value
            }, id: id)
    }

    func precedes(_ a: Place, _ b: Place) -> Bool {
        for (index, field) in fields.enumerated() {
            let order = Ordering.order(a.values[index], b.values[index])
            if order != 0 { return (order < 0) != field.isDescending }
        }
        return a.id < b.id
    }

    private static func order(_ a: FieldValue?, _ b: FieldValue?) -> Int {
        switch (a, b) {
        case (nil, nil): 0
        case (nil, _): 1
        case (_, nil): -1
        case (let a?, let b?): a.compared(with: b) ?? 0
        }
    }
}

// MARK: In a page token

extension Ordering.Place {
    var bytes: [UInt8] {
        var bytes = [UInt8(values.count)]
        for value in values {
            switch value {
            case nil: bytes.append(0)
            case .integer(let number)?: bytes += [1] + number.bytes
            case .unsigned(let number)?: bytes += [2] + Int64(bitPattern: number).bytes
            case .double(let number)?: bytes += [3] + Int64(bitPattern: number.bitPattern).bytes
            case .bool(let flag)?: bytes += [4, flag ? 1 : 0]
            case .number(let number)?: bytes += [5] + Int64(number).bytes
            case .timestamp(let seconds, let nanos)?: bytes += [6] + seconds.bytes + Int64(nanos).bytes
            case .string(let text)?: bytes += [7] + Int64(text.utf8.count).bytes + Array(text.utf8)
            case .bytes?, .message?: preconditionFailure("neither has an order")
            }
        }
        return bytes + Array(id.utf8)
    }

    /// Nil for what `bytes` did not make.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        func number() -> Int64? {
            guard rest.count >= 8 else { return nil }
            defer { rest = rest.dropFirst(8) }
            return Int64(bytes: rest.prefix(8))
        }
        guard let count = rest.popFirst(), Int(count) <= Ordering.maximumFields else { return nil }
        values = []
        for _ in 0..<count {
            switch rest.popFirst() {
            case 0?: values.append(nil)
            case 1?:
                guard let value = number() else { return nil }
                values.append(.integer(value))
            case 2?:
                guard let value = number() else { return nil }
                values.append(.unsigned(UInt64(bitPattern: value)))
            case 3?:
                guard let value = number() else { return nil }
                values.append(.double(Double(bitPattern: UInt64(bitPattern: value))))
            case 4?:
                guard let value = rest.popFirst() else { return nil }
                values.append(.bool(value != 0))
            case 5?:
                guard let value = number() else { return nil }
                values.append(.number(Int32(truncatingIfNeeded: value)))
            case 6?:
                guard let seconds = number(), let nanos = number() else { return nil }
                values.append(.timestamp(seconds: seconds, nanos: Int32(truncatingIfNeeded: nanos)))
            case 7?:
                guard let length = number(), length >= 0, length <= rest.count else { return nil }
                values.append(.string(String(decoding: rest.prefix(Int(length)), as: UTF8.self)))
                rest = rest.dropFirst(Int(length))
            default: return nil
            }
        }
        id = String(decoding: rest, as: UTF8.self)
    }
}

extension Int64 {
    fileprivate var bytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) } }

    fileprivate init(bytes: ArraySlice<UInt8>) {
        self = bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
    }
}
