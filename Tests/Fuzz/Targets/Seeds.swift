import Compression
import Standard

@testable import Protobuf
@testable import RPC

#if canImport(Gateway)
    @testable import Gateway
#else
    @testable import FuzzedGateway
#endif

// Inputs made by hand, from which libFuzzer sets out: each door's usual visitors.

extension FuzzTarget {
    var seeds: [(name: String, input: [UInt8])] {
        switch self {
        case .server: ServerSeeds.all
        case .client: ClientSeeds.all
        case .wire: MessageSeeds.wire
        case .json: MessageSeeds.json
        case .http: HTTPSeeds.all
        }
    }
}

/// Frames of a script, as `ConnectionInput` reads them.
private enum Script {
    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [type, flags, stream, UInt8(payload.count)] + payload
    }

    static func headers(_ stream: UInt8, _ fields: [(String, String)], ends: Bool = false) -> [UInt8] {
        frame(1, ends ? 5 : 4, stream, block(fields))
    }

    static func data(_ stream: UInt8, _ bytes: [UInt8], ends: Bool = true) -> [UInt8] {
        frame(0, ends ? 1 : 0, stream, bytes)
    }

    /// Literal fields without indexing and without Huffman coding (RFC 7541 §6.2.2), all shorter than 127 bytes.
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0, UInt8($0.0.utf8.count)] + $0.0.utf8 + [UInt8($0.1.utf8.count)] + $0.1.utf8 }
    }

    static func message(_ text: String, _ coding: ContentCoding? = nil) -> [UInt8] {
        let bytes = StringValue(value: text).serialized()
        return prefixed(coding.map { $0.compressed(bytes.span.bytes) } ?? bytes, flag: coding == nil ? 0 : 1)
    }

    static func prefixed(_ bytes: [UInt8], flag: UInt8 = 0) -> [UInt8] { [flag, 0, 0, 0, UInt8(bytes.count)] + bytes }
}

private enum ServerSeeds {
    static func call(
        _ stream: UInt8, _ method: String, _ type: String, _ body: [UInt8], _ extra: [(String, String)] = [],
        ends: Bool = true
    ) -> [UInt8] {
        Script.headers(
            stream,
            [
                (":method", "POST"), (":scheme", "http"), (":path", "/\(EchoService.name)/\(method)"),
                (":authority", "a"), ("content-type", type), ("te", "trailers"),
            ] + extra) + Script.data(stream, body, ends: ends)
    }

    static func get(_ stream: UInt8, _ path: String) -> [UInt8] {
        Script.headers(
            stream, [(":method", "GET"), (":scheme", "http"), (":path", path), (":authority", "a")], ends: true)
    }

    static func http1(_ text: String, _ body: [UInt8] = []) -> [UInt8] {
        Array(text.replacing("\n", with: "\r\n").utf8) + body
    }

    static let connectGet = "/fuzz.Echo/Unary?connect=v1&encoding=json&message=%22a%22"
    static let end = Script.prefixed([], flag: 2)

