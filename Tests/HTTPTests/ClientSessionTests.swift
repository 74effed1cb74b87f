import NIOCore
import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("Client session: how streams end")
struct ClientSessionTests {
    private let ok = Frame.headers(1, [(":status", "200")])

    /// A client stream that tells a delegate, as the connection makes it.
    private func request(_ harness: SessionHarness, endStream: Bool = true) -> (HTTP2ClientStream, Delegate) {
        let delegate = Delegate()
        let stream = HTTP2ClientStream(delegate: delegate)
        let head = RequestHead(method: "POST", scheme: "http", authority: "a", path: "/")
        #expect(harness.session.submit(request: head, endStream: endStream, on: stream))
        return (stream, delegate)
    }

    final class Delegate: ClientExchangeDelegate {
        var told: [String] = []
        func received(_ head: ResponseHead) { told.append("head \(head.status)") }
        func received(_ bytes: ByteBuffer) { told.append("body \(bytes.readableBytes)") }
        func receivedEnd(trailers: Headers) { told.append("end \(trailers.count)") }
        func becameWritable() { told.append("writable") }
        func closed(_ reason: StreamCloseReason) { told.append("closed \(reason)") }
    }

    @Test("Preface, SETTINGS and the first request leave together (RFC 9113 §3.4)")
    func firstFlight() {
        let harness = SessionHarness(.client)
        _ = harness.request()
        let output = harness.output()
        #expect(output.starts(with: Frame.preface))
        #expect(
            Frame.parse(Array(output.dropFirst(24))).map(\.description)
                == ["settings", "windowUpdate(0, 983041)", "headers END(1)"])
    }

    @Test("Informational heads are skipped, trailers recognised (RFC 9113 §8.1)")
    func informational() {
        let harness = SessionHarness.client()
        let (_, delegate) = request(harness)
        _ = harness.output()
        harness.feed(
            .headers(1, [(":status", "103")]), ok, .data(1, [1, 2]),
            .headers(1, [("grpc-status", "0")], endStream: true))
        #expect(delegate.told == ["head 200", "body 2", "end 1"])
        #expect(harness.session.openStreams == 0)
    }

    @Test("RST_STREAM gives its code; REFUSED_STREAM before a head means unprocessed (RFC 9113 §8.7)")
    func resets() {
        let harness = SessionHarness.client()
        let calls = (0..<4).map { _ in request(harness).1 }
        _ = harness.output()
        harness.feed(.rst(1, 8), .rst(3, 7), .headers(5, [(":status", "200")]), .rst(5, 7), .rst(7, 0))
        #expect(
            calls.map { $0.told.last } == [
                "closed \(StreamCloseReason.reset(.cancel))", "closed unprocessed",
                "closed \(StreamCloseReason.reset(.refusedStream))", "closed \(StreamCloseReason.reset(.noError))",
            ])
    }

    @Test("GOAWAY: streams above the last one are unprocessed, the others go on (RFC 9113 §6.8)")
    func goAway() {
        let harness = SessionHarness.client()
        let calls = (0..<3).map { _ in request(harness).1 }
        _ = harness.output()
        let late = request(harness).1  // not sent yet
        harness.feed(.goAway(last: 1, 0, debug: "max_age"))
        _ = harness.output()
        #expect(harness.told == ["goaway NO_ERROR max_age"])
        #expect(calls[0].told.isEmpty)
        #expect(calls[1].told == ["closed unprocessed"])
        #expect(calls[2].told == ["closed unprocessed"])
        #expect(late.told == ["closed unprocessed"])
        #expect(!harness.session.isFinished)
        harness.feed(ok, .data(1, [], endStream: true))
        #expect(calls[0].told == ["head 200", "end 0"])
        _ = harness.output()
        #expect(harness.session.isFinished)
    }

    @Test("A lost connection: sent streams are unknown, unsent ones unprocessed")
    func lost() {
        let harness = SessionHarness.client()
        let sent = request(harness).1
        _ = harness.output()
        let unsent = request(harness).1
        harness.session.abandon(.connectionClosed)
        #expect(sent.told == ["closed connectionClosed"])
        #expect(unsent.told == ["closed unprocessed"])
    }

    @Test("Requests beyond the peer's stream limit wait; lost there, they are unprocessed")
    func streamLimit() {
        let harness = SessionHarness.client(peer: .settings((3, 1)))
        let first = request(harness).1
        let second = request(harness).1
        #expect(harness.sent() == ["headers END(1)"])
        #expect(harness.session.peerStreamLimit == 1)
        harness.feed(.headers(1, [(":status", "200")], endStream: true))
        #expect(first.told == ["head 200", "end 0"])
        #expect(harness.sent() == ["headers END(3)"])
        let third = request(harness).1
        harness.session.abandon(.connectionClosed)
        #expect(second.told == ["closed connectionClosed"])
        #expect(third.told == ["closed unprocessed"])
    }

    @Test("An early answer ends an unfinished upload and is no error (RFC 9113 §8.1)")
    func earlyAnswer() {
        for withReset in [true, false] {
            let harness = SessionHarness.client()
            let (stream, delegate) = request(harness, endStream: false)
            stream.write(ByteBuffer(repeating: 0, count: 100_000))
            _ = harness.output()
            let answer = Frame.headers(1, [(":status", "413")], endStream: true)
            harness.feed(answer.bytes + (withReset ? Frame.rst(1, 0).bytes : []))
            #expect(delegate.told.suffix(2) == ["head 413", "end 0"])
            #expect(harness.sent() == (withReset ? [] : ["rstStream(1, 8)"]))
            #expect(harness.session.openStreams == 0)
        }
    }

    @Test("Resetting a request that was not sent sends nothing of it")
    func resetUnsent() {
        let harness = SessionHarness.client()
        let (stream, delegate) = request(harness)
        stream.reset(.cancel)
        #expect(harness.sent().filter { $0.hasPrefix("headers") }.isEmpty)
        #expect(delegate.told.isEmpty)
        #expect(harness.session.openStreams == 0)
    }

    @Test("Response headers above the limit reset the stream only")
    func oversizeHeaders() {
        let harness = SessionHarness.client { $0.maxHeaderListSize = 500 }
        let delegate = request(harness).1
        _ = harness.output()
        harness.feed(.headers(1, [(":status", "200"), ("x", String(repeating: "v", count: 600))]))
        #expect(harness.sent() == ["rstStream(1, 11)"])
        #expect(delegate.told == ["closed \(StreamCloseReason.reset(.enhanceYourCalm))"])
        #expect(!harness.session.isFinished)
    }
}
