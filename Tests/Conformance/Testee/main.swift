import CMessages
import Foundation
import Protobuf

// The program that protobuf's conformance runner talks to: by pipes, each message after its length in four bytes, little
// end first. It answers for proto3, in the wire format and in JSON.

let type = TestAllTypesProto3.fullName

enum Answer {
    case protobuf([UInt8])
    case json([UInt8])
    case parseError(String)
    case serializeError(String)
    case skipped(String)
}

let pool: DescriptorPool = {
    let path = CommandLine.arguments.last ?? ""
    guard let bytes = FileManager.default.contents(atPath: path) else { fatalError("\(path) cannot be read") }
    do {
        return try DescriptorPool(fileDescriptorSet: [UInt8](bytes))
    } catch {
        fatalError("\(path): \(error)")
    }
}()

func answer(_ request: UnsafePointer<Conformance__ConformanceRequest>) -> Answer {
    let request = request.pointee
    guard String(cString: request.message_type) == type else { return .skipped("proto2") }
    let asJSON = request.requested_output_format == CONFORMANCE__WIRE_FORMAT__JSON
    guard asJSON || request.requested_output_format == CONFORMANCE__WIRE_FORMAT__PROTOBUF else {
        return .skipped("another format")
    }
    var options = JSONMapping.Options()
    options.ignoresUnknownFields = request.test_category == CONFORMANCE__TEST_CATEGORY__JSON_IGNORE_UNKNOWN_PARSING_TEST
    let mapping = JSONMapping(pool, options: options)
    let wire: [UInt8]
    switch request.payload_case {
    case CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_PROTOBUF_PAYLOAD:
        let payload = request.protobuf_payload
        do {
            let bytes = [UInt8](UnsafeBufferPointer(start: payload.data, count: payload.len))
            // As every message goes: into a Swift value and out of it.
            wire = try TestAllTypesProto3(serialized: bytes).serialized()
        } catch {
            return .parseError("\(error)")
        }
    case CONFORMANCE__CONFORMANCE_REQUEST__PAYLOAD_JSON_PAYLOAD:
        do {
            wire = try mapping.wire(fromJSON: [UInt8](String(cString: request.json_payload).utf8), message: type)
        } catch {
            return .parseError("\(error)")
        }
    default: return .skipped("another format")
    }
    guard asJSON else { return .protobuf(wire) }
    do {
        return .json(try mapping.json(fromWire: wire, message: type))
    } catch {
        return .serializeError("\(error)")
    }
}

/// A ConformanceResponse on the wire: one field.
func serialized(_ answer: Answer) -> [UInt8] {
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        var length = content.count
        var bytes = [number << 3 | 2]
        repeat {
            bytes.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        return bytes + content
    }
    return switch answer {
    case .parseError(let text): field(1, Array(text.utf8))
    case .protobuf(let bytes): field(3, bytes)
    case .json(let text): field(4, text)
    case .skipped(let text): field(5, Array(text.utf8))
    case .serializeError(let text): field(6, Array(text.utf8))
    }
}

func read(_ count: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
        guard let more = try? FileHandle.standardInput.read(upToCount: count - bytes.count), !more.isEmpty else {
            return nil
        }
        bytes += more
    }
    return bytes
}

while let prefix = read(4) {
    let length = prefix.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard let bytes = read(length), let request = conformance__conformance_request__unpack(nil, length, bytes) else {
        fatalError("the runner's request cannot be read")
    }
    let response = serialized(answer(request))
    conformance__conformance_request__free_unpacked(request, nil)
    let count = response.count
    try FileHandle.standardOutput.write(contentsOf: [0, 8, 16, 24].map { UInt8(count >> $0 & 0xFF) } + response)
}
