import Compression
import HTTP
import Protobuf
import Standard
import Testing

@testable import RPC

/// Connect's GET for methods without side effects (connectrpc.com/docs/protocol, "Unary-Get-Request").
@Suite(.timeLimit(.minutes(1))) struct ConnectGetTests {
    private func get(
        _ query: String, _ headers: Headers = [:], method: String = "IdempotentUnary", over wire: Wire = .http1
    ) async throws -> WireAnswer {
        var answer = WireAnswer()
        try await Wire.serve { port, _ in
            let path = "/\(Conformance.service)/\(method)\(query)"
            answer = try await wire.ask(
                port,
                RequestHead(method: "GET", scheme: "http", authority: "test", path: path, headers: headers))
        }
        return answer
    }

    @Test(arguments: Wire.allCases)
    func `Connect with GET, success`(_ wire: Wire) async throws {
        let json = try await get(
            "?connect=v1&encoding=json&message=%22hi%20headers%22", ["x-conformance-test": "Value1"], over: wire)
        #expect(json.status == 200)
        #expect(json.text == "\"hi Value1\"")
        #expect(json.headers[first: "content-type"] == "application/json")
        #expect(json.headers.values("x-custom-header") == ["foo", "bar"])
        #expect(json.headers.values("trailer-x-custom-trailer") == ["bing", "quux"])
        // CgJoaQ: field 1 is "hi".
        let proto = try await get("?connect=v1&base64=1&encoding=proto&message=CgJoaQ", over: wire)
        #expect(proto.status == 200)
        #expect(try StringValue(serialized: proto.body).value == "hi")
    }

    @Test(arguments: [
        "?message=%22hi%22&encoding=json", "?encoding=json&message=%22hi%22&base64=0&unknown=1",
        "?base64=1&message=ImhpIg%3D%3D&encoding=json", "?base64=1&message=ImhpIg==&encoding=json",
        "?base64=1&message=ImhpIg&encoding=json&compression=identity", "?m%65ssage=%22hi%22&encoding=json",
        "?encoding=json&message=%22hi%22&message=%22no%22", "?encoding=json&&message=+%22hi%22+",
    ])
    func `any order, unknown parameters, padded or not`(_ query: String) async throws {
        let answer = try await get(query)
        #expect(answer.text == "\"hi\"")
    }

    @Test func `a message of bytes above 127 in the alphabet of URLs`() async throws {
        let text = "\"ÿ?>~\""
        let base64 = Base64.encode(Array(text.utf8), isPadded: false).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        #expect(base64.contains("_") || base64.contains("-"))
        #expect(try await get("?encoding=json&base64=1&message=" + String(base64)).text == text)
    }

    @Test(arguments: [ContentCoding.gzip, .zstd])
    func `a compressed message`(_ coding: ContentCoding) async throws {
        let text = Array(("\"" + String(repeating: "x", count: 1000) + "\"").utf8)
        let base64 = Base64.encode(coding.compressed(text.span.bytes), isPadded: false).map {
            $0 == "+" ? "-" : $0 == "/" ? "_" : $0
        }
        let query = "?encoding=json&base64=1&compression=\(coding.rawValue)&message=" + String(base64)
        let same = try await get(query)
        #expect(same.headers[first: "content-encoding"] == coding.rawValue)
        #expect(try coding.decompressed(same.body.span.bytes, limit: 2000) == text)
        #expect(try await get(query, ["accept-encoding": "identity"]).body == text)
    }

    @Test func `nothing is nothing in each coding`() async throws {
        let answer = try await get("?encoding=proto&message=&compression=gzip")
        #expect(answer.status == 200)
        #expect(answer.body == [])
    }

    @Test(arguments: [
        ("?message=%22hi%22", 400, "invalid_argument"), ("?encoding=json", 400, "invalid_argument"),
        ("", 400, "invalid_argument"), ("?encoding=json&message=%2", 400, "invalid_argument"),
        ("?encoding=json&message=%zz", 400, "invalid_argument"),
        ("?encoding=json&message=%22", 400, "invalid_argument"),
        ("?encoding=json&base64=1&message=a!b", 400, "invalid_argument"),
        ("?encoding=json&base64=1&message=a", 400, "invalid_argument"),
        ("?encoding=json&message=%22hi%22&connect=v2", 400, "invalid_argument"),
        ("?encoding=json&message=%22hi%22&compression=br", 501, "unimplemented"),
        ("?encoding=json&message=abc&compression=gzip", 400, "invalid_argument"),
        ("?encoding=json&message=%22fail:NOT_FOUND%22", 404, "not_found"),
    ])
    func `what is wrong with a GET`(_ query: String, _ status: Int, _ code: String) async throws {
        let answer = try await get(query)
        #expect(answer.status == status)
        #expect(answer.json?["code"]?.string == code)
    }

    @Test func `an encoding that is not known is 415`() async throws {
        #expect(try await get("?encoding=xml&message=a").status == 415)
    }

    @Test(arguments: Wire.allCases)
    func `methods that may change something are no GETs`(_ wire: Wire) async throws {
        let answer = try await get("?encoding=json&message=%22hi%22", method: "Unary", over: wire)
        #expect(answer.status == 405)
        #expect(answer.headers[first: "allow"] == "POST")
        let stream = try await get("?encoding=json&message=%22hi%22", method: "ServerStream", over: wire)
        #expect(stream.status == 405)
    }

    @Test func `a method without side effects allows GET and POST, and nothing else`() async throws {
        try await Wire.serve { port, _ in
            let path = "/\(Conformance.service)/IdempotentUnary"
            let put = RequestHead(method: "PUT", scheme: "http", authority: "test", path: path)
            let refused = try await Wire.http1.ask(port, put)
            #expect(refused.headers[first: "allow"] == "GET, POST")
            var call = Tongue.Call("IdempotentUnary", "hi")
            call.timeout = "1000"
            let outcome = try await Tongue.connect.call(call, over: .http1, port)
            #expect(outcome.messages == ["hi"])
        }
    }

    @Test(arguments: ["?encoding=json&message=%22hi%22", "?encoding=json&message=%22fail:INTERNAL%22"])
    func `an answer is kept by no cache, and least of all for others`(_ query: String) async throws {
        let answer = try await get(query)
        #expect(answer.headers[first: "cache-control"] == "no-store")
        #expect(answer.headers[first: "vary"] == "authorization, accept-encoding")
    }

    @Test func `deadlines and refusals are those of a POST`() async throws {
        let late = try await get("?encoding=json&message=%22wait%22", ["connect-timeout-ms": "50"])
        #expect(late.status == 504)
        #expect(late.json?["code"]?.string == "deadline_exceeded")
        let bad = try await get("?encoding=json&message=%22wait%22", ["connect-timeout-ms": "soon"])
        #expect(bad.status == 400)
    }
}
