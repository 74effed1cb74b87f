import HTTP
import Logging
import NIOPosix
import Protobuf
import RPC

/// Greets by way of another greeter: the deadline, the trace and the cancellation of its callers go on to that one.
struct Relay: GreeterServiceHandlers {
    let next: GreeterServiceClient

    func greet(_ request: GreetRequest, _ context: ServerContext) async throws -> GreetResponse {
        try context.checkCancellation()
        return try await next.greet(request, options: CallOptions(inheriting: context))
    }

    func greetAll(
        _ requests: RequestStream<GreetRequest>, _ context: ServerContext, _ responses: ResponseWriter<GreetResponse>
    ) async throws {
        throw RPCError(.unimplemented, "one at a time, please")
    }
}

/// A channel whose calls end within two seconds and are tried three times.
func carefulChannel(
    to target: String, group: MultiThreadedEventLoopGroup, logger: Logger
) throws -> Channel {
    var options = Channel.Options()
    options.serviceConfig = try ServiceConfig(
        json: """
            {"methodConfig": [{"name": [{"service": "greeter.v1.GreeterService"}], "timeout": "2s",
              "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.05s", "maxBackoff": "1s", "backoffMultiplier": 2,
                              "retryableStatusCodes": ["UNAVAILABLE"]}}],
             "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}}
            """)
    return try Channel(target: target, options: options, group: group, logger: logger)
}

/// A server that is small, and says no in time.
func carefulServer(
    _ handlers: some GreeterServiceHandlers, group: MultiThreadedEventLoopGroup, logger: Logger
) -> HTTPServer {
    var options = ServerOptions()
    options.maxRequestBytes = 64 * 1024
    options.maxRunningHandlersPerLoop = 200
    options.adaptiveLimit = AdaptiveLimit()
    let application = RPCServer(
        methods: handlers.greeterServiceMethods, options: options, group: group, logger: logger)

    var configuration = HTTPConfiguration(bind: .tcp(host: "127.0.0.1", port: 0))
    configuration.maxConnections = 1000
    configuration.http2.maxConcurrentStreams = 100
    configuration.idleTimeout = .minutes(5)
    return HTTPServer(configuration: configuration, application: application, group: group, logger: logger)
}

/// A request through its binary form, of which no more than this is taken.
func copied(_ request: GreetRequest) throws -> GreetRequest {
    let bytes = request.serialized()
    return try GreetRequest(serialized: bytes, limits: DecodingLimits(depth: 10, elements: 1000, memory: 64 * 1024))
}
