import Protobuf

/// A list's filter: the subset of AIP-160 that docs/domain.md §6.0 names. AND OR NOT, = != < > <= >=, `:` for "has",
/// parentheses, strings, numbers, enums, timestamps. OR binds tighter than AND, as AIP-160 has it.
///
///     state = ACCEPTED AND due_time < "2026-03-01T00:00:00Z"
///     NOT (kind = RECOGNITION OR kind = NEUTRAL) AND goal:*
public struct Filter: Sendable {
    /// Characters of a filter.
    static let maximumLength = 1000
    /// Comparisons in one filter.
    static let maximumComparisons = 50
    /// Parentheses within parentheses.
    static let maximumDepth = 20

    indirect enum Node: Sendable {
        case comparison(Comparison)
        case not(Node)
        case all([Node])
        case any([Node])
    }

    private let root: Node

    /// - Parameters:
    ///   - text: not empty.
    ///   - message: full name of the resource's message.
    ///   - hidden: fields that nobody may ask about.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_FILTER with what is wrong and where.
    init(_ text: String, of message: String, in pool: DescriptorPool = .schema, hiding hidden: Set<String> = []) throws
    {
        guard text.count <= Filter.maximumLength else {
            throw Filter.refusal("is longer than \(Filter.maximumLength) characters")
        }
        var parser = FilterParser(try FilterToken.split(text)) { path in
            do {
                let found = try FieldPath(path, of: message, in: pool)
                guard !hidden.contains(path) else { throw FieldPath.Failure.unknownField(path) }
                return found
            } catch FieldPath.Failure.notAMessage(let field) {
                throw Filter.refusal("nothing can be asked of what lies inside \(field)")
            } catch {
                throw Filter.refusal("there is no field \(path)")
            }
        } enumeration: {
            pool.enums[$0]
        }
        root = try parser.parse()
    }

    static func refusal(_ problem: String) -> Refusal {
        Refusal.invalid("filter", problem, reason: "BAD_FILTER")
    }

    /// Whether a serialised message passes.
    func passes(_ message: [UInt8]) throws -> Bool { try Filter.passes(root, message) }

    private static func passes(_ node: Node, _ message: [UInt8]) throws -> Bool {
        switch node {
        case .comparison(let comparison): try comparison.holds(for: message)
        case .not(let node): try !passes(node, message)
        case .all(let nodes): try nodes.allSatisfy { try passes($0, message) }
        case .any(let nodes): try nodes.contains { try passes($0, message) }
        }
    }
}

/// One restriction of a filter. Of a repeated field it is enough that one element satisfies it.
struct Comparison: Sendable {
    enum Operator: String, Sendable {
        case equal = "="
        case unequal = "!="
        case less = "<"
        case greater = ">"
        case atMost = "<="
        case atLeast = ">="
        case has = ":"
    }

    let path: FieldPath
    let `operator`: Operator
    /// Nil for `field:*`: any value but the default.
    let operand: FieldValue?

    func holds(for message: [UInt8]) throws -> Bool {
        let values = try path.values(in: message)
        guard let operand else { return values.contains { !$0.isDefault } }
        if `operator` == .unequal { return !values.contains { $0.compared(with: operand) == .some(0) } }
        return values.contains { value in
            guard let order = value.compared(with: operand) else { return false }
            return switch `operator` {
            case .equal, .has: order == 0
            case .unequal: order != 0
            case .less: order < 0
            case .greater: order > 0
            case .atMost: order <= 0
            case .atLeast: order >= 0
            }
        }
    }
}

extension FieldValue {
    var isDefault: Bool {
        switch self {
        case .integer(let value): value == 0
        case .unsigned(let value): value == 0
        case .double(let value): value == 0
        case .bool(let value): !value
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .number(let value): value == 0
        case .timestamp, .message: false
        }
    }

    /// -1, 0 or 1; nil for what has no order, such as a NaN. Text is compared by Unicode scalars, so that it does not
    /// depend on a language.
    func compared(with other: FieldValue) -> Int? {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): FieldValue.order(a, b)
        case (.unsigned(let a), .unsigned(let b)): FieldValue.order(a, b)
        case (.double(let a), .double(let b)): a.isNaN || b.isNaN ? nil : FieldValue.order(a, b)
        case (.bool(let a), .bool(let b)): FieldValue.order(a ? 1 : 0, b ? 1 : 0)
        case (.number(let a), .number(let b)): FieldValue.order(a, b)
        case (.string(let a), .string(let b)):
            a == b ? 0 : a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars) ? -1 : 1
        case (.timestamp(let a, let c), .timestamp(let b, let d)): FieldValue.order((a, c), (b, d))
        default: nil
        }
    }

    private static func order<Value: Comparable>(_ a: Value, _ b: Value) -> Int { a < b ? -1 : a == b ? 0 : 1 }

    private static func order(_ a: (Int64, Int32), _ b: (Int64, Int32)) -> Int { a < b ? -1 : a == b ? 0 : 1 }
}
