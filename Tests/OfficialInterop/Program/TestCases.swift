import RPC
import Standard

/// The client's side of gRPC's interoperability tests (grpc doc/interop-test-descriptions.md): those that need no
/// credentials of Google's, by their names there.
struct TestCases: Sendable {
    let channel: RPC.Channel
    /// A channel of its own, for the cases that want several.
    let another: @Sendable () -> RPC.Channel

    var service: TestServiceClient { TestServiceClient(channel) }

    static let all: [(name: String, run: @Sendable (TestCases) async throws -> Void)] = [
        ("empty_unary", { try await $0.emptyUnary() }),
        ("cacheable_unary", { try await $0.cacheableUnary() }),
        ("large_unary", { try await $0.largeUnary() }),
        ("client_compressed_unary", { try await $0.clientCompressedUnary() }),
        ("server_compressed_unary", { try await $0.serverCompressedUnary() }),
        ("client_streaming", { try await $0.clientStreaming() }),
        ("client_compressed_streaming", { try await $0.clientCompressedStreaming() }),
        ("server_streaming", { try await $0.serverStreaming() }),
        ("server_compressed_streaming", { try await $0.serverCompressedStreaming() }),
        ("ping_pong", { try await $0.pingPong() }),
        ("empty_stream", { try await $0.emptyStream() }),
        ("custom_metadata", { try await $0.customMetadata() }),
        ("status_code_and_message", { try await $0.statusCodeAndMessage() }),
        ("special_status_message", { try await $0.specialStatusMessage() }),
        ("unimplemented_method", { try await $0.unimplementedMethod() }),
        ("unimplemented_service", { try await $0.unimplementedService() }),
        ("cancel_after_begin", { try await $0.cancelAfterBegin() }),
        ("cancel_after_first_response", { try await $0.cancelAfterFirstResponse() }),
        ("timeout_on_sleeping_server", { try await $0.timeoutOnSleepingServer() }),
        ("rpc_soak", { try await $0.soak(channels: false) }),
        ("channel_soak", { try await $0.soak(channels: true) }),
    ]

    static let sizes: (request: [Int], response: [Int32]) = ([27_182, 8, 1828, 45_904], [31_415, 9, 2653, 58_979])

    static func zeros(_ size: Int) -> Payload { Payload(body: [UInt8](repeating: 0, count: size)) }

    /// What the call fails with.
    static func failure(_ body: () async throws -> Void) async throws -> RPCError {
        do {
            try await body()
        } catch let error as RPCError {
            return error
        }
        throw Disappointment(description: "the call did not fail")
    }
}
