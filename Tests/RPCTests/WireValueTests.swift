import HTTP
import NIOCore
import Testing

@testable import RPC

@Suite struct StatusTests {
    @Test func `every code travels as its number`() {
        for code in StatusCode.allCases { #expect(StatusCode(wire: "\(code.rawValue)") == code) }
    }

    @Test func `an unknown number is UNKNOWN`() { #expect(StatusCode(wire: "17") == .unknown) }

    @Test(arguments: ["", "00", "05", "-1", "+1", " 1", "1000", "x", "٣"])
    func `anything but a decimal number is no status`(_ text: String) { #expect(StatusCode(wire: text) == nil) }

    @Test(arguments: [
        ("plain ~ text", "plain ~ text"), ("100%", "100%25"), ("a\nb", "a%0Ab"), ("é", "%C3%A9"), ("", ""),
    ])
    func `a message is percent-encoded`(_ message: String, _ wire: String) {
        #expect(StatusMessage.encode(message) == wire)
        #expect(StatusMessage.decode(wire) == message)
    }

    @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("a%2", "a%2"), ("%41%", "A%"), ("%c3%a9", "é")])
    func `a broken escape passes through`(_ wire: String, _ message: String) {
        #expect(StatusMessage.decode(wire) == message)
    }

    @Test func `any message survives`() {
        var random = Seeded()
        for _ in 0..<2000 {
            let message = String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
                        Unicode.Scalar(UInt32.random(in: 0...0x1FFFF, using: &random))
                    }))
            let wire = StatusMessage.encode(message)
            #expect(wire.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "seed \(random.seed)")
            #expect(StatusMessage.decode(wire) == message, "seed \(random.seed)")
        }
    }

    @Test func `details travel in the trailers`() {
        let error = RPCError(.failedPrecondition, reason: "LISTEN_FIRST", "listen first", metadata: ["session": "s1"])
            .adding(violation: "goal.title", "is empty").adding(violation: "goal.due", "has passed")
            .retrying(after: .milliseconds(1500))
        let outcome = StatusTrailers.outcome(StatusTrailers.make(error, ["x-trace": "t"]))
        #expect(outcome?.error?.code == .failedPrecondition)
        #expect(outcome?.error?.message == "listen first")
        #expect(outcome?.error?.reason == "LISTEN_FIRST")
        #expect(outcome?.error?.errorInfo?.metadata == ["session": "s1"])
        #expect(outcome?.error?.fieldViolations.map(\.field) == ["goal.title", "goal.due"])
        #expect(outcome?.error?.retryDelay == .milliseconds(1500))
        #expect(outcome?.error?.metadata["x-trace"] == "t")
    }

    @Test func `details that are no google rpc Status leave the status alone`() {
        let outcome = StatusTrailers.outcome(["grpc-status": "5", "grpc-status-details-bin": "////"])
        #expect(outcome?.error?.code == .notFound)
        #expect(outcome?.error?.details == [])
    }
}

@Suite struct MetadataTests {
    @Test func `names are lower case and may repeat`() {
        var metadata = Metadata()
        let added1 = metadata.add("X-Role", "coach")
        #expect(added1)
        let added2 = metadata.add("x-role", "mentor, senior")
        #expect(added2)
        #expect(metadata.values("x-role") == ["coach", "mentor, senior"])
        #expect(metadata["x-role"] == "coach")
    }

    @Test(arguments: ["grpc-timeout", "te", "content-type", "user-agent", "", "x y", "ä", "x:y", "connection"])
    func `reserved and illegal names are refused`(_ name: String) {
        var metadata = Metadata()
        let added3 = metadata.add(name, "v")
        #expect(!added3)
        #expect(metadata.isEmpty)
    }

    @Test(arguments: ["a\nb", "é", "\u{7F}"])
    func `values are printable ASCII`(_ value: String) {
        var metadata = Metadata()
        let added4 = metadata.add("x", value)
        #expect(!added4)
    }

    @Test func `binary values need a -bin name, and only they may have it`() {
        var metadata = Metadata()
        let added5 = metadata.add("x", bytes: [1])
        #expect(!added5)
        let added6 = metadata.add("x-bin", "text")
        #expect(!added6)
        let added7 = metadata.add("x-bin", bytes: [0, 255])
        #expect(added7)
        #expect(metadata.bytes("x-bin") == [[0, 255]])
    }

    @Test func `binary values are split at commas, padded or not`() {
        let metadata = Metadata(received: ["x-bin": "Zg==,Zm8, Zm9v", "y-bin": "*,Zg"])
        #expect(metadata.bytes("x-bin") == ["f", "fo", "foo"].map { Array($0.utf8) })
        #expect(metadata.bytes("y-bin") == [[102]])
    }

    @Test func `reserved names that were received are not visible`() {
        let metadata = Metadata(received: ["te": "trailers", "grpc-status": "0", "a": "1"])
        #expect(metadata.map(\.name) == ["a"])
        #expect(metadata["te"] == nil)
        #expect(metadata.values("grpc-status") == [])
        #expect(metadata == ["a": "1"])
    }
}

