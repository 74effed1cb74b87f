import Protobuf

/// Writes messages and enums as Swift values.
struct TypeWriter {
    let pool: DescriptorPool
    let swiftNames: [String: String]

    func write(_ message: MessageDescriptor, to source: inout Source) throws {
        let cType = Names.cType(message.fullName)
        let fields = try message.fields.map { try FieldWriter($0, of: message, pool: pool, swiftNames: swiftNames) }
        try source.block("public struct \(swiftNames[message.fullName]!.lastComponent): Message") { source in
            source.line("public static let fullName = \"\(message.fullName)\"")
            source.line("public static let layout = MessageLayout(of: Self.self)")
            source.line()
            for field in fields where field.oneof == nil {
                for line in field.declaration { source.line(line) }
            }
            for (index, name) in message.oneofs.enumerated() {
                source.line("public var \(Names.escaped(Names.lowerCamelCase(name))): \(oneofType(name))?")
                _ = index
            }
            source.line()
            source.line("public init() {}")
            writeMemberwise(message, fields, to: &source)
            source.line()
            writeMerge(message, fields, to: &source)
            source.line()
            source.block("public static func initialize(_ c: UnsafeMutablePointer<\(cType)>)") { source in
                source.line("\(Names.cFunctionPrefix(message.fullName))__init(c)")
            }
            source.line()
            source.block("public func write(_ c: UnsafeMutablePointer<\(cType)>, in arena: Arena)") { source in
                for field in fields where field.oneof == nil {
                    for line in field.writing { source.line(line) }
                }
                for (index, name) in message.oneofs.enumerated() {
                    writeOneof(index, name, message, fields, to: &source)
                }
            }
            for (index, name) in message.oneofs.enumerated() {
                source.line()
                source.block("public enum \(oneofType(name)): Sendable, Hashable") { source in
                    for field in fields where field.oneof == index {
                        source.line("\(field.isRecursive ? "indirect " : "")case \(field.property)(\(field.bareType))")
                    }
                }
            }
            for nested in pool.messages.values.filter({ $0.parent == message.fullName && !$0.isMapEntry })
                .sorted(by: { $0.name < $1.name })
            {
                source.line()
                try write(nested, to: &source)
            }
            for nested in pool.enums.values.filter({ $0.parent == message.fullName }).sorted(by: { $0.name < $1.name })
            {
                source.line()
                write(nested, to: &source)
            }
        }
    }

    func write(_ type: EnumDescriptor, to source: inout Source) {
        // The first name of a number; others are its aliases, which only JSON and the descriptors know.
        var seen: Set<Int32> = []
        let cases = type.values.filter { seen.insert($0.number).inserted }
            .map { (Names.enumCase($0.name, of: type.name), $0.number, $0.name) }
        source.block("public enum \(swiftNames[type.fullName]!.lastComponent): MessageEnum, CustomStringConvertible") {
            source in
            for (name, _, _) in cases { source.line("case \(name)") }
            source.line("/// A number that this version of the contract does not name.")
            source.line("case unrecognized(Int32)")
            source.line()
            source.line("/// The named ones, in the order of the contract.")
            source.line("public static let allCases: [Self] = [\(cases.map { "." + $0.0 }.joined(separator: ", "))]")
            source.line()
            source.block("public init(rawValue: Int32)") { source in
                source.line("switch rawValue {")
                for (name, number, _) in cases { source.line("case \(number): self = .\(name)") }
                source.line("default: self = .unrecognized(rawValue)")
                source.line("}")
            }
            source.line()
            source.block("public var rawValue: Int32") { source in
                source.line("switch self {")
                for (name, number, _) in cases { source.line("case .\(name): \(number)") }
                source.line("case .unrecognized(let number): number")
                source.line("}")
            }
            source.line()
            source.line("/// The name in the contract, or the number of an unrecognized one.")
            source.block("public var description: String") { source in
                source.line("switch self {")
                for (name, _, contract) in cases { source.line("case .\(name): \"\(contract)\"") }
                source.line("case .unrecognized(let number): \"\\(number)\"")
                source.line("}")
            }
        }
    }

    private func writeMemberwise(_ message: MessageDescriptor, _ fields: [FieldWriter], to source: inout Source) {
        var parameters = fields.filter { $0.oneof == nil }.map { "\($0.property): \($0.type) = \($0.defaultValue)" }
        var names = fields.filter { $0.oneof == nil }.map(\.property)
        for name in message.oneofs {
            let property = Names.escaped(Names.lowerCamelCase(name))
            parameters.append("\(property): \(oneofType(name))? = nil")
            names.append(property)
        }
        guard !parameters.isEmpty else { return }
        source.line()
        source.line("public init(")
        for (index, parameter) in parameters.enumerated() {
            source.line("    \(parameter)\(index == parameters.count - 1 ? "" : ",")")
        }
        source.block(")") { source in
            for name in names { source.line("self.\(name) = \(name)") }
        }
    }

    private func oneofType(_ name: String) -> String {
        let camel = Names.lowerCamelCase(name)
        return camel.prefix(1).uppercased() + camel.dropFirst()
    }

    private func writeMerge(_ message: MessageDescriptor, _ fields: [FieldWriter], to source: inout Source) {
        let signature = "public mutating func merge(from reader: inout FieldReader) throws(DecodingError)"
        source.block(signature) { source in
            guard !fields.isEmpty else {
                source.line("while try reader.next() != nil { try reader.skip() }")
                return
            }
            source.block("while let field = try reader.next()") { source in
                source.line("switch field {")
                for field in fields {
                    let oneof = field.oneof.map { Names.escaped(Names.lowerCamelCase(message.oneofs[$0])) }
                    let lines = oneof.map(field.reading(into:)) ?? field.reading
                    if lines.count == 1 {
                        source.line("case \(field.number): \(lines[0])")
                    } else {
                        source.line("case \(field.number):")
                        for line in lines { source.line("    " + line) }
                    }
                }
                source.line("default: try reader.skip()")
                source.line("}")
            }
        }
    }

    private func writeOneof(
        _ index: Int, _ name: String, _ message: MessageDescriptor, _ fields: [FieldWriter], to source: inout Source
    ) {
        let caseType = Names.cType("\(message.fullName).\(oneofType(name))Case")
        source.line("switch \(Names.escaped(Names.lowerCamelCase(name))) {")
        for field in fields where field.oneof == index {
            source.line("case .\(field.property)(let value):")
            source.line("    c.pointee.\(name)_case = \(caseType)(rawValue: \(field.number))")
            for line in field.writingBare(value: "value") { source.line("    " + line) }
        }
        source.line("case nil: break")
        source.line("}")
    }
}

extension String {
    fileprivate var lastComponent: String { split(separator: ".").last.map(String.init) ?? self }
}
