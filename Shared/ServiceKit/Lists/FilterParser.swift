import Protobuf

/// One word of a filter, and where it begins.
struct FilterToken: Equatable {
    enum Kind: Equatable {
        case word(String)
        case quoted(String)
        case symbol(String)
    }

    let kind: Kind
    /// In characters from the beginning.
    let position: Int

    /// - Throws: `Refusal` BAD_FILTER for a quotation without its end.
    static func split(_ text: String) throws -> [FilterToken] {
        let characters = Array(text)
        var tokens: [FilterToken] = []
        var index = 0
        while index < characters.count {
            let start = index
            let character = characters[index]
            switch character {
            case _ where character.isWhitespace:
                index += 1
            case "\"", "'":
                let (content, end) = try quoted(characters, from: start)
                tokens.append(FilterToken(kind: .quoted(content), position: start))
                index = end
            case "(", ")", "=", ":":
                tokens.append(FilterToken(kind: .symbol(String(character)), position: start))
                index += 1
            case "<", ">", "!":
                let isPair = index + 1 < characters.count && characters[index + 1] == "="
                index += isPair ? 2 : 1
                tokens.append(FilterToken(kind: .symbol(String(characters[start..<index])), position: start))
            default:
                while index < characters.count, !isEnd(characters[index]) { index += 1 }
                tokens.append(FilterToken(kind: .word(String(characters[start..<index])), position: start))
            }
        }
        return tokens
    }

    private static func isEnd(_ character: Character) -> Bool {
        character.isWhitespace || "()=:<>!\"'".contains(character)
    }

    private static func quoted(_ characters: [Character], from start: Int) throws -> (String, end: Int) {
        var content = ""
        var index = start + 1
        while index < characters.count, characters[index] != characters[start] {
            if characters[index] == "\\", index + 1 < characters.count { index += 1 }
            content.append(characters[index])
            index += 1
        }
        guard index < characters.count else { throw Filter.refusal("the quotation at \(start) has no end") }
        return (content, index + 1)
    }
}

/// Recursive descent over AIP-160's grammar: AND over OR over NOT over comparisons and parentheses.
struct FilterParser {
    private let tokens: [FilterToken]
    private var index = 0
    private var comparisons = 0
    private let field: (String) throws -> FieldPath
    private let enumeration: (String) -> EnumDescriptor?

    init(
        _ tokens: [FilterToken], field: @escaping (String) throws -> FieldPath,
        enumeration: @escaping (String) -> EnumDescriptor?
    ) {
        self.tokens = tokens
        self.field = field
        self.enumeration = enumeration
    }

    mutating func parse() throws -> Filter.Node {
        let node = try conjunction(depth: 0)
        guard index == tokens.count else { throw unexpected("AND, OR or the end") }
        return node
    }

    private mutating func conjunction(depth: Int) throws -> Filter.Node {
        var nodes = [try disjunction(depth: depth)]
        while takeWord("AND") { nodes.append(try disjunction(depth: depth)) }
        return nodes.count == 1 ? nodes[0] : .all(nodes)
    }

    private mutating func disjunction(depth: Int) throws -> Filter.Node {
        var nodes = [try term(depth: depth)]
        while takeWord("OR") { nodes.append(try term(depth: depth)) }
        return nodes.count == 1 ? nodes[0] : .any(nodes)
    }

    private mutating func term(depth: Int) throws -> Filter.Node {
        guard depth <= Filter.maximumDepth else {
            throw Filter.refusal("is nested more than \(Filter.maximumDepth) deep")
        }
        if takeWord("NOT") { return .not(try term(depth: depth + 1)) }
        if takeSymbol("(") {
            let node = try conjunction(depth: depth + 1)
            guard takeSymbol(")") else { throw unexpected("a closing parenthesis") }
            return node
        }
        return .comparison(try comparison())
    }

    private mutating func comparison() throws -> Comparison {
        comparisons += 1
        guard comparisons <= Filter.maximumComparisons else {
            throw Filter.refusal("has more than \(Filter.maximumComparisons) comparisons")
        }
        guard case .word(let name)? = next?.kind else { throw unexpected("the name of a field") }
        index += 1
        let path = try field(name)
        guard case .symbol(let symbol)? = next?.kind, let comparator = Comparison.Operator(rawValue: symbol) else {
            throw unexpected("one of = != < > <= >= : after \(name)")
        }
        index += 1
        guard let token = next else { throw unexpected("a value to compare \(name) with") }
        var (text, isQuoted) = ("", false)
        switch token.kind {
        case .word(let word): text = word
        case .quoted(let words): (text, isQuoted) = (words, true)
        case .symbol: throw unexpected("a value to compare \(name) with")
        }
        index += 1
        // A timestamp without quotation marks falls apart at its colons.
        if !isQuoted, path.field.typeName == "google.protobuf.Timestamp" { text += restOfTimestamp() }
        if text == "*", !isQuoted, comparator == .has { return Comparison(path: path, operator: .has, operand: nil) }
        return Comparison(path: path, operator: comparator, operand: try operand(text, path.field, name))
    }

    private mutating func restOfTimestamp() -> String {
        var rest = ""
        while case .symbol(":")? = next?.kind, index + 1 < tokens.count, case .word(let word) = tokens[index + 1].kind {
            rest += ":" + word
            index += 2
        }
        return rest
    }

    private func operand(_ text: String, _ field: FieldDescriptor, _ name: String) throws -> FieldValue {
        let value: FieldValue?
        switch field.kind {
        case .double, .float: value = Double(text).flatMap { $0.isFinite ? .double($0) : nil }
        case .int32, .int64, .sint32, .sint64, .sfixed32, .sfixed64: value = Int64(text).map { .integer($0) }
        case .uint32, .uint64, .fixed32, .fixed64: value = UInt64(text).map { .unsigned($0) }
        case .bool: value = text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .string: value = .string(text)
        case .enum: value = enumeration(field.typeName)?.number(of: text).map { .number($0) }
        case .message where field.typeName == "google.protobuf.Timestamp":
            value = TimestampText.parse(text).map { .timestamp(seconds: $0.seconds, nanos: $0.nanos) }
        case .message, .bytes: throw Filter.refusal("\(name) can only be asked whether it is there: \(name):*")
        }
        guard let value else { throw Filter.refusal("“\(text.prefix(100))” is no value of \(name)") }
        return value
    }

    // MARK: Tokens

    private var next: FilterToken? { index < tokens.count ? tokens[index] : nil }

    private mutating func takeWord(_ word: String) -> Bool {
        guard next?.kind == .word(word) else { return false }
        index += 1
        return true
    }

    private mutating func takeSymbol(_ symbol: String) -> Bool {
        guard next?.kind == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    private func unexpected(_ wanted: String) -> Refusal {
        Filter.refusal("needs \(wanted) at " + (next.map { "\($0.position)" } ?? "its end"))
    }
}
