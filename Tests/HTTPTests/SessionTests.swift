import NIOCore
import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("HTTP/2 session without a transport")
struct SessionTests {
    @Test("A server begins with SETTINGS and acknowledges the peer's (RFC 9113 §3.4, §6.5.3)")
    func preface() {
        let harness = SessionHarness()
        let first = harness.frames()
        #expect(first.first?.kind == .settings)
        #expect(first.first?.flags == 0)
        // The connection's window is raised from 65 535 to 1 MiB.
        #expect(first.last == .windowUpdate(0, 1024 * 1024 - 65_535))
        harness.feed(Frame.preface + Frame.settings().bytes)
        #expect(harness.sent() == ["settings ACK"])
        #expect(harness.told == ["settings"])
    }

    @Test("Trailers-only is one HEADERS frame with END_STREAM (gRPC PROTOCOL-HTTP2)")
    func trailersOnly() {
        let harness = SessionHarness.server()
        harness.onRequest = { $0.respond(200, ["grpc-status": "5"], endStream: true) }
        harness.feed(.request(1))
        #expect(harness.sent() == ["headers END(1)"])
        #expect(harness.told.contains("1 closed NO_ERROR"))
        #expect(harness.session.openStreams == 0)
    }

    @Test("Trailers follow the last body byte, without an empty DATA frame")
    func trailers() {
        let harness = SessionHarness.server()
        harness.onRequest = {
            $0.respond()
            $0.write(10)
            $0.end(trailers: ["grpc-status": "0"])
        }
        harness.feed(.request(1))
        #expect(harness.sent() == ["headers(1)", "data(1, 10)", "headers END(1)"])
    }

    @Test("Trailers that come after the body was written follow alone")
    func lateTrailers() {
        let harness = SessionHarness.server()
        harness.onRequest = { $0.respond() }
        harness.feed(.request(1))
        #expect(harness.sent() == ["headers(1)"])
        harness.streams[0].write(3)
        #expect(harness.sent() == ["data(1, 3)"])
        #expect(harness.sent().isEmpty)
        harness.streams[0].end(trailers: ["grpc-status": "0"])
        #expect(harness.sent() == ["headers END(1)"])
        #expect(harness.session.openStreams == 0)
    }

    @Test("Without trailers the last DATA frame ends the stream (RFC 9113 §8.1)")
    func endStreamOnData() {
        let harness = SessionHarness.server()
        harness.onRequest = {
            $0.respond()
            $0.write(20_000)
            $0.end(trailers: nil)
        }
        harness.feed(.request(1))
        #expect(harness.sent() == ["headers(1)", "data(1, 16384)", "data END(1, 3616)"])
    }

    @Test("An early answer is followed by RST_STREAM(NO_ERROR) (RFC 9113 §8.1)")
    func earlyAnswer() {
        let harness = SessionHarness.server()
        harness.onRequest = { $0.respond(413, endStream: true) }
        harness.feed(.request(1, endStream: false), .data(1, [1, 2, 3]))
        #expect(harness.sent() == ["headers END(1)", "rstStream(1, 0)"])
        // What the peer had already sent is ignored (RFC 9113 §5.1) and no error.
        harness.feed(.data(1, [4, 5, 6], endStream: true))
        #expect(harness.sent().isEmpty)
        #expect(!harness.session.isFinished)
    }

    @Test("A request split at every byte is the same request")
    func everySplit() {
        let script =
            Frame.preface + Frame.settings().bytes + Frame.request(1, "/a", endStream: false).bytes
            + Frame.data(1, Array(0..<50)).bytes
            + Frame.headers(1, [("x-trailer", "t")], endStream: true).bytes + Frame.ping(7).bytes
        var expected: ([String], [UInt8], [UInt8])?
        for split in 0...script.count {
            let harness = SessionHarness()
            harness.onRequest = {
                $0.respond()
                $0.write(5)
                $0.end(trailers: ["a": "b"])
            }
            harness.feed(Array(script[..<split]))
            harness.feed(Array(script[split...]))
            let result = (harness.told, harness.streams[0].body, harness.output())
            if let expected {
                #expect(result.0 == expected.0 && result.1 == expected.1 && result.2 == expected.2, "split at \(split)")
            } else {
                #expect(result.0 == ["settings", "1 began /a", "1 end x-trailer=t"])
                #expect(result.1 == Array(0..<50))
                expected = result
            }
        }
    }

