/// Protobuf's canonical JSON mapping between wire bytes and JSON text, for any message type of a pool
/// (protobuf.dev, "ProtoJSON Format").
///
/// Choices where the mapping leaves one: fields come out in the order of declaration under their lowerCamelCase names,
/// and go in under these or the proto names; a field given under both is an error; U+0000 in a string is an error, as
/// on the wire.
public struct JSONMapping: Sendable {
    /// How JSON is written, and what of it is taken.
    public struct Options: Sendable, Hashable {
        /// Prints fields without presence that have their default: 0, "", false, [], {}. Canonical JSON omits them.
        public var printsDefaults: Bool
        /// Indents by two spaces. Otherwise the text is one line.
        public var isPretty: Bool
        /// Skips members that the message does not know instead of refusing them.
        public var ignoresUnknownFields: Bool
        /// What a text may cost.
        public var limits: JSONLimits

        /// Canonical JSON, unless said otherwise.
        public init(
            printsDefaults: Bool = false, isPretty: Bool = false, ignoresUnknownFields: Bool = false,
            limits: JSONLimits = .default
        ) {
            self.printsDefaults = printsDefaults
            self.isPretty = isPretty
            self.ignoresUnknownFields = ignoresUnknownFields
            self.limits = limits
        }
    }

    /// The types that are known.
    public let pool: DescriptorPool
    /// How it writes and reads.
    public let options: Options

    /// A mapping of the messages of a pool.
    public init(_ pool: DescriptorPool, options: Options = Options()) {
        self.pool = pool
        self.options = options
    }

    /// JSON text of a serialised message.
    public func json(fromWire bytes: RawSpan, message fullName: String) throws(JSONError) -> [UInt8] {
        try bytes.withUnsafeBytes { (buffer) throws(JSONError) in
            var printer = JSONPrinter(pool: pool, options: options)
            try printer.message(buffer, fullName)
            return printer.text
        }
    }

    /// The JSON of a message in the binary form.
    /// - Parameter fullName: of the message.
    /// - Throws: `JSONError` when the bytes are no such message.
    public func json(fromWire bytes: [UInt8], message fullName: String) throws(JSONError) -> [UInt8] {
        try json(fromWire: bytes.span.bytes, message: fullName)
    }

    /// The JSON of a message.
    public func json<M: Message>(_ message: M) throws(JSONError) -> [UInt8] {
        try json(fromWire: message.serialized(), message: M.fullName)
    }

    /// A serialised message, fields in the order of their numbers, of a JSON text.
    public func wire(fromJSON text: [UInt8], message fullName: String) throws(JSONError) -> [UInt8] {
        try wire(from: JSONValue(parsing: text, limits: options.limits), message: fullName)
    }

    /// The binary form of a message in JSON.
    /// - Parameter fullName: of the message.
    /// - Throws: `JSONError` when the text is no such message.
    public func wire(from value: JSONValue, message fullName: String) throws(JSONError) -> [UInt8] {
        try JSONEncoding(pool: pool, options: options).message(value, fullName, depth: 1)
    }
}

extension JSONMapping {
    /// Puts one text parameter of a URL at a field path like `page_size` or `filter.as_of` into a message's tree.
    ///
    /// A repeated field gets one more element. A singular one that has another value already is an error: neither a
    /// path and a body, nor two parameters, may contradict each other. Whether the text fits the type of the field
    /// shows when the tree becomes a message.
    public func bind(
        _ text: String, to path: String, in tree: inout JSONValue, message fullName: String
    ) throws(JSONError) {
        let steps = path.split(separator: ".", omittingEmptySubsequences: false)
        do {
            try bind(text, to: steps[...], in: &tree, fullName)
        } catch {
            throw JSONError(error.problem, at: path)
        }
    }

    private func bind(
        _ text: String, to steps: ArraySlice<Substring>, in tree: inout JSONValue, _ type: String
    ) throws(JSONError) {
        guard let step = steps.first, let field = pool.messages[type]?.field(named: String(step)) else {
            throw JSONError("no such field")
        }
        if tree == .null { tree = .object(JSONObject()) }
        guard case .object(var object) = tree else { throw JSONError("expected an object, found \(tree.kind)") }
        // The body may use either name.
        let name = object[field.name] != nil ? field.name : field.jsonName
        var value = object[name] ?? .null
        if steps.count > 1 {
            guard field.kind == .message, !field.isRepeated, !WellKnown.isSpecial(field.typeName) else {
                throw JSONError("\(step) has no fields inside")
            }
            try bind(text, to: steps.dropFirst(), in: &value, field.typeName)
        } else {
            let given = try parameter(text, field)
            switch (value, field.isRepeated) {
            case (.null, true): value = .array([given])
            case (.array(let elements), true): value = .array(elements + [given])
            case (.null, false), (given, false): value = given
            default: throw JSONError("given twice, with different values")
            }
        }
        object[name] = value
        tree = .object(object)
    }

    /// A parameter in the JSON form of its field. Numbers stay strings, which the mapping accepts.
    private func parameter(_ text: String, _ field: FieldDescriptor) throws(JSONError) -> JSONValue {
        var kind = field.kind
        if kind == .message {
            if let wrapped = WellKnown.wrappers[field.typeName] {
                kind = wrapped
            } else if !WellKnown.isText(field.typeName) {
                throw JSONError("a \(field.typeName) cannot be given as a parameter")
            }
        }
        switch kind {
        case .bool:
            guard text == "true" || text == "false" else { throw JSONError("expected true or false") }
            return .bool(text == "true")
        case .enum: return JSONNumber.isNumber(text) ? .number(text) : .string(text)
        default: return .string(text)
        }
    }
}
