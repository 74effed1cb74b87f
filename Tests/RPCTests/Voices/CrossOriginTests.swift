import HTTP
import Standard
import Testing

@testable import RPC

/// What a browser's page of another origin may do (Fetch, CORS).
@Suite(.timeLimit(.minutes(1))) struct CrossOriginTests {
    private static let page = "https://app.example.com"

    private static func preflight(_ origin: String) -> RequestHead {
        RequestHead(
            method: "OPTIONS", scheme: "http", authority: "test", path: "/\(Conformance.service)/Unary",
            headers: [
                "origin": origin, "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,x-grpc-web",
            ])
    }

    private static func allowing(_ text: String) throws -> AllowedOrigins { try #require(AllowedOrigins(text)) }

    @Test(arguments: Wire.allCases)
    func `a preflight of an allowed origin`(_ wire: Wire) async throws {
        for origins in ["http://localhost:5173, " + Self.page, "*"] {
            try await Wire.serve(allowing: Self.allowing(origins)) { port, server in
                let answer = try await wire.ask(port, Self.preflight(Self.page))
                #expect(answer.status == 204)
                #expect(answer.headers[first: "access-control-allow-origin"] == Self.page)
                #expect(answer.headers[first: "access-control-allow-methods"]?.contains("POST") == true)
                #expect(answer.headers[first: "access-control-allow-headers"] == "authorization,x-grpc-web")
                #expect(answer.headers[first: "access-control-max-age"] == "7200")
                #expect(answer.headers[first: "access-control-allow-credentials"] == nil)
                #expect(answer.headers[first: "vary"]?.contains("origin") == true)
                #expect(server.counts.snapshot() == [])
            }
        }
    }

    @Test(arguments: Wire.allCases)
    func `a preflight of another origin, and where none is allowed`(_ wire: Wire) async throws {
        for allowed in [try Self.allowing("https://other.example.com,https://app.example.com:8443"), nil] {
            try await Wire.serve(allowing: allowed) { port, _ in
                let answer = try await wire.ask(port, Self.preflight(Self.page))
                #expect(answer.status == 405)
                #expect(answer.headers[first: "access-control-allow-origin"] == nil)
            }
        }
    }

    @Test(arguments: Tongue.everywhere)
    func `an answer whose whole head the page may read`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve(allowing: Self.allowing(Self.page)) { port, _ in
            for text in ["hi", "fail:NOT_FOUND"] {
                var call = Tongue.Call("Unary", text)
                call.headers = ["origin": Self.page]
                let outcome = try await tongue.call(call, over: wire, port)
                #expect(outcome.headers[first: "access-control-allow-origin"] == Self.page)
                let exposed = outcome.headers[first: "access-control-expose-headers"] ?? ""
                #expect(exposed.contains("x-custom-header"))
                #expect(exposed.contains("trailer-x-custom-trailer") == tongue.isConnect)
                #expect(outcome.headers.values("vary").contains("origin"))
                #expect(outcome.messages == (text == "hi" ? ["hi"] : []))
            }
            let plain = try await tongue.call(Tongue.Call("Unary", "hi"), over: wire, port)
            #expect(plain.headers[first: "access-control-allow-origin"] == nil)
        }
    }

    @Test(arguments: Wire.allCases)
    func `refusals, limits and cancellation reach a page as they reach others`(_ wire: Wire) async throws {
        let (started, ended) = (Waiter<Void>(), Waiter<Void>())
        let methods =
            Conformance.methods + [
                .unary(Conformance.service, "HangUnary") { (request: StringValue, context) in
                    started.resolve(.success(()))
                    do { try await Waiter<Void>().value() } catch { ended.resolve(.success(())) }
                    return request
                }
            ]
        try await Wire.serve(methods, allowing: Self.allowing("*")) { port, _ in
            var call = Tongue.Call("HangUnary", "a")
            call.headers = ["origin": Self.page]
            let stream = try await wire.open(port, Tongue.web.head(call))
            stream.send(Tongue.web.body(call))
            stream.end()
            try await started.value()
            stream.cancel()
            try await ended.value()
            var head = Tongue.web.head(call)
            head.headers = ["origin": Self.page, "content-type": "image/jpeg"]
            let refused = try await wire.ask(port, head, [1, 2, 3])
            #expect(refused.status == 415)
            #expect(refused.headers[first: "access-control-allow-origin"] == Self.page)
        }
    }

    @Test(arguments: [
        ("", true), ("*", true), ("https://a.example", true), ("https://a.example, http://localhost:5173", true),
        ("http://[::1]:3000", true), ("https://a.example/", false), ("https://a.example/path", false),
        ("a.example", false), ("ftp://a.example", false), ("https://", false), ("https://*.example", false),
        ("*,https://a.example", false), ("https://a b", false), ("https://a@b", false),
    ])
    func `what is a list of origins`(_ text: String, _ isOne: Bool) {
        #expect((AllowedOrigins(text) != nil) == isOne)
        #expect(AllowedOrigins(text)?.isEmpty != true || text.isEmpty)
    }
}