    static var all: [(String, [UInt8])] {
        let scripts: [(String, [UInt8])] = [
            ("grpc-unary", call(1, "Unary", "application/grpc", Script.message("a"))),
            ("grpc-json", call(1, "Unary", "application/grpc+json", Script.prefixed(Array("\"a\"".utf8)))),
            ("grpc-down", call(1, "Down", "application/grpc", Script.message("a b c"))),
            ("grpc-up", call(1, "Up", "application/grpc", Script.message("a") + Script.message("b"))),
            (
                "grpc-both",
                call(1, "Both", "application/grpc", Script.message("a"), ends: false)
                    + Script.data(1, Script.message("b"))
            ),
            ("grpc-refused", call(1, "Unary", "application/grpc", Script.message("refuse"))),
            (
                "grpc-wait",
                call(1, "Unary", "application/grpc", Script.message("wait"), [("grpc-timeout", "100m")])
                    + call(3, "Both", "application/grpc", Script.message("wait"))
            ),
            (
                "grpc-reset",
                call(1, "Both", "application/grpc", Script.message("wait"), ends: false)
                    + Script.frame(3, 0, 1, [0, 0, 0, 8])
            ),
            (
                "grpc-metadata",
                call(
                    1, "Unary", "application/grpc+proto", Script.message("a"),
                    [("x-bin", "AAEC"), ("grpc-accept-encoding", "gzip,zstd"), ("user-agent", "fuzz")])
            ),
            ("grpc-unknown", call(1, "Nothing", "application/grpc", [])),
            ("grpc-many", [1, 3, 5].flatMap { call($0, "Unary", "application/grpc", Script.message("a")) }),
            ("web", call(1, "Down", "application/grpc-web+proto", Script.message("a b"))),
            (
                "web-text",
                call(1, "Unary", "application/grpc-web-text", Array(Base64.encode(Script.message("a")).utf8))
            ),
            ("connect-unary", call(1, "Unary", "application/proto", StringValue(value: "a").serialized())),
            ("connect-json", call(1, "Unary", "application/json", Array("\"a\"".utf8), [("connect-timeout-ms", "9")])),
            ("connect-get", get(1, connectGet)),
            ("connect-get-base64", get(1, "/fuzz.Echo/Unary?connect=v1&encoding=proto&base64=1&message=CgFh")),
            ("connect-stream", call(1, "Both", "application/connect+proto", Script.message("a"))),
            ("connect-stream-json", call(1, "Down", "application/connect+json", Script.prefixed(Array("\"a\"".utf8)))),
            ("get-unknown", get(1, "/healthz")),
            (
                "continuation",
                Script.frame(1, 1, 1, Script.block([(":method", "GET"), (":scheme", "http")]))
                    + Script.frame(9, 4, 1, Script.block([(":path", "/"), (":authority", "a")]))
            ),
            (
                "frames",
                Script.frame(4, 0, 0, [0, 4, 0, 0, 0, 1]) + Script.frame(4, 1, 0, [])
                    + Script.frame(6, 0, 0, Array(1...8)) + Script.frame(8, 0, 0, [0, 0, 1, 0])
                    + Script.frame(2, 0, 1, [0, 0, 0, 0, 9]) + Script.frame(11, 0, 0, [1])
                    + call(1, "Down", "application/grpc", Script.message("a b"))
                    + Script.frame(8, 0, 1, [0, 0, 1, 0]) + Script.frame(7, 0, 0, Array(repeating: 0, count: 8))
            ),
            (
                "trailers",
                call(1, "Up", "application/grpc", Script.message("a"), ends: false)
                    + Script.headers(1, [("x", "y")], ends: true)
            ),
        ]
        let gzip = ContentCoding.allCases.map { coding in
            (
                "grpc-\(coding.rawValue)",
                call(
                    1, "Both", "application/grpc", Script.message("aaaaaaaa", coding),
                    [("grpc-encoding", coding.rawValue)])
            )
        }
        let texts: [(String, [UInt8])] = [
            ("http1-get", http1("GET \(connectGet) HTTP/1.1\nhost: a\n\n")),
            (
                "http1-post",
                http1(
                    "POST /fuzz.Echo/Unary HTTP/1.1\nhost: a\ncontent-type: application/json\ncontent-length: 3\n\n\"a\""
                )
            ),
            (
                "http1-chunked",
                http1(
                    """
                    POST /fuzz.Echo/Unary HTTP/1.1
                    host: a
                    content-type: application/json
                    transfer-encoding: chunked

                    2
                    "a
                    1
                    "
                    0


                    """)
            ),
            (
                "http1-pipelined",
                http1("GET / HTTP/1.1\nhost: a\n\nGET \(connectGet) HTTP/1.1\nhost: a\nconnection: close\n\n")
            ),
            (
                "http1-web",
                http1(
                    """
                    POST http://a/fuzz.Echo/Down HTTP/1.1
                    host: a
                    content-type: application/grpc-web+proto
                    expect: 100-continue
                    content-length: 8


                    """, Script.message("a"))
            ),
            ("http1-0", http1("GET / HTTP/1.0\n\n")),
            (
                "preface",
                ConnectionInput.preface + ConnectionInput.frame(4, 0, 0, [])
                    + ConnectionInput.frame(
                        1, 5, 1,
                        Script.block([(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]))
            ),
        ]
        return (scripts + gzip).map { ($0, [0x80] + $1) } + texts.map { ($0, [0] + $1) }
            + [("slowly", [0x87] + scripts[0].1), ("http1-slowly", [7] + texts[1].1)]
    }
}

private enum ClientSeeds {
    static func answer(_ stream: UInt8, _ body: [UInt8], _ trailers: [(String, String)]) -> [UInt8] {
        head(stream) + Script.data(stream, body, ends: false) + Script.headers(stream, trailers, ends: true)
    }

