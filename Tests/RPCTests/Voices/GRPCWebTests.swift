import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

/// What gRPC-Web has of its own (gRPC PROTOCOL-WEB), and requests that no good client makes. Names of
/// connectrpc/conformance where it has the case.
@Suite(.timeLimit(.minutes(1))) struct GRPCWebTests {
    private static func head(
        _ method: String, _ headers: Headers, verb: String = "POST", service: String = Conformance.service
    ) -> RequestHead {
        RequestHead(
            method: verb, scheme: "http", authority: "test", path: "/\(service)/\(method)", headers: headers)
    }

    private static let web: Headers = ["content-type": "application/grpc-web+proto"]
    private static let call = Tongue.Call("Unary")

    private static func message(_ text: String) -> [UInt8] { Tongue.web.body(text, call) }

    private static func trailers(_ answer: WireAnswer) -> String? {
        WireAnswer.frames(answer.body).first { $0.flag == 0x80 }.map { String(decoding: $0.payload, as: UTF8.self) }
    }

    @Test(arguments: Wire.allCases)
    func `trailers are the last frame of the body, in lower case`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let answer = try await wire.ask(port, Self.head("Unary", Self.web), Self.message("hi"))
            #expect(WireAnswer.frames(answer.body).map(\.flag) == [0, 0x80])
            #expect(
                Self.trailers(answer)
                    == "grpc-status: 0\r\nx-custom-trailer: bing\r\nx-custom-trailer: quux\r\n")
            #expect(answer.trailers.isEmpty)
            #expect(answer.headers[first: "grpc-status"] == nil)
        }
    }

    @Test(arguments: Wire.allCases)
    func `gRPC-Web Proto Sub-Format Requests`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for type in ["application/grpc-web+proto", "application/grpc-web"] {
                let answer = try await wire.ask(port, Self.head("Unary", ["content-type": type]), Self.message("hi"))
                #expect(answer.headers[first: "content-type"] == "application/grpc-web+proto")
                #expect(Self.trailers(answer)?.hasPrefix("grpc-status: 0\r\n") == true)
            }
        }
    }

    @Test(arguments: Tongue.everywhere.filter { !$0.0.isConnect })
    func `no-request and multiple-requests`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for method in ["Unary", "ServerStream"] {
                var call = Tongue.Call(method)
                let none = try await tongue.call(call, over: wire, port)
                #expect(none.error?.code == .unimplemented)
                call.messages = ["a", "b"]
                let two = try await tongue.call(call, over: wire, port)
                #expect(two.error?.code == .unimplemented)
            }
        }
    }

    @Test(arguments: Wire.allCases)
    func `a Connect stream, no-request and multiple-requests`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            var call = Tongue.Call("ServerStream")
            let none = try await Tongue.connect.call(call, over: wire, port)
            #expect(none.error?.code == .unimplemented)
            call.messages = ["a", "b"]
            let two = try await Tongue.connect.call(call, over: wire, port)
            #expect(two.error?.code == .unimplemented)
        }
    }

    @Test(arguments: Wire.allCases)
    func `unexpected-verb, unexpected-uri, unexpected-codec`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let verb = try await wire.ask(port, Self.head("Unary", Self.web, verb: "DELETE"), Self.message("a"))
            #expect(verb.status == 405)
            let uri = try await wire.ask(port, Self.head("No", Self.web, service: "no.Service"), Self.message("a"))
            #expect(uri.status == 200)
            #expect(Self.trailers(uri)?.hasPrefix("grpc-status: 12\r\n") == true)
            let codec: Headers = ["content-type": "application/grpc-web+foo"]
            let foo = try await wire.ask(port, Self.head("Unary", codec), Self.message("a"))
            #expect(foo.status == 415)
        }
    }

    @Test(arguments: Tongue.everywhere.filter { $0.0 != .connectJSON && $0.0 != .webText })
    func `unexpected-compression and unexpected-compressed-message`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let name = tongue.isConnect ? "connect-content-encoding" : "grpc-encoding"
            for (encoding, code) in [("foo", StatusCode.unimplemented), ("identity", .internal)] {
                var call = Tongue.Call("ServerStream", "a")
                call.headers = [:]
                call.headers.add(name, encoding)
                var body = tongue.body(call)
                body[0] = 1
                let answer = try await wire.ask(port, tongue.head(call), body)
                let outcome = try tongue.outcome(answer, call)
                #expect(outcome.error?.code == code)
            }
        }
    }

    @Test(arguments: Tongue.everywhere.filter { $0.0 != .webText })
    func `incomplete-message and incomplete-message-prefix`(_ tongue: Tongue, _ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for body in [[0, 0, 0, 0, 10, 65, 65, 65], [0, 0, 0]] as [[UInt8]] {
                let call = Tongue.Call("ClientStream")
                let outcome = try tongue.outcome(try await wire.ask(port, tongue.head(call), body), call)
                #expect(outcome.error?.code == .internal)
            }
        }
    }

    @Test(arguments: Wire.allCases, [UInt8(2), 0x80, 0xff])
    func `flags of a request other than that of compression are refused`(_ wire: Wire, _ flag: UInt8) async throws {
        try await Wire.serve { port, _ in
            for tongue in [Tongue.web, .connect] {
                let call = Tongue.Call("ClientStream")
                let body = [flag, 0, 0, 0, 0]
                let outcome = try tongue.outcome(try await wire.ask(port, tongue.head(call), body), call)
                #expect(outcome.error?.code == .internal)
            }
        }
    }

    // MARK: Text

    @Test(arguments: Wire.allCases)
    func `text comes in pieces of any size, padded anywhere`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let call = Tongue.Call("ClientStream", "a", "bc", "def")
            let stream = try await wire.open(port, Tongue.webText.head(call))
            for byte in Tongue.webText.body(call) { stream.send([byte]) }
            stream.end()
            let outcome = try Tongue.webText.outcome(try await stream.answer(), call)
            #expect(outcome.messages == ["a bc def"])
            // The same without padding at the end.
            let text = Tongue.webText.body("a", call).filter { $0 != UInt8(ascii: "=") }
            let bare = try await wire.ask(port, Tongue.webText.head(call), text)
            #expect(try Tongue.webText.outcome(bare, call).messages == ["a"])
        }
    }

    @Test(arguments: ["AAAAAAD!", "A", "AAAA=AAA", "AAAAAA=B"])
    func `what is not Base64 is INTERNAL`(_ text: String) async throws {
        try await Wire.serve { port, _ in
            let call = Tongue.Call("ClientStream")
            let answer = try await Wire.http1.ask(port, Tongue.webText.head(call), Array(text.utf8))
            #expect(try Tongue.webText.outcome(answer, call).error?.code == .internal)
        }
    }

    @Test(arguments: [
        ("application/grpc-web-text", "application/grpc-web", false),
        ("application/grpc-web-text", "*/*", true), ("application/grpc-web", "application/grpc-web-text", true),
        ("application/grpc-web", "*/*", false),
    ])
    func `the answer is text where Accept asks for it`(_ type: String, _ accept: String, _ isText: Bool) async throws {
        try await Wire.serve { port, _ in
            let tongue: Tongue = type.hasSuffix("text") ? .webText : .web
            let answer = try await Wire.http1.ask(
                port, Self.head("Unary", ["content-type": type, "accept": accept]), tongue.body("hi", Self.call))
            let written = isText ? "application/grpc-web-text+proto" : "application/grpc-web+proto"
            #expect(answer.headers[first: "content-type"] == written)
            #expect(try (isText ? Tongue.webText : .web).outcome(answer, Self.call).messages == ["hi"])
        }
    }

    @Test func `Base64 of any bytes, cut anywhere, comes back`() throws {
        var random = Seeded()
        for _ in 0..<500 {
            var stream = Base64Stream()
            var (whole, read) = ([UInt8](), [UInt8]())
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let piece = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                whole += piece
                text += Base64Stream.encode(ByteBuffer(bytes: piece)).readableBytesView
            }
            while !text.isEmpty {
                let count = Int.random(in: 1...text.count, using: &random)
                read += try stream.decode(ByteBuffer(bytes: text.prefix(count))).readableBytesView
                text.removeFirst(count)
            }
            #expect(try stream.end() == nil, "seed \(random.seed)")
            #expect(read == whole, "seed \(random.seed)")
        }
    }
}
