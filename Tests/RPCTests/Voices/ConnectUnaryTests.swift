import Compression
import HTTP
import Protobuf
import Standard
import Testing

@testable import RPC

/// What Connect alone has: HTTP's status, JSON errors, GET (connectrpc.com/docs/protocol). Names of connectrpc/conformance
/// where it has the case.
@Suite(.timeLimit(.minutes(1))) struct ConnectUnaryTests {
    private static let path = "/\(Conformance.service)/Unary"

    private static func head(_ path: String = path, method: String = "POST", _ headers: Headers = [:]) -> RequestHead {
        RequestHead(method: method, scheme: "http", authority: "test", path: path, headers: headers)
    }

    private static let json: Headers = ["content-type": "application/json"]

    @Test(arguments: Wire.allCases)
    func `a unary call is a POST of JSON, with nothing around it`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let answer = try await wire.ask(port, Self.head(Self.path, Self.json), Array("\"hi ☺\"".utf8))
            #expect(answer.status == 200)
            #expect(answer.text == "\"hi ☺\"")
            #expect(answer.headers[first: "content-type"] == "application/json")
            #expect(answer.headers[first: "content-length"] == String("\"hi ☺\"".utf8.count))
            #expect(answer.headers[first: "trailer-x-custom-trailer"] == "bing")
            #expect(answer.headers[first: "cache-control"] == nil)
        }
    }

    @Test(arguments: Wire.allCases)
    func `Connect to HTTP Code Mapping`(_ wire: Wire) async throws {
        let statuses: [StatusCode: Int] = [
            .cancelled: 499, .unknown: 500, .invalidArgument: 400, .deadlineExceeded: 504, .notFound: 404,
            .alreadyExists: 409, .permissionDenied: 403, .resourceExhausted: 429, .failedPrecondition: 400,
            .aborted: 409, .outOfRange: 400, .unimplemented: 501, .internal: 500, .unavailable: 503, .dataLoss: 500,
            .unauthenticated: 401,
        ]
        try await Wire.serve { port, _ in
            for (code, status) in statuses {
                let body = Array("\"fail:\(code.name)\"".utf8)
                let answer = try await wire.ask(port, Self.head(Self.path, Self.json), body)
                #expect(answer.status == status)
                #expect(answer.json.flatMap(Tongue.error)?.code == code)
                #expect(answer.headers[first: "content-type"] == "application/json")
                #expect((answer.headers[first: "www-authenticate"] == "Bearer") == (status == 401))
            }
        }
    }

    @Test func `an error says its details in Base64 and, where they are known, in JSON`() async throws {
        try await Wire.serve { port, _ in
            let answer = try await Wire.http1.ask(
                port, Self.head(Self.path, ["content-type": "application/proto"]),
                StringValue(value: "fail:CANCELLED").serialized())
            let details = """
                {"code":"canceled","message":"no: ☺ and 😈\\n",\
                "details":[{"type":"google.rpc.RetryInfo","value":"CgIIAw","debug":{"retryDelay":"3s"}}]}
                """
            #expect(answer.text == details)
        }
    }

    // MARK: Connect Unexpected Requests

    @Test(arguments: Wire.allCases)
    func `unexpected-content-type, unexpected-codec`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for type in ["image/jpeg", "application/foo", "application/connect+proto", "application/grpc+foo", ""] {
                let answer = try await wire.ask(port, Self.head(Self.path, ["content-type": type]), [1, 2, 3])
                #expect(answer.status == 415)
                #expect(answer.headers[first: "accept-post"]?.contains("application/json") == true)
            }
            // A stream is not served as a unary call, so that nobody takes its 200 for success.
            let stream = "/\(Conformance.service)/ServerStream"
            let answer = try await wire.ask(port, Self.head(stream, Self.json), Array("\"a\"".utf8))
            #expect(answer.status == 415)
            #expect(answer.headers[first: "accept-post"]?.contains("application/connect+json") == true)
        }
    }

    @Test(arguments: Wire.allCases, ["DELETE", "PUT", "GET", "HEAD"])
    func `unexpected-verb`(_ wire: Wire, _ verb: String) async throws {
        try await Wire.serve { port, _ in
            let answer = try await wire.ask(port, Self.head(Self.path, method: verb, Self.json))
            #expect(answer.status == 405)
            #expect(answer.headers[first: "allow"] == "POST")
        }
    }

    @Test(arguments: Wire.allCases)
    func `unexpected-uri`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            var headers = Self.json
            headers.add("connect-protocol-version", "1")
            let answer = try await wire.ask(port, Self.head("/conformance.v1.UnknownService/Unknown", headers), [])
            #expect(answer.status == 404)
            #expect(answer.json.flatMap(Tongue.error)?.code == .unimplemented)
            // JSON for a path that is none of ours may be anybody's.
            let other = try await wire.ask(port, Self.head("/v1/things", Self.json), [])
            #expect(other.status == 415)
        }
    }

    @Test(arguments: Wire.allCases)
    func `unexpected-compression`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for coding in ["foo", "br", "deflate"] {
                var headers = Self.json
                headers.add("content-encoding", coding)
                let answer = try await wire.ask(port, Self.head(Self.path, headers), Array("\"a\"".utf8))
                #expect(answer.status == 501)
                let error = answer.json.flatMap(Tongue.error)
                #expect(error?.code == .unimplemented)
                #expect(error?.message.contains("gzip, zstd") == true)
            }
        }
    }

    @Test(arguments: Wire.allCases)
    func `what is not of its coding, and nothing, which is nothing in each`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            for coding in ["gzip", "zstd"] {
                let headers: Headers = ["content-type": "application/proto", "content-encoding": coding]
                let corrupt = try await wire.ask(port, Self.head(Self.path, headers), [1, 2, 3])
                #expect(corrupt.status == 400)
                #expect(corrupt.json.flatMap(Tongue.error)?.code == .invalidArgument)
                let empty = try await wire.ask(port, Self.head(Self.path, headers))
                #expect(empty.status == 200)
                #expect(empty.body == [])
            }
        }
    }

    @Test(arguments: ["", "{", "12", "[\"a\"]", "{\"value\":\"a\"}", "\"a\" \"b\""])
    func `malformed and missing JSON is INVALID_ARGUMENT`(_ text: String) async throws {
        try await Wire.serve { port, _ in
            let answer = try await Wire.http1.ask(port, Self.head(Self.path, Self.json), Array(text.utf8))
            #expect(answer.status == 400)
            #expect(answer.json.flatMap(Tongue.error)?.code == .invalidArgument)
        }
    }

    @Test func `JSON nested beyond its limit is refused`() async throws {
        try await Wire.serve { port, _ in
            let text = String(repeating: "[", count: 100_000)
            let answer = try await Wire.http1.ask(port, Self.head(Self.path, Self.json), Array(text.utf8))
            #expect(answer.status == 400)
        }
    }

    @Test(arguments: [
        ("connect-timeout-ms", "12345678901"), ("connect-timeout-ms", "-1"), ("connect-timeout-ms", "1s"),
        ("connect-timeout-ms", ""), ("connect-protocol-version", "2"),
    ])
    func `a head that cannot be right is INVALID_ARGUMENT`(_ name: String, _ value: String) async throws {
        try await Wire.serve { port, server in
            var headers = Self.json
            headers.add(name, value)
            let answer = try await Wire.http2.ask(port, Self.head(Self.path, headers), Array("\"a\"".utf8))
            #expect(answer.status == 400)
            #expect(answer.json.flatMap(Tongue.error)?.code == .invalidArgument)
            #expect(server.counts.snapshot().first?.codes == [.invalidArgument: 1])
        }
    }

    @Test func `ten digits of milliseconds are a deadline`() async throws {
        try await Wire.serve { port, _ in
            var headers = Self.json
            headers.add("connect-timeout-ms", "9999999999")
            let answer = try await Wire.http2.ask(port, Self.head(Self.path, headers), Array("\"time\"".utf8))
            let left = answer.json?.string.flatMap { Int($0) } ?? 0
            #expect(left > 9_999_000_000)
        }
    }

    @Test(arguments: [
        ("gzip, br", "gzip"), ("br, zstd, gzip", "zstd"), ("gzip;q=0, zstd", "zstd"), ("zstd;q=0.5", "zstd"),
        ("br", nil), ("identity", nil), ("*", nil), ("", nil),
    ])
    func `the answer is compressed as the caller likes best`(_ accept: String, _ coding: String?) async throws {
        try await Wire.serve { port, _ in
            var headers = Self.json
            headers.add("accept-encoding", accept)
            let text = Array(("\"" + String(repeating: "x", count: 1000) + "\"").utf8)
            let answer = try await Wire.http1.ask(port, Self.head(Self.path, headers), text)
            #expect(answer.headers[first: "content-encoding"] == coding)
            var body = answer.body
            if let coding = coding.flatMap(ContentCoding.init) {
                body = try coding.decompressed(body.span.bytes, limit: 2000)
            }
            #expect(body == text)
        }
    }

    @Test func `without Accept-Encoding the caller reads what it writes`() async throws {
        try await Wire.serve { port, _ in
            var headers = Self.json
            headers.add("content-encoding", "zstd")
            let text = Array(("\"" + String(repeating: "x", count: 1000) + "\"").utf8)
            let answer = try await Wire.http1.ask(
                port, Self.head(Self.path, headers), ContentCoding.zstd.compressed(text.span.bytes))
            #expect(answer.headers[first: "content-encoding"] == "zstd")
            #expect(try ContentCoding.zstd.decompressed(answer.body.span.bytes, limit: 2000) == text)
        }
    }

    @Test(arguments: Tongue.everywhere.filter { $0.0.isJSON })
    func `JSON has a smaller limit of its own, and long texts are read elsewhere`(_ tongue: Tongue, _ wire: Wire)
        async throws
    {
        try await Wire.serve { port, _ in
            let largest = String(repeating: "x", count: 1024 * 1024 - 2)
            for method in ["Unary", "ServerStream", "ClientStream"] {
                let equal = try await tongue.call(Tongue.Call(method, largest), over: wire, port)
                #expect(equal.messages == [largest])
                #expect(equal.error == nil)
                var beyond = Tongue.Call(method, largest + "x")
                for coding in [nil, ContentCoding.gzip] {
                    beyond.coding = coding
                    let outcome = try await tongue.call(beyond, over: wire, port)
                    #expect(outcome.error?.code == .resourceExhausted)
                }
                let call = Tongue.Call(method, "")
                let bare = tongue.isConnect && call.isUnary
                let broken = [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "x"), count: 100_000)
                let body = bare ? broken : [0, 0, 1, 0x86, 0xa1] + broken
                let outcome = try tongue.outcome(try await wire.ask(port, tongue.head(call), body), call)
                #expect(outcome.error?.code == .invalidArgument)
            }
        }
    }

    @Test(arguments: Wire.allCases)
    func `a body beyond the limit is refused while it comes`(_ wire: Wire) async throws {
        try await Wire.serve { port, _ in
            let stream = try await wire.open(port, Self.head(Self.path, Self.json))
            // Two MiB where one is taken, and never an end.
            for _ in 0..<32 { stream.send(Array(repeating: UInt8(ascii: "x"), count: 65536)) }
            let answer = try await stream.answer { $0.json != nil }
            #expect(answer.status == 429)
            #expect(answer.json.flatMap(Tongue.error)?.code == .resourceExhausted)
            stream.cancel()
        }
    }
}