    static func head(_ stream: UInt8, _ extra: [(String, String)] = [], status: String = "200", ends: Bool = false)
        -> [UInt8]
    {
        Script.headers(stream, [(":status", status), ("content-type", "application/grpc")] + extra, ends: ends)
    }

    static let ok = [("grpc-status", "0")]

    static var all: [(String, [UInt8])] {
        let scripts: [(String, [UInt8])] = [
            ("settings", Script.frame(4, 1, 0, [])),
            ("unary", answer(1, Script.message("a"), ok)),
            ("stream", answer(3, Script.message("a") + Script.message("b"), ok)),
            ("both", answer(1, Script.message("a"), ok) + answer(3, [], ok)),
            ("two-messages", answer(1, Script.message("a") + Script.message("b"), ok)),
            ("no-message", answer(1, [], ok)),
            ("status-only", head(1, [("grpc-status", "7"), ("grpc-message", "no%20%E2%98%BA")], ends: true)),
            ("details", answer(1, [], [("grpc-status", "9"), ("grpc-status-details-bin", "CAkSAm5v")])),
            ("push-back", head(1, [("grpc-status", "14"), ("grpc-retry-pushback-ms", "10")], ends: true)),
            ("no-status", head(1) + Script.data(1, Script.message("a"))),
            ("http-503", head(1, status: "503", ends: true)),
            ("informational", Script.headers(1, [(":status", "103")]) + answer(1, Script.message("a"), ok)),
            ("refused", Script.frame(3, 0, 1, [0, 0, 0, 7])),
            ("reset", head(3) + Script.frame(3, 0, 3, [0, 0, 0, 2])),
            ("goaway", Script.frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0])),
            ("goaway-debug", Script.frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 11] + Array("too_many_pings".utf8))),
            ("no-streams", Script.frame(4, 0, 0, [0, 3, 0, 0, 0, 0]) + answer(1, Script.message("a"), ok)),
            ("small-window", Script.frame(4, 0, 0, [0, 4, 0, 0, 0, 0]) + Script.frame(8, 0, 1, [0, 0, 0, 1])),
            ("push", Script.frame(5, 4, 1, [0, 0, 0, 2] + Script.block([(":method", "GET")]))),
            ("ping", Script.frame(6, 0, 0, Array(1...8)) + Script.frame(6, 1, 0, Array(1...8))),
            ("cut", head(1) + Script.data(1, [0, 0, 0, 0, 9, 1], ends: true)),
            ("flag", answer(1, [4, 0, 0, 0, 0], ok)),
            ("too-large", answer(1, [0, 255, 255, 255, 255], ok)),
            ("flag-without-encoding", answer(1, Script.message("a", .gzip), ok)),
        ]
        let coded = ContentCoding.allCases.map { coding in
            (
                coding.rawValue,
                head(1, [("grpc-encoding", coding.rawValue)])
                    + Script.data(1, Script.message("aaaaaaaa", coding), ends: false)
                    + Script.headers(1, ok, ends: true)
            )
        }
        return (scripts + coded).map { ($0, [0x80] + $1) }
            + [
                ("slowly", [0x85] + scripts[3].1), ("raw", [0] + ConnectionInput.frame(4, 0, 0, [])),
                ("http1", [0] + Array("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".utf8)),
            ]
    }
}

