/// One .proto file as its descriptor tells it.
public struct FileDescriptor: Sendable {
    /// For example `rapport/goals/v1/goal.proto`.
    public let name: String
    /// Empty when it has none.
    public let package: String
    /// Names of the files that it imports.
    public let dependencies: [String]
    /// The FileDescriptorProto itself, for reflection.
    public let serialized: [UInt8]
    /// Full names, nested ones included, in the order of declaration (a message before what it holds).
    public let messages: [String]
    /// The enums that stand in the file, nested ones too.
    public let enums: [String]
    /// The services in the file's order.
    public let services: [String]
}

/// One message type.
public struct MessageDescriptor: Sendable {
    /// Without the package and the messages around it.
    public let name: String
    /// `package.Message`, without a dot before it.
    public let fullName: String
    /// In the file's order.
    public let fields: [FieldDescriptor]
    /// Their names, in the file's order.
    public let oneofs: [String]
    /// It stands for the entries of a map field.
    public let isMapEntry: Bool
    /// The message that it is declared in; nil at the top of a file.
    public let parent: String?
    let indexByNumber: [Int: Int]
    let indexByName: [String: Int]

    /// A field by its number; nil without one.
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
        /// Scalars, under their names in a .proto file.
        case double = 1
        /// Scalars, under their names in a .proto file.
        case float, int64, uint64, int32, fixed64, fixed32, bool, string
        /// A message, by its full name.
        case message = 11
        /// Scalars and enums, under their names in a .proto file.
        case bytes, uint32, `enum`, sfixed32, sfixed64, sint32, sint64
    }

    /// 1 … 536,870,911.
    public let number: Int
    /// As the .proto file has it.
    public let name: String
    /// As canonical JSON has it: lowerCamelCase, unless the file says otherwise.
    public let jsonName: String
    /// What a value is.
    public let kind: Kind
    /// It holds any number of values; maps do too.
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
    /// Without the package and the messages around it.
    public let name: String
    /// `package.Enum`, or `package.Message.Enum`.
    public let fullName: String
    /// The message that it is declared in; nil at the top of a file.
    public let parent: String?
    /// Names and numbers in the file's order.
    public let values: [(name: String, number: Int32)]

    /// The first name of a number; nil for one that is not named.
    public func name(of number: Int32) -> String? {
        values.first { $0.number == number }?.name
    }

    /// The number of a name; nil for one that is not known.
    public func number(of name: String) -> Int32? {
        values.first { $0.name == name }?.number
    }
}

/// One service with its RPCs.
public struct ServiceDescriptor: Sendable {
    /// Without the package.
    public let name: String
    /// `package.Service`.
    public let fullName: String
    /// In the file's order.
    public let methods: [MethodDescriptor]
}

/// One RPC.
public struct MethodDescriptor: Sendable {
    /// Without the service.
    public let name: String
    /// Full name of the request's message.
    public let inputType: String
    /// Full name of the response's message.
    public let outputType: String
    /// The request is a stream of messages.
    public let isClientStreaming: Bool
    /// The response is a stream of messages.
    public let isServerStreaming: Bool
    /// `idempotency_level = NO_SIDE_EFFECTS`: it changes nothing.
    public let hasNoSideEffects: Bool
    /// The serialised `google.api.HttpRule` of the method's options; nil without one.
    public let httpRule: [UInt8]?
}
