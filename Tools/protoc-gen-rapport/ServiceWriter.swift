import Protobuf

/// Writes what a service implements and what its callers hold.
struct ServiceWriter {
    let swiftNames: [String: String]

    func write(_ service: ServiceDescriptor, to source: inout Source) throws {
        let methods = try service.methods.map { method in
            guard let input = swiftNames[method.inputType] else { throw GeneratorError.unknownType(method.inputType) }
            guard let output = swiftNames[method.outputType] else {
                throw GeneratorError.unknownType(method.outputType)
            }
            return Method(
                descriptor: method, input: input, output: output,
                function: method.name.prefix(1).lowercased() + method.name.dropFirst())
        }
        source.line("/// The RPCs of `\(service.fullName)`, as its server implements them.")
        source.block("public protocol \(service.name)Handlers: Sendable") { source in
            for method in methods { source.line(method.requirement) }
        }
        source.line()
        source.block("extension \(service.name)Handlers") { source in
            source.line("/// To be handed to an `RPCServer`.")
            let property = service.name.prefix(1).lowercased() + service.name.dropFirst()
            source.block("public var \(property)Methods: [RPC.Method]") { source in
                source.line("[")
                for method in methods {
                    let made =
                        "\(method.kind)(\"\(service.fullName)\", \"\(method.descriptor.name)\", \(method.function))"
                    source.line("    .\(made)\(method.descriptor.hasNoSideEffects ? ".withoutSideEffects" : ""),")
                }
                source.line("]")
            }
        }
        source.line()
        source.line("/// Calls `\(service.fullName)`.")
        source.block("public struct \(service.name)Client: Sendable") { source in
            source.line("public let channel: Channel")
            source.line()
            source.block("public init(_ channel: Channel)") { $0.line("self.channel = channel") }
            for method in methods {
                source.line()
                let path = "\(service.fullName)/\(method.descriptor.name)"
                source.block(method.clientHead) { $0.line(method.clientBody(path)) }
            }
        }
    }

    private struct Method {
        let descriptor: MethodDescriptor
        let input: String
        let output: String
        let function: String

        var kind: String {
            switch (descriptor.isClientStreaming, descriptor.isServerStreaming) {
            case (false, false): "unary"
            case (false, true): "serverStreaming"
            case (true, false): "clientStreaming"
            case (true, true): "bidirectionalStreaming"
            }
        }

        var requirement: String {
            switch kind {
            case "unary": "func \(function)(_ request: \(input), _ context: ServerContext) async throws -> \(output)"
            case "serverStreaming":
                "func \(function)(_ request: \(input), _ context: ServerContext, _ responses: ResponseWriter<\(output)>) async throws"
            case "clientStreaming":
                "func \(function)(_ requests: RequestStream<\(input)>, _ context: ServerContext) async throws -> \(output)"
            default:
                "func \(function)(_ requests: RequestStream<\(input)>, _ context: ServerContext, _ responses: ResponseWriter<\(output)>) async throws"
            }
        }

        var clientHead: String {
            switch kind {
            case "unary":
                "public func \(function)(_ request: \(input), options: CallOptions = .init()) async throws -> \(output)"
            case "serverStreaming":
                "public func \(function)(_ request: \(input), options: CallOptions = .init()) async throws -> ResponseStream<\(output)>"
            case "clientStreaming":
                "public func \(function)(options: CallOptions = .init(), _ body: (RequestWriter<\(input)>) async throws -> Void) async throws -> \(output)"
            default:
                "public func \(function)(options: CallOptions = .init()) async throws -> BidirectionalCall<\(input), \(output)>"
            }
        }

        func clientBody(_ path: String) -> String {
            switch kind {
            case "unary", "serverStreaming": "try await channel.\(kind)(\"\(path)\", request, options)"
            case "clientStreaming": "try await channel.clientStreaming(\"\(path)\", options, body)"
            default: "try await channel.\(kind)(\"\(path)\", options)"
            }
        }
    }
}
