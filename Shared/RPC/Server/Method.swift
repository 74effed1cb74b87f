import NIOCore
import Protobuf

/// Serves any call as bytes, whatever its kind: the messages of the request come without their prefix, those of the
/// response go out as they are. `context.method` tells which method was asked for.
public typealias RawHandler =
    @Sendable (RequestStream<ByteBuffer>, ServerContext, ResponseWriter<ByteBuffer>) async throws -> Void

/// One method of a service: its name, its kind and its handler.
public struct Method: Sendable {
    // Requests without their prefix, responses framed. They run where their caller runs: on the loop, without asking
    // whether they do.
    @usableFromInline
    typealias Unary =
        nonisolated(nonsending) @Sendable (ByteBuffer, ServerContext) async throws -> ByteBuffer
    @usableFromInline
    typealias ServerStreaming =
        nonisolated(nonsending) @Sendable (ByteBuffer, ServerContext, ServerCall) async throws -> Void
    @usableFromInline
    typealias ClientStreaming =
        nonisolated(nonsending) @Sendable (ServerContext, ServerCall) async throws -> ByteBuffer
    @usableFromInline
    typealias BidirectionalStreaming =
        nonisolated(nonsending) @Sendable (ServerContext, ServerCall) async throws -> Void

    @usableFromInline
    enum Handler: Sendable {
        case unary(Unary)
        case serverStreaming(ServerStreaming)
        case clientStreaming(ClientStreaming)
        case bidirectionalStreaming(BidirectionalStreaming)
    }

    /// All that a method is: one object, since every call holds its method.
    private final class Definition: Sendable {
        let service: String
        let name: String
        let path: String
        let input: String
        let output: String
        let handler: Handler
        let isUnary: Bool
        let takesOneRequest: Bool
        let givesOneResponse: Bool

        init(_ service: String, _ name: String, _ input: String, _ output: String, _ handler: Handler, isUnary: Bool) {
            self.service = service
            self.name = name
            path = service + "/" + name
            self.input = input
            self.output = output
            self.handler = handler
            self.isUnary = isUnary
            takesOneRequest =
                switch handler {
                case .unary, .serverStreaming: true
                case .clientStreaming, .bidirectionalStreaming: false
                }
            givesOneResponse =
                switch handler {
                case .unary, .clientStreaming: true
                case .serverStreaming, .bidirectionalStreaming: false
                }
        }
    }

    private let definition: Definition
    /// The full name of the service, `package.Service`.
    public var service: String { definition.service }
    /// Without the service.
    public var name: String { definition.name }
    /// `package.Service/Method`
    public var path: String { definition.path }
    /// The full names of the messages each way; empty where only their bytes are known.
    var input: String { definition.input }
    var output: String { definition.output }
    var handler: Handler { definition.handler }
    /// One message each way, as the contract has it; the handler may take any call.
    var isUnary: Bool { definition.isUnary }
    /// The request is one message, and the handler starts when it is complete.
    var takesOneRequest: Bool { definition.takesOneRequest }
    /// The handler returns the response's one message.
    var givesOneResponse: Bool { definition.givesOneResponse }
    private(set) var runsOnGlobalPool = false
    private(set) var hasNoSideEffects = false
    /// Where its calls are counted; given by the server.
    var number = 0

    @usableFromInline
    init(_ service: String, _ name: String, _ input: String, _ output: String, _ handler: Handler) {
        let isUnary = if case .unary = handler { true } else { false }
        self.init(service, name, input, output, isUnary: isUnary, handler)
    }

    private init(
        _ service: String, _ name: String, _ input: String, _ output: String, isUnary: Bool, _ handler: Handler
    ) {
        definition = Definition(service, name, input, output, handler, isUnary: isUnary)
    }

    /// The same method, its handler run on the global pool: for work that would keep an event loop from its connections
    /// for more than about a millisecond.
    public var onGlobalPool: Method {
        var method = self
        method.runsOnGlobalPool = true
        return method
    }

    /// The same method, of which the contract says `idempotency_level = NO_SIDE_EFFECTS`: it may be asked by HTTP's GET.
    public var withoutSideEffects: Method {
        var method = self
        method.hasNoSideEffects = true
        return method
    }

    /// Answers one request in this process, as a server would, without a connection and without interceptors.
    /// - Parameter request: a message, without a prefix.
    /// - Returns: the answer, without a prefix.
    /// - Throws: what the handler throws; UNIMPLEMENTED unless the method is unary.
    public func answer(_ request: ByteBuffer, _ context: ServerContext) async throws -> ByteBuffer {
        guard case .unary(let handler) = handler else {
            throw RPCError(.unimplemented, "\(path) is not a unary method")
        }
        var response = try await handler(request, context)
        response.moveReaderIndex(forwardBy: MessageReader.prefixLength)
        return response
    }

    /// Any method at `path`, as bytes.
    static func raw(_ path: String, _ handler: @escaping RawHandler) -> Method {
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        return Method(
            String(parts[0]), parts.count > 1 ? String(parts[1]) : "", "", "", isUnary: false, handling(handler))
    }

    /// A method of a contract, as bytes.
    static func raw(_ service: String, _ method: MethodDescriptor, _ handler: @escaping RawHandler) -> Method {
        let isUnary = !method.isClientStreaming && !method.isServerStreaming
        let raw = Method(
            service, method.name, method.inputType, method.outputType, isUnary: isUnary, handling(handler))
        return method.hasNoSideEffects ? raw.withoutSideEffects : raw
    }

    private static func handling(_ handler: @escaping RawHandler) -> Handler {
        .bidirectionalStreaming { context, call in
            try await handler(RequestStream(call), context, ResponseWriter(call))
        }
    }
}

extension Method {
    /// One message each way.
    @inlinable
    public static func unary<Request: Message, Response: Message>(
        _ service: String, _ name: String,
        _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
    ) -> Method {
        Method(
            service, name, Request.fullName, Response.fullName,
            .unary { request, context in
                framed(try await handler(decoded(request, orElse: context.malformed), context))
            })
    }

    /// One message, answered by a stream.
    @inlinable
    public static func serverStreaming<Request: Message, Response: Message>(
        _ service: String, _ name: String,
        _ handler: @escaping @Sendable (Request, ServerContext, ResponseWriter<Response>) async throws -> Void
    ) -> Method {
        Method(
            service, name, Request.fullName, Response.fullName,
            .serverStreaming { request, context, call in
                try await handler(decoded(request, orElse: context.malformed), context, ResponseWriter(call))
            })
    }

    /// A stream of messages, answered by one.
    @inlinable
    public static func clientStreaming<Request: Message, Response: Message>(
        _ service: String, _ name: String,
        _ handler: @escaping @Sendable (RequestStream<Request>, ServerContext) async throws -> Response
    ) -> Method {
        Method(
            service, name, Request.fullName, Response.fullName,
            .clientStreaming { context, call in
                framed(try await handler(RequestStream(call), context))
            })
    }

    /// A stream each way.
    @inlinable
    public static func bidirectionalStreaming<Request: Message, Response: Message>(
        _ service: String, _ name: String,
        _ handler:
            @escaping @Sendable (RequestStream<Request>, ServerContext, ResponseWriter<Response>) async throws -> Void
    ) -> Method {
        Method(
            service, name, Request.fullName, Response.fullName,
            .bidirectionalStreaming { context, call in
                try await handler(RequestStream(call), context, ResponseWriter(call))
            })
    }
}
