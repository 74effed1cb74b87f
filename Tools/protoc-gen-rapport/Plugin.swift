import CDescriptor
import CProtobufC
import Protobuf

/// What protoc asks (plugin.proto).
struct PluginRequest {
    var filesToGenerate: [String] = []
    var parameter = ""
    /// Serialised FileDescriptorProtos without source info, dependencies first.
    var files: [[UInt8]] = []

    /// - Throws: `GeneratorError.badRequest`
    init(serialized bytes: [UInt8]) throws {
        guard let c = google__protobuf__compiler__code_generator_request__unpack(nil, bytes.count, bytes) else {
            throw GeneratorError.badRequest
        }
        defer { google__protobuf__compiler__code_generator_request__free_unpacked(c, nil) }
        filesToGenerate = Reading.strings(c.pointee.n_file_to_generate, c.pointee.file_to_generate)
        parameter = Reading.string(c.pointee.parameter)
        for index in 0..<c.pointee.n_proto_file {
            guard let file = c.pointee.proto_file[index] else { continue }
            let comments = file.pointee.source_code_info
            file.pointee.source_code_info = nil
            let size = google__protobuf__file_descriptor_proto__get_packed_size(file)
            files.append(
                [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                    count = google__protobuf__file_descriptor_proto__pack(file, buffer.baseAddress)
                })
            file.pointee.source_code_info = comments
        }
    }
}

/// What protoc hears.
enum PluginResponse {
    case files([(name: String, content: String)])
    case error(String)

    /// CodeGeneratorResponse: 1 error, 2 supported features, 15 files {1 name, 15 content}.
    func serialized() -> [UInt8] {
        switch self {
        case .error(let message): PluginResponse.field(1, Array(message.utf8))
        case .files(let files):
            files.flatMap { file in
                PluginResponse.field(
                    15,
                    PluginResponse.field(1, Array(file.name.utf8)) + PluginResponse.field(15, Array(file.content.utf8)))
            }
        }
    }

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [number << 3 | 2]
        var length = bytes.count
        while length >= 0x80 {
            result.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        result.append(UInt8(length))
        return result + bytes
    }
}

enum GeneratorError: Error, CustomStringConvertible {
    case badRequest
    case unknownType(String)
    case nameTaken(String, by: String, and: String)
    case unsupported(String)

    var description: String {
        switch self {
        case .badRequest: "the request is not a CodeGeneratorRequest"
        case .unknownType(let name): "type \(name) is not among the files"
        case .nameTaken(let name, let first, let second): "\(first) and \(second) would both be \(name) in Swift"
        case .unsupported(let what): "not supported: \(what)"
        }
    }
}