@Suite struct TimeoutTests {
    @Test(arguments: [
        ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
        ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("0n", .zero), ("99999999H", .seconds(359_999_996_400)),
        // Eight digits and the unit are nine characters, and legal.
        ("30000000u", .seconds(30)),
    ])
    func `digits and a unit`(_ text: String, _ duration: Duration) { #expect(decode(text) == duration) }

    private func decode(_ text: String) -> Duration? { TimeoutHeader.decode(text.utf8Span.span.bytes) }

    @Test(arguments: ["", "n", "1", "123456789n", "-1S", "+1S", "1s", "1.5S", "1 S", "٣S"])
    func `anything else is no timeout`(_ text: String) { #expect(decode(text) == nil) }

    @Test func `any timeout travels with eight digits at most, and loses at most one part in a hundred thousand`() {
        var random = Seeded()
        for _ in 0..<5000 {
            let nanoseconds = Int64.random(in: 1...(1 << Int64.random(in: 1...61, using: &random)), using: &random)
            let text = TimeoutHeader.encode(.nanoseconds(nanoseconds))
            #expect(text.utf8.count <= 9, "seed \(random.seed)")
            let back = decode(text)?.clampedNanoseconds ?? 0
            #expect(
                back <= nanoseconds && Double(nanoseconds - back) <= Double(nanoseconds) * 1.01e-5,
                "seed \(random.seed)")
        }
    }

    @Test func `a deadline far away does not overflow`() {
        #expect(Deadline.after(.seconds(Int64.max)) > Deadline.after(.seconds(1_000_000_000)))
        #expect(Deadline.after(.seconds(-1)).hasPassed)
        #expect(Deadline.after(.seconds(-1)).remaining == .zero)
    }
}

@Suite struct MappingTests {
    @Test(arguments: [
        (400, StatusCode.internal), (401, .unauthenticated), (403, .permissionDenied), (404, .unimplemented),
        (429, .unavailable), (502, .unavailable), (503, .unavailable), (504, .unavailable), (500, .unknown),
        (302, .unknown),
    ])
    func `an HTTP status becomes a code`(_ status: Int, _ code: StatusCode) {
        #expect(HTTPStatus.error(ResponseHead(status: status))?.code == code)
    }

    @Test func `a page is not an answer`() {
        #expect(HTTPStatus.error(ResponseHead(status: 200, headers: ["content-type": "text/html"]))?.code == .unknown)
        #expect(HTTPStatus.error(ResponseHead(status: 200, headers: ["content-type": "application/grpc+proto"])) == nil)
    }

    @Test(arguments: [
        (HTTP2ErrorCode.noError, StatusCode.internal), (.protocolError, .internal), (.refusedStream, .unavailable),
        (.cancel, .cancelled), (.enhanceYourCalm, .resourceExhausted), (.inadequateSecurity, .permissionDenied),
        (.http11Required, .internal), (.flowControlError, .internal),
    ])
    func `a reset becomes a code`(_ reset: HTTP2ErrorCode, _ code: StatusCode) {
        #expect(ResetStatus.error(reset).code == code)
    }

    @Test(
        arguments: [
            ("application/grpc", .grpc(.proto)), ("application/grpc+proto", .grpc(.proto)),
            ("application/grpc;charset=utf-8", .grpc(.proto)), ("Application/GRPC+proto ; x=y", .grpc(.proto)),
            ("application/grpc+json", .grpc(.json)), ("application/grpc-web", .grpcWeb(.proto, isText: false)),
            ("application/grpc-web+json", .grpcWeb(.json, isText: false)),
            ("application/grpc-web-text", .grpcWeb(.proto, isText: true)),
            ("application/grpc-web-text+proto", .grpcWeb(.proto, isText: true)),
            ("application/json; charset=utf-8", .connectUnary(.json)), ("application/proto", .connectUnary(.proto)),
            ("application/connect+json", .connectStream(.json)), ("application/connect+proto", .connectStream(.proto)),
            ("application/grpc+foo", .other), ("application/connect", .other), ("", .other),
            ("application/grp", .other),
        ] as [(String, ContentType)])
    func `what a content type speaks`(_ text: String, _ type: ContentType) { #expect(ContentType(text) == type) }

    @Test func `the backoff grows by 1,6 from one second to 120, give or take a fifth`() {
        var random = Seeded()
        let backoff = Backoff()
        for (failures, seconds) in [(1, 1.0), (2, 1.6), (3, 2.56), (11, 109.95), (12, 120), (1000, 120)] {
            for _ in 0..<100 {
                let delay = backoff.delay(after: failures, using: &random) / .seconds(1)
                #expect(delay >= seconds * 0.799 && delay <= seconds * 1.201, "seed \(random.seed)")
            }
        }
    }
}