    @Test("Byte by byte is the same, too")
    func byteByByte() {
        let harness = SessionHarness()
        for byte in Frame.preface + Frame.settings().bytes + Frame.request(1).bytes {
            harness.feed([byte])
        }
        #expect(harness.told == ["settings", "1 began /", "1 end "])
    }

    @Test("One drain gives about 64 KiB at most")
    func pieces() {
        let harness = SessionHarness.server(peer: .settings((4, 10_000_000)))
        harness.feed(.windowUpdate(0, 10_000_000))
        harness.onRequest = {
            $0.respond()
            $0.write(1_000_000)
            $0.end(trailers: nil)
        }
        harness.feed(.request(1), .request(3))
        var total = 0
        while true {
            let piece = harness.session.drain()
            guard piece.readableBytes > 0 else { break }
            #expect(piece.readableBytes <= 64 * 1024 + 16 * 1024 + 9)
            total += piece.readableBytes
            harness.session.deliver()
        }
        #expect(total > 2_000_000)
    }

    @Test("Header fields that RFC 9113 §8.2.1 forbids are left out, so that nothing can be injected")
    func injection() {
        let server = SessionHarness.server()
        server.onRequest = {
            $0.respond(200, ["good": "yes", "bad": "a\r\nset-cookie: x", "Upper": "x", "": "y"], endStream: true)
        }
        let client = SessionHarness.client()
        _ = client.request()
        server.feed(Array(client.output()))
        client.feed(server.output())
        #expect(client.told == ["1 response 200", "1 end "])
    }

    @Test("Operations on streams that are over do nothing")
    func afterTheEnd() {
        let harness = SessionHarness.server()
        harness.feed(.request(1), .request(3, endStream: false), .data(3, [1]))
        harness.feed(.rst(1, 8))
        harness.session.abandon(.connectionClosed)
        #expect(harness.told.suffix(2) == ["1 closed CANCEL", "3 lost connectionClosed"])
        for stream in harness.streams {
            stream.respond()
            stream.write(10)
            stream.consume(1)
            stream.end(trailers: [:])
            stream.reset(.cancel)
            #expect(!stream.isWritable)
            #expect(stream.releases == 1)
        }
        #expect(harness.sent().isEmpty)
        harness.feed(.request(5))
        #expect(harness.streams.count == 2)
    }

    @Test("Random damage never brings the process down", arguments: [UInt64.random(in: 0 ... .max)])
    func fuzz(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        let script =
            Frame.request(1, "/a", endStream: false).bytes + Frame.data(1, [1, 2, 3]).bytes
            + Frame.windowUpdate(1, 10).bytes + Frame.request(3).bytes + Frame.rst(1, 8).bytes
            + Frame.headers(5, [("x", "y")]).bytes + Frame.goAway(last: 0, 0).bytes + Frame.ping(1).bytes
        for _ in 0..<3000 {
            var bytes = script
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let harness = SessionHarness()
            harness.onRequest = {
                $0.respond()
                $0.write(100)
                $0.end(trailers: ["a": "b"])
            }
            harness.feed(Frame.preface + Frame.settings().bytes)
            while !bytes.isEmpty {
                let count = Int.random(in: 1...bytes.count, using: &random)
                harness.feed(Array(bytes.prefix(count)))
                bytes.removeFirst(count)
                _ = harness.output()
            }
            harness.session.abandon(.connectionClosed)
            #expect(harness.session.openStreams == 0)
            for stream in harness.streams {
                #expect(stream.session == nil)
            }
        }
    }
}

/// A small generator with a seed that a failing test can repeat.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
