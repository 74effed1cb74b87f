import CDescriptor
import CProtobufC
import Protobuf

/// What protoc asks (plugin.proto).
struct PluginRequest {
    var filesToGenerate: [String] = []
    var parameter = ""
    /// Serialised FileDescriptorProtos, dependencies first. Of the source info only the comments before declarations are
    /// left, in files that are to be generated, when the parameter says `comments`.
    var files: [[UInt8]] = []

    /// - Throws: `GeneratorError.badRequest`
    init(serialized bytes: [UInt8]) throws {
        guard let c = google__protobuf__compiler__code_generator_request__unpack(nil, bytes.count, bytes) else {
            throw GeneratorError.badRequest
        }
        defer { google__protobuf__compiler__code_generator_request__free_unpacked(c, nil) }
        filesToGenerate = Reading.strings(c.pointee.n_file_to_generate, c.pointee.file_to_generate)
        parameter = Reading.string(c.pointee.parameter)
        let withComments = parameter.split(separator: ",").contains("comments")
        for index in 0..<c.pointee.n_proto_file {
            guard let file = c.pointee.proto_file[index] else { continue }
            let info = file.pointee.source_code_info
            file.pointee.source_code_info = nil
            let size = google__protobuf__file_descriptor_proto__get_packed_size(file)
            var bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = google__protobuf__file_descriptor_proto__pack(file, buffer.baseAddress)
            }
            file.pointee.source_code_info = info
            if withComments, let info, filesToGenerate.contains(Reading.string(file.pointee.name)) {
                bytes += Wire.field(9, PluginRequest.comments(info.pointee))
            }
            files.append(bytes)
        }
    }

    /// SourceCodeInfo {1 location {1 path, 2 span, 3 leading_comments}} (descriptor.proto).
    private static func comments(_ info: Google__Protobuf__SourceCodeInfo) -> [UInt8] {
        var result: [UInt8] = []
        for index in 0..<info.n_location {
            guard let location = info.location[index]?.pointee, let comment = location.leading_comments else {
                continue
            }
            result += Wire.field(
                1,
                Wire.field(1, Wire.packed(UnsafeBufferPointer(start: location.path, count: location.n_path)))
                    + Wire.field(2, Wire.packed(UnsafeBufferPointer(start: location.span, count: location.n_span)))
                    + Wire.field(3, Array(Reading.string(comment).utf8)))
        }
        return result
    }
}

/// What protoc hears.
enum PluginResponse {
    case files([(name: String, content: String)])
    case error(String)

    /// CodeGeneratorResponse: 1 error, 2 supported features, 15 files {1 name, 15 content}.
    func serialized() -> [UInt8] {
        switch self {
        case .error(let message): Wire.field(1, Array(message.utf8))
        case .files(let files):
            files.flatMap { file in
                Wire.field(
                    15,
                    Wire.field(1, Array(file.name.utf8)) + Wire.field(15, Array(file.content.utf8)))
            }
        }
    }
}

/// Length-delimited fields of low numbers: all that a plugin writes by hand.
private enum Wire {
    static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2] + varint(bytes.count) + bytes
    }

    /// - Parameter values: not negative.
    static func packed(_ values: some Sequence<Int32>) -> [UInt8] {
        values.flatMap { varint(Int($0)) }
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var result: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            result.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return result + [UInt8(rest)]
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
