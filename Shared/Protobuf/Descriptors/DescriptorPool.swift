import CDescriptor
import CProtobufC

/// All types of a set of .proto files, looked up by full name.
///
/// protobuf-c's own descriptors know no JSON names, maps, streaming or options; JSON, reflection, REST routes and
/// OpenAPI read this one instead.
public struct DescriptorPool: Sendable {
    /// In the order in which they were added.
    public private(set) var files: [FileDescriptor] = []
    /// By full name, nested ones too.
    public private(set) var messages: [String: MessageDescriptor] = [:]
    /// By full name, nested ones too.
    public private(set) var enums: [String: EnumDescriptor] = [:]
    /// By full name.
    public private(set) var services: [String: ServiceDescriptor] = [:]
    /// What the .proto file says above a declaration, by its full name; an enum value is `package.Enum.VALUE`. Only of
    /// files that came with their comments.
    public private(set) var comments: [String: String] = [:]

    /// Without files.
    public init() {}

    /// From a serialised `google.protobuf.FileDescriptorSet`.
    public init(fileDescriptorSet: [UInt8]) throws(DecodingError) {
        self.init()
        let files = try Unpacked.files(ofSet: fileDescriptorSet)
        for file in files { try add(file: file) }
    }

    /// From the descriptor set that a schema module holds as C data; it was made with this program, so it is sound.
    public init(embedded start: UnsafePointer<UInt8>, count: Int) {
        do {
            try self.init(fileDescriptorSet: [UInt8](UnsafeBufferPointer(start: start, count: count)))
        } catch {
            preconditionFailure("the embedded descriptors are damaged: \(error)")
        }
    }

    /// Adds one serialised `FileDescriptorProto`; a file of the same name is there already: nothing happens.
    public mutating func add(file serialized: [UInt8]) throws(DecodingError) {
        let parsed = try Unpacked.parse(file: serialized)
        guard !files.contains(where: { $0.name == parsed.file.name }) else { return }
        files.append(parsed.file)
        for message in parsed.messages { messages[message.fullName] = message }
        for type in parsed.enums { enums[type.fullName] = type }
        for service in parsed.services { services[service.fullName] = service }
        comments.merge(parsed.comments) { own, _ in own }
    }

    /// Adds the files of another pool; of two with the same name the first stays.
    public mutating func add(_ other: DescriptorPool) {
        for file in other.files where !files.contains(where: { $0.name == file.name }) { files.append(file) }
        messages.merge(other.messages) { own, _ in own }
        enums.merge(other.enums) { own, _ in own }
        services.merge(other.services) { own, _ in own }
        comments.merge(other.comments) { own, _ in own }
    }

    /// The file that declares a message, enum, service or method of this full name.
    public func file(containing symbol: String) -> FileDescriptor? {
        files.first { file in
            file.messages.contains(symbol) || file.enums.contains(symbol)
                || file.services.contains { symbol == $0 || isMethod(symbol, of: $0) }
        }
    }

    private func isMethod(_ symbol: String, of service: String) -> Bool {
        services[service]?.methods.contains { symbol == "\(service).\($0.name)" } ?? false
    }
}
