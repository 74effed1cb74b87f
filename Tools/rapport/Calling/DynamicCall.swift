import NIOCore
import Protobuf
import RPC

/// One call of a method that is known by its descriptor only.
struct DynamicCall: Sendable {
    let channel: RPC.Channel
    let options: CallOptions
    let reflection: ReflectionClient

    /// - Parameters:
    ///   - input: one JSON; for a method that takes a stream one JSON a line.
    ///   - output: takes each answer as JSON, indented when there can be one only.
    func run(_ path: String, input: [UInt8], output: (String) -> Void) async throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw Failure("\(path): package.Service/Method is needed") }
        let pool = try await reflection.pool(for: String(parts[0]))
        guard let method = pool.services[String(parts[0])]?.methods.first(where: { $0.name == parts[1] }) else {
            throw Failure("\(parts[0]) has no method \(parts[1]); `rapport call --list \(parts[0])` shows them")
        }
        let mapping = JSONMapping(
            pool, options: .init(printsDefaults: true, isPretty: !method.isServerStreaming))
        let call = try await channel.raw(path, options)
        for text in try texts(input, isStream: method.isClientStreaming) {
            do {
                let wire = try mapping.wire(fromJSON: text, message: method.inputType)
                try await call.requests.write(ByteBuffer(bytes: wire))
            } catch let error as JSONError {
                call.responses.cancel()
                throw Failure("the message is no \(method.inputType): \(error)")
            }
        }
        call.requests.finish()
        for try await message in call.responses {
            let json = try mapping.json(fromWire: [UInt8](message.readableBytesView), message: method.outputType)
            output(String(decoding: json, as: UTF8.self))
        }
    }

    private func texts(_ input: [UInt8], isStream: Bool) throws -> [[UInt8]] {
        guard isStream else { return [input] }
        return input.split(separator: UInt8(ascii: "\n")).map { [UInt8]($0) }
    }
}
