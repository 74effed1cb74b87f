import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct ClientInterceptorTests {
    private struct Noting: ClientInterceptor {
        let name: String
        let notes: Lock<[String]>
        var refuses = false

        func willCall(_ path: String, _ options: inout CallOptions) async throws {
            notes.withLock { $0.append("\(name) begins \(path)") }
            if refuses { throw RPCError(.permissionDenied, "not today") }
            options.metadata.add("x-\(name)", "here")
        }

        func didEnd(_ path: String, _ error: RPCError?) {
            notes.withLock { $0.append("\(name) ends \(path) \(error?.code ?? .ok)") }
        }
    }

    private let notes = Lock([String]())
    private let echo: [Method] = [
        .unary("t.S", "Unary") { (_: StringValue, context) in StringValue(value: Self.seen(context)) },
        .clientStreaming("t.S", "Client") { (requests: RequestStream<StringValue>, context) in
            for try await _ in requests {}
            return StringValue(value: Self.seen(context))
        },
        .serverStreaming("t.S", "Server") { (_: StringValue, context, responses: ResponseWriter<StringValue>) in
            try await responses.write(StringValue(value: Self.seen(context)))
        },
        .bidirectionalStreaming("t.S", "Both") {
            (requests: RequestStream<StringValue>, context, responses: ResponseWriter<StringValue>) in
            for try await _ in requests { try await responses.write(StringValue(value: Self.seen(context))) }
        },
    ]

    private static func seen(_ context: ServerContext) -> String {
        ["x-outer", "x-inner"].compactMap { context.metadata[$0] == nil ? nil : $0 }.joined(separator: " ")
    }

    @Test func `around calls of all four kinds, the first one outermost`() async throws {
        var options = RPC.Channel.Options()
        options.interceptors = [Noting(name: "outer", notes: notes), Noting(name: "inner", notes: notes)]
        try await Depth.inMemory.serve(echo, client: options) { channel in
            let unary: StringValue = try await channel.unary("t.S/Unary", StringValue(), CallOptions())
            let client: StringValue = try await channel.clientStreaming("t.S/Client", CallOptions()) {
                (requests: RequestWriter<StringValue>) in try await requests.write(StringValue())
            }
            var answers = [unary.value, client.value]
            let server: ResponseStream<StringValue> = try await channel.serverStreaming(
                "t.S/Server", StringValue(), CallOptions())
            for try await answer in server { answers.append(answer.value) }
            let both: BidirectionalCall<StringValue, StringValue> = try await channel.bidirectionalStreaming(
                "t.S/Both", CallOptions())
            try await both.requests.write(StringValue())
            both.requests.finish()
            for try await answer in both.responses { answers.append(answer.value) }
            #expect(answers == Array(repeating: "x-outer x-inner", count: 4))
        }
        let expected = ["Unary", "Client", "Server", "Both"].flatMap { kind in
            [
                "outer begins t.S/\(kind)", "inner begins t.S/\(kind)", "inner ends t.S/\(kind) ok",
                "outer ends t.S/\(kind) ok",
            ]
        }
        let noted = notes.withLock { $0 }
        #expect(noted == expected)
    }

    @Test func `one that refuses ends the call before it begins, and those around it hear of it`() async throws {
        var options = RPC.Channel.Options()
        options.interceptors = [
            Noting(name: "outer", notes: notes), Noting(name: "inner", notes: notes, refuses: true),
        ]
        try await Depth.inMemory.serve(echo, client: options) { channel in
            let error = await failure {
                let _: StringValue = try await channel.unary("t.S/Unary", StringValue(), CallOptions())
            }
            #expect(error == RPCError(.permissionDenied, "not today"))
        }
        let noted = notes.withLock { $0 }
        #expect(
            noted == [
                "outer begins t.S/Unary", "inner begins t.S/Unary", "outer ends t.S/Unary permissionDenied",
            ])
    }
}