/// Each message with every field set: those inside to a depth of two, lists with two elements.
private enum MessageSeeds {
    static var wire: [(String, [UInt8])] {
        MessageTypes.all.map { type in
            (type.fullName, Array("\(type.fullName)\n".utf8) + filled(type.fullName, depth: 2))
        }
    }

    static var json: [(String, [UInt8])] {
        MessageTypes.all.compactMap { type in
            let bytes = filled(type.fullName, depth: 2)
            guard let text = try? WireInput.mapping.json(fromWire: bytes, message: type.fullName) else { return nil }
            return (type.fullName, Array("\(type.fullName)\n".utf8) + text)
        } + texts
    }

    private static let texts: [(String, [UInt8])] = [
        ("escapes", #""\u0041\ud83d\ude00\"\\\/\b\f\n\r\t""#),
        ("numbers", "[0,-1,1.5e3,1E-2,1e400,12345678901234567890]"),
        ("space", " { \"a\" : [ true , false , null ] } "), ("deep", String(repeating: "[", count: 99)),
        ("twice", #"{"a":1,"a":2}"#),
    ].map { ($0, Array("google.protobuf.StringValue\n\($1)".utf8)) }

    private static func filled(_ name: String, depth: Int) -> [UInt8] {
        guard let message = WireInput.mapping.pool.messages[name] else { return [] }
        var writer = WireWriter()
        for field in message.fields.sorted(by: { $0.number < $1.number }) {
            for _ in 0..<(field.isRepeated && field.kind == .message ? 2 : 1) {
                write(field, to: &writer, depth: depth)
            }
        }
        return writer.bytes
    }

    private static func write(_ field: FieldDescriptor, to writer: inout WireWriter, depth: Int) {
        switch field.kind {
        case .string: writer.field(field.number, "é\(field.number)".utf8)
        case .bytes: writer.field(field.number, [0, 255])
        case .message:
            if depth > 0 { writer.field(field.number, filled(field.typeName, depth: depth - 1)) }
        case .double, .fixed64, .sfixed64:
            writer.tag(field.number, .fixed64)
            writer.fixed64((1.5).bitPattern)
        case .float, .fixed32, .sfixed32:
            writer.tag(field.number, .fixed32)
            writer.fixed32(Float(1.5).bitPattern)
        default: writer.field(field.number, varint: 1)
        }
    }
}

private enum HTTPSeeds {
    static let templates = [
        "/v1/{name=organizations/*/relationships/*}:activate", "/v1/{parent=organizations/*}/goals", "/v1/{a.b.c}/**",
        "/v1/{name=files/**}", "/{a}/{b=*}/c:d", "/v1/a:b",
    ]

    static var all: [(String, [UInt8])] {
        var seeds = templates.enumerated().map { ("template-\($0.offset)", "template\n\($0.element)") }
        for (index, route) in HTTPInput.routes.routes.enumerated() {
            let path = route.template.segments.map { segment in
                switch segment {
                case .literal(let text): text
                case .one: "a%20\(index)"
                case .rest: "a/b"
                }
            }.joined(separator: "/")
            let verb = route.template.verb.isEmpty ? "" : ":\(route.template.verb)"
            let fields = WireInput.mapping.pool.messages[route.rpc.input]?.fields.filter { !$0.isRepeated } ?? []
            let query = route.body == .whole ? "" : "?" + fields.prefix(6).map { "\($0.name)=1" }.joined(separator: "&")
            let name = route.rpc.path.split(separator: "/").last.map(String.init) ?? ""
            seeds.append((name + "-\(index)", "\(route.method)\n/\(path)\(verb)\(query)\n"))
        }
        return seeds.map { ($0, Array($1.utf8)) }
    }
}
