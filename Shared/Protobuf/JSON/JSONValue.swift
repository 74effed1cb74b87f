/// A JSON text as a tree (RFC 8259).
public enum JSONValue: Sendable, Hashable {
    /// null
    case null
    /// true or false
    case bool(Bool)
    /// As it was spelled, so that 64-bit integers lose nothing.
    case number(String)
    /// A text, its escapes resolved.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Members in order.
    case object(JSONObject)

    /// Parses a whole text. Throws for anything that RFC 8259 does not allow, for equal names in one object, and past
    /// the limits.
    public init(parsing text: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        self = try JSONParser.parse(text, limits: limits)
    }

    /// The text, on one line unless `isPretty`.
    public func text(isPretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(isPretty: isPretty)
        writer.value(self)
        return writer.bytes
    }

    /// For messages to people: "a string", "an object".
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// A JSON object: members in the order of the text, each name once.
public struct JSONObject: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// A name and its value.
    public struct Member: Sendable, Hashable {
        /// Its escapes resolved.
        public var name: String
        /// What it stands for.
        public var value: JSONValue
    }

    /// In the order of the text.
    public private(set) var members: [Member]

    /// Without members.
    public init() {
        members = []
    }

    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (name, value) in elements { self[name] = value }
    }

    /// The caller has seen to it that no name comes twice.
    init(unique members: [Member]) {
        self.members = members
    }

    /// Setting nil removes the member.
    public subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

/// What one JSON text may ask for.
public struct JSONLimits: Sendable, Hashable {
    /// Lists and objects inside each other, and messages inside messages.
    public var depth: Int
    /// Values altogether.
    public var values: Int

    /// The defaults are those of the wire format (`DecodingLimits`).
    public init(depth: Int = 100, values: Int = 1_000_000) {
        self.depth = depth
        self.values = values
    }

    /// What a service takes from outside.
    public static let `default` = JSONLimits()
}

/// Why a JSON text is not a message, or a message has no JSON form.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where: `goal.scale.levels[2]`, as the client spelled it. Empty for the whole text.
    public var path: String
    /// What was expected there.
    public var problem: String

    /// An error with a text and where it was met.
    public init(_ problem: String, at path: String = "") {
        self.path = path
        self.problem = problem
    }

    public var description: String {
        path.isEmpty ? problem : "\(path): \(problem)"
    }

    /// The same error, seen from one level further out.
    func inside(_ step: String) -> JSONError {
        JSONError(problem, at: path.isEmpty || path.hasPrefix("[") ? step + path : "\(step).\(path)")
    }

    /// Runs `body`; its errors get the path in front. Costs nothing when there are none.
    static func within<R>(
        _ step: @autoclosure () -> String, _ body: () throws(JSONError) -> R
    ) throws(JSONError) -> R {
        do {
            return try body()
        } catch {
            throw error.inside(step())
        }
    }
}
