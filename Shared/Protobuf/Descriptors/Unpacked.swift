import CDescriptor
import CProtobufC

/// Copies protobuf-c's structs of descriptor.proto into values.
enum Unpacked {
    struct File {
        var file: FileDescriptor
        var messages: [MessageDescriptor]
        var enums: [EnumDescriptor]
        var services: [ServiceDescriptor]
        /// By full name.
        var comments: [String: String]
    }

    /// Field 1 of FileDescriptorSet holds the files.
    static func files(ofSet bytes: [UInt8]) throws(DecodingError) -> [[UInt8]] {
        try bytes.span.bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
            var reader = WireReader(buffer)
            var files: [[UInt8]] = []
            while !reader.isAtEnd {
                let (field, type) = try reader.tag()
                if field == 1, type == .lengthDelimited {
                    files.append([UInt8](try reader.lengthDelimited()))
                } else {
                    try reader.skip(type)
                }
            }
            return files
        }
    }

    static func parse(file bytes: [UInt8]) throws(DecodingError) -> File {
        typealias C = Google__Protobuf__FileDescriptorProto
        var empty = C()
        google__protobuf__file_descriptor_proto__init(&empty)
        let layout = MessageLayout(empty.base.descriptor)
        let limits = DecodingLimits.default
        return try bytes.span.bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
            try WireScan.check(buffer, as: layout, limits: limits)
            // The scan estimates what protobuf-c will ask for; its own bookkeeping needs the rest of the factor of two.
            return try Arena.withScratch(limit: 2 * limits.memory) { (arena) throws(DecodingError) in
                let unpacked = arena.withAllocator {
                    google__protobuf__file_descriptor_proto__unpack(
                        $0, buffer.count, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
                guard let unpacked else { throw .rejected }
                return file(unpacked.pointee, bytes)
            }
        }
    }

    private static func file(_ c: Google__Protobuf__FileDescriptorProto, _ bytes: [UInt8]) -> File {
        let package = Reading.string(c.package)
        var messages: [MessageDescriptor] = []
        var enums: [EnumDescriptor] = []
        for message in pointers(c.n_message_type, c.message_type) {
            collect(message, package, nil, &messages, &enums)
        }
        for type in pointers(c.n_enum_type, c.enum_type) { enums.append(enumeration(type, package, nil)) }
        let services = pointers(c.n_service, c.service).map { service($0, package) }
        let file = FileDescriptor(
            name: Reading.string(c.name),
            package: package,
            dependencies: Reading.strings(c.n_dependency, c.dependency),
            serialized: bytes,
            messages: messages.map(\.fullName),
            enums: enums.map(\.fullName),
            services: services.map(\.fullName))
        return File(
            file: file, messages: messages, enums: enums, services: services, comments: comments(c, package))
    }

    private static func collect(
        _ c: Google__Protobuf__DescriptorProto, _ scope: String, _ parent: String?,
        _ messages: inout [MessageDescriptor], _ enums: inout [EnumDescriptor]
    ) {
        let fullName = qualified(Reading.string(c.name), scope)
        let fields = pointers(c.n_field, c.field).map(field)
        var indexByName: [String: Int] = [:]
        var indexByNumber: [Int: Int] = [:]
        for (index, field) in fields.enumerated() {
            indexByName[field.name] = index
            indexByName[field.jsonName] = index
            indexByNumber[field.number] = index
        }
        messages.append(
            MessageDescriptor(
                name: Reading.string(c.name),
                fullName: fullName,
                fields: fields,
                oneofs: pointers(c.n_oneof_decl, c.oneof_decl).map { Reading.string($0.name) },
                isMapEntry: c.options.map { $0.pointee.map_entry != 0 } ?? false,
                parent: parent,
                indexByNumber: indexByNumber,
                indexByName: indexByName))
        for nested in pointers(c.n_nested_type, c.nested_type) {
            collect(nested, fullName, fullName, &messages, &enums)
        }
        for type in pointers(c.n_enum_type, c.enum_type) { enums.append(enumeration(type, fullName, fullName)) }
    }

    private static func field(_ c: Google__Protobuf__FieldDescriptorProto) -> FieldDescriptor {
        let name = Reading.string(c.name)
        let jsonName = Reading.string(c.json_name)
        return FieldDescriptor(
            number: Int(c.number),
            name: name,
            jsonName: jsonName.isEmpty ? lowerCamelCase(name) : jsonName,
            kind: FieldDescriptor.Kind(rawValue: Int32(c.type.rawValue)) ?? .bytes,
            isRepeated: c.label.rawValue == 3,
            typeName: String(Reading.string(c.type_name).drop { $0 == "." }),
            oneof: c.has_oneof_index != 0 ? Int(c.oneof_index) : nil)
    }

    private static func enumeration(
        _ c: Google__Protobuf__EnumDescriptorProto, _ scope: String, _ parent: String?
    ) -> EnumDescriptor {
        EnumDescriptor(
            name: Reading.string(c.name),
            fullName: qualified(Reading.string(c.name), scope),
            parent: parent,
            values: pointers(c.n_value, c.value).map { (Reading.string($0.name), $0.number) })
    }

    private static func service(_ c: Google__Protobuf__ServiceDescriptorProto, _ package: String) -> ServiceDescriptor {
        ServiceDescriptor(
            name: Reading.string(c.name),
            fullName: qualified(Reading.string(c.name), package),
            methods: pointers(c.n_method, c.method).map { method in
                MethodDescriptor(
                    name: Reading.string(method.name),
                    inputType: String(Reading.string(method.input_type).drop { $0 == "." }),
                    outputType: String(Reading.string(method.output_type).drop { $0 == "." }),
                    isClientStreaming: method.client_streaming != 0,
                    isServerStreaming: method.server_streaming != 0,
                    hasNoSideEffects: method.options.map { options in
                        options.pointee.idempotency_level
                            == GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS
                    } ?? false,
                    httpRule: method.options.flatMap { extensionBytes(72_295_728, of: $0.pointee.base) })
            })
    }

    /// An extension is an unknown field to protobuf-c; a length-delimited one is kept with its length in front.
    private static func extensionBytes(_ number: UInt32, of base: ProtobufCMessage) -> [UInt8]? {
        for field in UnsafeBufferPointer(start: base.unknown_fields, count: Int(base.n_unknown_fields))
        where field.tag == number && field.wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED {
            var reader = WireReader(UnsafeRawBufferPointer(start: field.data, count: field.len))
            return (try? reader.lengthDelimited()).map { [UInt8]($0) }
        }
        return nil
    }

    private static func pointers<C>(_ count: Int, _ c: UnsafeMutablePointer<UnsafeMutablePointer<C>?>?) -> [C] {
        UnsafeBufferPointer(start: c, count: c == nil ? 0 : count).compactMap { $0?.pointee }
    }

    private static func qualified(_ name: String, _ scope: String) -> String {
        scope.isEmpty ? name : "\(scope).\(name)"
    }

    private static func lowerCamelCase(_ name: String) -> String {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(String(parts.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}
