/// One .proto file as its descriptor tells it.
public struct FileDescriptor: Sendable {
    /// For example `rapport/goals/v1/goal.proto`.
    public let name: String
    public let package: String
    public let dependencies: [String]
    /// The FileDescriptorProto itself, for reflection.
    public let serialized: [UInt8]
    /// Full names, nested ones included, in the order of declaration (a message before what it holds).
    public let messages: [String]
    public let enums: [String]
    public let services: [String]
}

/// One message type.
public struct MessageDescriptor: Sendable {
    public let name: String
    public let fullName: String
    public let fields: [FieldDescriptor]
    public let oneofs: [String]
    public let isMapEntry: Bool
    /// The message that it is declared in; nil at the top of a file.
    public let parent: String?
    let indexByNumber: [Int: Int]
    let indexByName: [String: Int]

    public func field(_ number: Int) -> FieldDescriptor? {
        indexByNumber[number].map { fields[$0] }
    }

    /// By its proto name or its JSON name.
    public func field(named name: String) -> FieldDescriptor? {
        indexByName[name].map { fields[$0] }
    }
}

/// One field of a message type.
public struct FieldDescriptor: Sendable {
    /// Raw values are those of `google.protobuf.FieldDescriptorProto.Type`.
    public enum Kind: Int32, Sendable {
        case double = 1
        case float, int64, uint64, int32, fixed64, fixed32, bool, string
        case message = 11
        case bytes, uint32, `enum`, sfixed32, sfixed64, sint32, sint64
    }

    public let number: Int
    public let name: String
    public let jsonName: String
    public let kind: Kind
    public let isRepeated: Bool
    /// Full name of the message or enum; empty for scalars.
    public let typeName: String
    /// Index into the message's `oneofs`.
    public let oneof: Int?

    /// Lists of numbers are packed in proto3 unless told otherwise; readers take both forms.
    var isPackable: Bool {
        isRepeated && kind != .string && kind != .bytes && kind != .message
    }
}

/// One enum type.
public struct EnumDescriptor: Sendable {
    public let name: String
    public let fullName: String
    public let parent: String?
    public let values: [(name: String, number: Int32)]

    public func name(of number: Int32) -> String? {
        values.first { $0.number == number }?.name
    }

    public func number(of name: String) -> Int32? {
        values.first { $0.name == name }?.number
    }
}

/// One service with its RPCs.
public struct ServiceDescriptor: Sendable {
    public let name: String
    public let fullName: String
    public let methods: [MethodDescriptor]
}

/// One RPC.
public struct MethodDescriptor: Sendable {
    public let name: String
    public let inputType: String
    public let outputType: String
    public let isClientStreaming: Bool
    public let isServerStreaming: Bool
    /// `idempotency_level = NO_SIDE_EFFECTS`: it changes nothing.
    public let hasNoSideEffects: Bool
    /// The serialised `google.api.HttpRule` of the method's options; nil without one.
    public let httpRule: [UInt8]?
}
