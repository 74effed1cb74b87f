import Compression
import HTTP
import NIOPosix
import Standard
import Testing

@testable import RPC

/// The cases of connectrpc/conformance that hold for every protocol, by their names, in every voice over every version
/// of HTTP that can carry it. Its runner is a Go program and does not run here.
@Suite(.timeLimit(.minutes(1))) struct ConformanceTests {
    private static let codes = StatusCode.allCases.filter { $0 != .ok }

    // MARK: Basic

    @Test(arguments: Tongue.everywhere)
    func `Basic, unary success`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, server in
            var call = Tongue.Call("Unary", "test headers")
            call.headers = [
                "x-conformance-test": "Value1", "x-conformance-test": "Value2", "x-conformance-bin": "AP8",
            ]
            let outcome = try await tongue.call(call, over: wire, port)
            #expect(outcome.error == nil)
            #expect(outcome.status == 200)
            #expect(outcome.messages == ["test Value1,Value2,[0, 255]"])
            #expect(outcome.headers[first: "content-type"] == tongue.contentType(unary: true))
            #expect(server.counts.snapshot().first { $0.method.hasSuffix("/Unary") }?.codes == [.ok: 1])
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Basic, server-stream success and no-responses`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let outcome = try await tongue.call(Tongue.Call("ServerStream", "a b c"), over: wire, port)
            #expect(outcome.messages == ["a", "b", "c"])
            #expect(outcome.error == nil)
            #expect(outcome.headers[first: "content-type"] == tongue.contentType(unary: false))
            let none = try await tongue.call(Tongue.Call("ServerStream", "silent"), over: wire, port)
            #expect(none.messages == [])
            #expect(none.error == nil)
            #expect(none.headers.values("x-custom-header") == ["foo", "bar"])
            #expect(none.trailer("x-custom-trailer") == ["bing", "quux"])
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Basic, client-stream success and no-requests`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let outcome = try await tongue.call(Tongue.Call("ClientStream", "a", "b", ""), over: wire, port)
            #expect(outcome.messages == ["a b"])
            #expect(outcome.error == nil)
            let none = try await tongue.call(Tongue.Call("ClientStream"), over: wire, port)
            #expect(none.messages == [""])
            #expect(none.error == nil)
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Basic, bidi-stream half-duplex success, no-requests and no-responses`(_ tongue: Tongue, _ wire: Wire)
        async throws
    {
        try await Wire.serve { port, _ in
            for (texts, answers) in [("a b", ["a", "b"]), ("silent", [])] {
                let outcome = try await tongue.call(Tongue.Call("HalfDuplex", texts), over: wire, port)
                #expect(outcome.messages == answers)
                #expect(outcome.error == nil)
            }
            let none = try await tongue.call(Tongue.Call("HalfDuplex"), over: wire, port)
            #expect(none.messages == [])
            #expect(none.error == nil)
        }
    }

    @Test(arguments: Tongue.allCases)
    func `Basic, bidi-stream full-duplex success`(_ tongue: Tongue) async throws {
        try await Wire.serve { port, _ in
            let call = Tongue.Call("BidiStream")
            let stream = try await Wire.http2.open(port, tongue.head(call))
            for (count, word) in ["one", "two", "three"].enumerated() {
                stream.send(tongue.body(word, call))
                let sofar = try await stream.answer { answer in
                    ((try? tongue.outcome(answer, call))?.messages.count ?? 0) > count
                }
                #expect(try tongue.outcome(sofar, call).messages.last == word)
            }
            stream.end()
            let outcome = try tongue.outcome(try await stream.answer(), call)
            #expect(outcome.messages == ["one", "two", "three"])
            #expect(outcome.error == nil)
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Basic, unimplemented`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, server in
            let outcome = try await tongue.call(Tongue.Call("UnimplementedUnary", ""), over: wire, port)
            #expect(outcome.error?.code == .unimplemented)
            #expect(outcome.status == (tongue.isConnect ? 404 : 200))
        }
    }

    // MARK: Errors

    @Test(arguments: Tongue.everywhere)
    func `Errors, each code of a unary call and of a server-stream`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, server in
            for code in Self.codes {
                for method in ["Unary", "ServerStream"] {
                    let outcome = try await tongue.call(Tongue.Call(method, "fail:\(code.name)"), over: wire, port)
                    #expect(outcome.error?.code == code)
                    #expect(outcome.messages == [])
                }
            }
            for count in server.counts.snapshot() {
                #expect(count.codes == Dictionary(uniqueKeysWithValues: Self.codes.map { ($0, 1) }))
            }
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Errors, unary error-with-metadata and unicode-error-message`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let outcome = try await tongue.call(Tongue.Call("Unary", "fail:UNAUTHENTICATED"), over: wire, port)
            #expect(outcome.error?.message == "no: ☺ and 😈\n")
            #expect(outcome.error?.retryDelay == .seconds(3))
            #expect(outcome.headers[first: "x-custom-header"] == "foo")
            #expect(outcome.trailer("x-custom-trailer").first == "bing")
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Errors, server-stream error-with-responses`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let outcome = try await tongue.call(Tongue.Call("ServerStream", "a b fail:INTERNAL"), over: wire, port)
            #expect(outcome.status == 200)
            #expect(outcome.messages == ["a", "b"])
            #expect(outcome.error?.code == .internal)
            #expect(outcome.error?.retryDelay == .seconds(3))
            #expect(outcome.trailer("x-custom-trailer").first == "bing")
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Errors, client-stream error-multiple-requests`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let outcome = try await tongue.call(Tongue.Call("ClientStream", "a", "fail:ABORTED"), over: wire, port)
            #expect(outcome.error?.code == .aborted)
            #expect(outcome.messages == [])
        }
    }

    // MARK: Duplicate Metadata

    @Test(arguments: Tongue.everywhere)
    func `Duplicate Metadata, success and error`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream", "HalfDuplex"] {
                for text in ["a", "fail:INTERNAL"] {
                    let outcome = try await tongue.call(Tongue.Call(method, text), over: wire, port)
                    #expect(outcome.headers.values("x-custom-header") == ["foo", "bar"])
                    #expect(outcome.headers[first: "x-custom-bin"] == "AP8")
                    #expect(outcome.trailer("x-custom-trailer") == ["bing", "quux"])
                }
            }
        }
    }

    // MARK: Timeouts

    @Test(arguments: Tongue.everywhere)
    func `Timeouts, unary and streams`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream", "HalfDuplex", "BidiStream"] {
                var call = Tongue.Call(method, "wait")
                call.timeout = "50"
                let outcome = try await tongue.call(call, over: wire, port)
                #expect(outcome.error?.code == .deadlineExceeded)
            }
            var call = Tongue.Call("Unary", "a")
            call.timeout = "0"
            let expired = try await tongue.call(call, over: wire, port)
            #expect(expired.error?.code == .deadlineExceeded)
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Deadline Propagation, the handler knows it`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream"] {
                var call = Tongue.Call(method, "time")
                call.timeout = "20000"
                let outcome = try await tongue.call(call, over: wire, port)
                let left = outcome.messages.first.flatMap { Int($0) } ?? 0
                #expect(left > 10_000 && left <= 20_000)
                call.timeout = nil
                let endless = try await tongue.call(call, over: wire, port)
                #expect(endless.messages == ["-1"])
            }
        }
    }

    // MARK: Server Message Size, Server Empty Requests

    @Test(arguments: Tongue.everywhere)
    func `Server Message Size, equal to and beyond the limit`(_ tongue: Tongue, _ wire: Wire) async throws {
        var options = ServerOptions()
        options.maxRequestBytes = 2000
        try await Wire.serve(options: options) { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream", "HalfDuplex"] {
                // Prefix and quotes of the text are not counted here, but the field's own three bytes are.
                let largest = String(repeating: "x", count: 2000 - (tongue.isJSON ? 2 : 3))
                let equal = try await tongue.call(Tongue.Call(method, largest), over: wire, port)
                #expect(equal.error == nil)
                #expect(equal.messages == [largest])
                let beyond = try await tongue.call(Tongue.Call(method, largest + "x"), over: wire, port)
                #expect(beyond.error?.code == .resourceExhausted)
                #expect(beyond.status == (tongue.isConnect && method == "Unary" ? 429 : 200))
            }
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `a few bytes that stand for many are bounded after inflating`(_ tongue: Tongue, _ wire: Wire) async throws {
        var options = ServerOptions()
        options.maxRequestBytes = 2000
        try await Wire.serve(options: options) { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream"] {
                var call = Tongue.Call(method, String(repeating: "x", count: 100_000))
                call.coding = .gzip
                #expect(tongue.body(call).count < 1500)
                let outcome = try await tongue.call(call, over: wire, port)
                #expect(outcome.error?.code == .resourceExhausted)
            }
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `Server Empty Requests`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for (method, answers) in [
                ("Unary", [""]), ("ClientStream", [""]), ("ServerStream", []), ("HalfDuplex", []),
            ] {
                let outcome = try await tongue.call(Tongue.Call(method, ""), over: wire, port)
                #expect(outcome.error == nil)
                #expect(outcome.messages == answers)
            }
        }
    }

    // MARK: Compressions

    @Test(arguments: Tongue.everywhere, [ContentCoding.gzip, .zstd])
    func `every coding, each way`(_ voice: (Tongue, Wire), _ coding: ContentCoding) async throws {
        let (tongue, wire) = voice
        try await Wire.serve { port, _ in
            let text = String(repeating: "abcdefgh", count: 100)
            for method in ["Unary", "ServerStream", "ClientStream", "HalfDuplex"] {
                var call = Tongue.Call(method, text)
                (call.coding, call.accepts) = (coding, coding.rawValue)
                let outcome = try await tongue.call(call, over: wire, port)
                #expect(outcome.messages == [text])
                #expect(outcome.isCompressed)
                call.accepts = "identity"
                let plain = try await tongue.call(call, over: wire, port)
                #expect(plain.messages == [text])
                #expect(!plain.isCompressed)
            }
        }
    }

    // MARK: What the conformance suite does not ask

    @Test(arguments: Tongue.everywhere)
    func `a client that goes away cancels the handler`(_ tongue: Tongue, _ wire: Wire) async throws {
        let (started, ended) = (Waiter<Void>(), Waiter<Void>())
        let hang: @Sendable (StringValue, ServerContext) async throws -> StringValue = { request, context in
            started.resolve(.success(()))
            do { try await Waiter<Void>().value() } catch {
                if context.isCancelled { ended.resolve(.success(())) }
            }
            return request
        }
        try await Wire.serve([.unary(Conformance.service, "HangUnary", hang)]) { port, server in
            let call = Tongue.Call("HangUnary", "a")
            let stream = try await wire.open(port, tongue.head(call))
            stream.send(tongue.body(call))
            stream.end()
            try await started.value()
            stream.cancel()
            try await ended.value()
            #expect(server.counts.snapshot().first?.codes == [.cancelled: 1])
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `a drain waits for the calls that run`(_ tongue: Tongue, _ wire: Wire) async throws {
        let (started, gate) = (Waiter<Void>(), Waiter<Void>())
        let slow: @Sendable (StringValue, ServerContext) async throws -> StringValue = { request, _ in
            started.resolve(.success(()))
            try await gate.value()
            return request
        }
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = HTTPServer(
            configuration: HTTPConfiguration(),
            application: RPCServer(
                methods: [.unary(Conformance.service, "SlowUnary", slow)], group: group, logger: .silent),
            group: group, logger: .silent)
        let port = try await listener.start().port ?? 0
        let call = Tongue.Call("SlowUnary", "done")
        async let outcome = tongue.call(call, over: wire, port)
        try await started.value()
        async let drained: Void = listener.drain(grace: .seconds(30))
        // By the time that a new connection is refused the drain has begun.
        while let probe = try? await wire.open(port, tongue.head(call)) {
            probe.cancel()
            try await Task.sleep(for: .milliseconds(1))
        }
        gate.resolve(.success(()))
        let answer = try await outcome
        #expect(answer.messages == ["done"])
        #expect(answer.error == nil)
        await drained
    }

    @Test(arguments: Tongue.everywhere)
    func `a message that cannot be read`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream"] {
                let call = Tongue.Call(method, "")
                var body = tongue.body(call)
                if tongue.isConnect, method == "Unary" {
                    body = [0xff, 0xff]
                } else if tongue == .webText {
                    body = Array("AAAAAAL//w==".utf8)
                } else {
                    body = [0, 0, 0, 0, 2, 0xff, 0xff]
                }
                let answer = try await wire.ask(port, tongue.head(call), body)
                let code = try tongue.outcome(answer, call).error?.code
                #expect(code == (tongue.isConnect || tongue.isJSON ? .invalidArgument : .internal))
            }
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `interceptors refuse in every voice, before the message is read`(_ tongue: Tongue, _ wire: Wire) async throws {
        struct Guard: ServerInterceptor {
            func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
                guard context.metadata["authorization"] != nil else {
                    throw RPCError(.unauthenticated, reason: "TOKEN_MISSING", "show a token")
                }
                try await next()
            }
        }
        try await Wire.serve(interceptors: [Guard()]) { port, _ in
            for method in ["Unary", "ServerStream", "ClientStream"] {
                var call = Tongue.Call(method, "a")
                let refused = try await tongue.call(call, over: wire, port)
                #expect(refused.error?.reason == "TOKEN_MISSING")
                call.headers = ["authorization": "Bearer x"]
                let served = try await tongue.call(call, over: wire, port)
                #expect(served.messages == ["a"])
            }
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `too many running handlers`(_ tongue: Tongue, _ wire: Wire) async throws {
        var options = ServerOptions()
        options.maxRunningHandlersPerLoop = 0
        try await Wire.serve(options: options) { port, _ in
            let outcome = try await tongue.call(Tongue.Call("Unary", "a"), over: wire, port)
            #expect(outcome.error?.code == .resourceExhausted)
        }
    }
}
