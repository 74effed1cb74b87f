import Compression
import NIOCore
import Protobuf
import RPC
import Standard

/// The server's side of gRPC's interoperability tests (grpc doc/interop-test-descriptions.md, "Server").
struct TestServer: TestServiceHandlers {
    /// What a caller wants to see again.
    static let echoInitial = "x-grpc-test-echo-initial"
    static let echoTrailing = "x-grpc-test-echo-trailing-bin"

    func emptyCall(_ request: ProtobufEmpty, _ context: ServerContext) async throws -> ProtobufEmpty {
        echoMetadata(context)
        return ProtobufEmpty()
    }

    func unaryCall(_ request: SimpleRequest, _ context: ServerContext) async throws -> SimpleResponse {
        echoMetadata(context)
        try check(request.expectCompressed, context)
        try request.responseStatus.map(fail)
        context.responseCoding = request.responseCompressed?.value == true ? .gzip : nil
        return SimpleResponse(payload: try zeros(request.responseSize))
    }

    func cacheableUnaryCall(_ request: SimpleRequest, _ context: ServerContext) async throws -> SimpleResponse {
        context.initialMetadata.add("cache-control", "max-age=60, public")
        return try await unaryCall(request, context)
    }

    func streamingInputCall(
        _ requests: RequestStream<StreamingInputCallRequest>, _ context: ServerContext
    ) async throws -> StreamingInputCallResponse {
        var size = 0
        for try await request in requests {
            try check(request.expectCompressed, context)
            size += request.payload?.body.count ?? 0
        }
        return StreamingInputCallResponse(aggregatedPayloadSize: Int32(clamping: size))
    }

    func streamingOutputCall(
        _ request: StreamingOutputCallRequest, _ context: ServerContext,
        _ responses: ResponseWriter<StreamingOutputCallResponse>
    ) async throws {
        if request.responseParameters.contains(where: { $0.compressed?.value == true }) {
            context.responseCoding = .gzip
        }
        try await answer(request, responses)
    }

    func fullDuplexCall(
        _ requests: RequestStream<StreamingOutputCallRequest>, _ context: ServerContext,
        _ responses: ResponseWriter<StreamingOutputCallResponse>
    ) async throws {
        echoMetadata(context)
        for try await request in requests {
            try request.responseStatus.map(fail)
            try await answer(request, responses)
        }
    }

    func halfDuplexCall(
        _ requests: RequestStream<StreamingOutputCallRequest>, _ context: ServerContext,
        _ responses: ResponseWriter<StreamingOutputCallResponse>
    ) async throws {
        var all: [StreamingOutputCallRequest] = []
        for try await request in requests { all.append(request) }
        for request in all { try await answer(request, responses) }
    }

    func unimplementedCall(_ request: ProtobufEmpty, _ context: ServerContext) async throws -> ProtobufEmpty {
        throw RPCError(.unimplemented, "no server has this")
    }

    /// All methods but the one that no server has.
    var methods: [RPC.Method] { testServiceMethods.filter { $0.name != "UnimplementedCall" } }

    private func answer(
        _ request: StreamingOutputCallRequest, _ responses: ResponseWriter<StreamingOutputCallResponse>
    ) async throws {
        for parameters in request.responseParameters {
            if parameters.intervalUs > 0 { try await Task.sleep(for: .microseconds(Int64(parameters.intervalUs))) }
            try await responses.write(
                StreamingOutputCallResponse(payload: try zeros(parameters.size)),
                compresses: parameters.compressed?.value ?? false)
        }
    }

    private func echoMetadata(_ context: ServerContext) {
        if let value = context.metadata[Self.echoInitial] { context.initialMetadata.add(Self.echoInitial, value) }
        for bytes in context.metadata.bytes(Self.echoTrailing) {
            context.trailingMetadata.add(Self.echoTrailing, bytes: bytes)
        }
    }

    private func check(_ expected: BoolValue?, _ context: ServerContext) throws {
        guard let expected, expected.value != context.receivedCompressed else { return }
        throw RPCError(.invalidArgument, "compressed was to be \(expected.value)")
    }

    private func fail(_ status: EchoStatus) throws {
        guard status.code != 0 else { return }
        throw RPCError(StatusCode(rawValue: Int(status.code)) ?? .unknown, status.message)
    }

    private func zeros(_ size: Int32) throws -> Payload {
        guard (0...16 * 1024 * 1024).contains(size) else {
            throw RPCError(.invalidArgument, "a payload of \(size) bytes")
        }
        return Payload(body: [UInt8](repeating: 0, count: Int(size)))
    }
}
