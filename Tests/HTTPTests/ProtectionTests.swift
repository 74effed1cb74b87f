import NIOCore
import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("Protections of an HTTP/2 session")
struct ProtectionTests {
    private func goAwayCode(_ harness: SessionHarness) -> UInt32? {
        harness.frames().last { $0.kind == .goAway }?.number(at: 4)
    }

    @Test("Rapid reset fires at the limit (CVE-2023-44487)")
    func rapidReset() {
        let harness = SessionHarness.server { $0.maxResets = 200 }
        for index in 0..<200 {
            let id = UInt32(2 * index + 1)
            harness.feed(.request(id))
            harness.feed(.rst(id, 8))
        }
        #expect(harness.violations.isEmpty)
        harness.feed(.request(401), .rst(401, 8))
        #expect(harness.violations.map(\.count) == [201])
        #expect(goAwayCode(harness) == HTTP2ErrorCode.enhanceYourCalm.rawValue)
        #expect(harness.session.isFinished)
        let began = harness.streams.count
        harness.feed(.request(403))
        #expect(harness.streams.count == began)
    }

    @Test("A peer whose frames or resets lead nowhere is suspicious long before the limit, until the next window")
    func suspicion() {
        let harness = SessionHarness.server { ($0.maxIdleFrames, $0.maxResets) = (400, 20) }
        _ = harness.session.tick(.uptimeNanoseconds(0))
        for index in 0..<100 {
            harness.feed(.request(UInt32(2 * index + 1)), .ping(1))
            #expect(!harness.session.isSuspicious)
        }
        for _ in 0..<11 { harness.feed(.ping(1)) }
        #expect(harness.session.isSuspicious)
        _ = harness.session.tick(.uptimeNanoseconds(0) + .seconds(30))
        #expect(!harness.session.isSuspicious)
        for index in 100..<111 {
            harness.feed(.request(UInt32(2 * index + 1)), .rst(UInt32(2 * index + 1), 8))
        }
        #expect(harness.session.isSuspicious)
        #expect(harness.violations.isEmpty)
    }

    @Test("Requests reset in the same read never reach the application")
    func resetBeforeBegan() {
        let harness = SessionHarness.server()
        harness.feed(.request(1), .rst(1, 8))
        #expect(!harness.told.contains("1 began /"))
        #expect(harness.session.openStreams == 0)
    }

    @Test("The count starts anew with each window; nil exempts")
    func resetWindow() {
        let harness = SessionHarness.server { $0.maxResets = 10 }
        _ = harness.session.tick(.uptimeNanoseconds(0))
        for window in 0..<5 {
            for index in 0..<10 {
                let id = UInt32(2 * (10 * window + index) + 1)
                harness.feed(.request(id), .rst(id, 8))
            }
            _ = harness.session.tick(.uptimeNanoseconds(0) + .seconds(Int64(30 * (window + 1))))
        }
        #expect(harness.violations.isEmpty)
        let exempt = SessionHarness.server { $0.maxResets = nil }
        for index in 0..<900 {  // below nghttp2's own 1000
            exempt.feed(.request(UInt32(2 * index + 1)), .rst(UInt32(2 * index + 1), 8))
        }
        #expect(exempt.violations.isEmpty)
    }

    /// What makes a server reset a stream while the connection goes on.
    enum Provocation: CaseIterable {
        case windowOverflow, emptyHeaders, badContentLength, malformedTrailers, upperCase, connectionField

        func frames(_ id: UInt32) -> [Frame] {
            switch self {
            case .windowOverflow:
                // Above 2^31−1, RFC 9113 §6.9.1. An increment of 0 ends the connection.
                [.request(id, endStream: false), .windowUpdate(id, 0x7fff_ffff)]
            case .emptyHeaders: [.headers(id, [], endStream: true)]
            case .badContentLength: [.request(id, fields: [("content-length", "1")])]
            case .malformedTrailers: [.request(id, endStream: false), .headers(id, [])]
            case .upperCase: [.request(id, fields: [("X", "y")])]
            case .connectionField: [.request(id, fields: [("upgrade", "h2c")])]
            }
        }
    }

    @Test("Resets that a peer makes us send count as well (CVE-2025-8671)", arguments: Provocation.allCases)
    func madeYouReset(provocation: Provocation) {
        let harness = SessionHarness.server { $0.maxResets = 50 }
        for index in 0..<60 {
            harness.feed(provocation.frames(UInt32(2 * index + 1)).flatMap(\.bytes))
            #expect(index >= 50 || harness.violations.isEmpty)
            _ = harness.output()
        }
        #expect(harness.violations.map(\.rule) == ["too many stream resets"])
        #expect(harness.session.isFinished)
    }

    @Test("A reset that the application asked for and the peer forestalled excuses no other")
    func forestalled() {
        let harness = SessionHarness.server { $0.maxResets = 50 }
        harness.onRequest = { $0.reset(.cancel) }
        for index in 0..<40 {
            // Both resets in one go: ours is never sent.
            harness.feed(.request(UInt32(4 * index + 1)), .rst(UInt32(4 * index + 1), 8))
            harness.feed(Provocation.upperCase.frames(UInt32(4 * index + 3)).flatMap(\.bytes))
            _ = harness.output()
        }
        #expect(harness.violations.map(\.rule) == ["too many stream resets"])
    }

    @Test("Resets that the application asks for do not count against the peer")
    func ownResets() {
        let harness = SessionHarness.server { $0.maxResets = 5 }
        harness.onRequest = { $0.reset(.cancel) }
        for index in 0..<100 {
            harness.feed(.request(UInt32(2 * index + 1)))
            _ = harness.output()
        }
        #expect(harness.violations.isEmpty)
    }

    @Test("Streams beyond the limit are refused before the peer has seen it, an error after (RFC 9113 §5.1.2)")
    func refused() {
        let unaware = SessionHarness(.server) { $0.maxConcurrentStreams = 2 }
        unaware.feed(Frame.preface + Frame.settings().bytes)
        _ = unaware.output()
        unaware.feed(.request(1), .request(3), .request(5))
        #expect(unaware.sent() == ["rstStream(5, 7)"])
        #expect(unaware.streams.count == 2)
        #expect(unaware.violations.isEmpty)

        let aware = SessionHarness.server { $0.maxConcurrentStreams = 2 }
        aware.feed(.request(1), .request(3), .request(5))
        #expect(aware.sent() == ["goAway(3, 1)"])
        #expect(aware.violations.map(\.rule) == ["connection error PROTOCOL_ERROR"])
    }

    @Test("Headers above the limit are refused with 431, bombs end the connection while they are decoded")
    func oversizeHeaders() {
        let harness = SessionHarness.server { $0.maxHeaderListSize = 1000 }
        harness.onRequest = { $0.respond(204, endStream: true) }
        // 4 fields of 32 + name + value bytes, then one that fits exactly and one that is a byte too long.
        let base = 4 * 32 + 7 + 3 + 7 + 4 + 5 + 1 + 10 + 1
        let fits = String(repeating: "v", count: 1000 - base - 32 - 1)
        harness.feed(.request(1, fields: [("x", fits)]))
        #expect(harness.told.contains("1 began /"))
        harness.feed(.request(3, fields: [("x", fits + "v")]))
        #expect(!harness.told.contains("3 began /"))
        #expect(harness.sent() == ["headers END(1)", "headers END(3)"])
        // A bomb: one long value in the dynamic table, referred to by one byte each time (RFC 7541 §7.3).
        let value = String(repeating: "z", count: 100)
        let indexed: [UInt8] = [0x40, 1] + Array("y".utf8) + [100] + Array(value.utf8)
        let references = Array(repeating: UInt8(0x80 | 62), count: 10_000)
        harness.feed(
            Frame(
                kind: .headers, flags: Frame.endHeaders | Frame.endStream, stream: 5,
                payload: Frame.request(5).payload + indexed + references))
        #expect(!harness.told.contains("5 began /"))
        #expect(goAwayCode(harness) == HTTP2ErrorCode.enhanceYourCalm.rawValue)
        #expect(harness.violations.map(\.rule) == ["a header list far above the limit"])
    }

    @Test("Endless CONTINUATION ends the connection (CVE-2024-28182)")
    func continuation() {
        let harness = SessionHarness.server()
        harness.feed(Frame(kind: .headers, flags: Frame.endStream, stream: 1, payload: Frame.request(1).payload))
        for _ in 0..<20 {
            harness.feed(Frame(kind: .continuation, stream: 1, payload: Frame.literals([("x", "y")])))
        }
        #expect(harness.violations.count == 1)
        #expect(goAwayCode(harness) == HTTP2ErrorCode.enhanceYourCalm.rawValue)
    }

    @Test("PING flood without reading ends the connection (CVE-2019-9512)")
    func pingFlood() {
        let harness = SessionHarness.server()
        for index in 0..<2000 {
            harness.feed(.ping(UInt32(index)))
        }
        #expect(harness.violations.count == 1)
        #expect(harness.session.openStreams == 0)
    }

    @Test(
        "Frames without progress are bounded, useful ones earn more (CVE-2019-9513, -9518)",
        arguments: [
            .data(1, []), .ping(1), .settings(), .windowUpdate(0, 1), .windowUpdate(1, 1), .unknown,
            Frame(kind: .priority, stream: 1, payload: [0, 0, 0, 3, 0]), .goAway(last: 0, 0),
        ])
    func idleFrames(frame: Frame) {
        let harness = SessionHarness.server { $0.maxIdleFrames = 500 }
        harness.feed(.request(1, endStream: false))
        for _ in 0..<490 {
            harness.feed(frame)
            _ = harness.output()
        }
        #expect(harness.violations.isEmpty)
        for _ in 0..<20 {
            harness.feed(frame)
            _ = harness.output()
        }
        #expect(harness.violations.map(\.rule) == ["too many frames without progress"])

        let honest = SessionHarness.server { $0.maxIdleFrames = 500 }
        honest.feed(.request(1, endStream: false))
        for _ in 0..<5000 {
            honest.feed(.data(1, [1]), frame)
            honest.streams[0].consume(1)
            _ = honest.output()
        }
        #expect(honest.violations.isEmpty)
    }

    @Test("The queue of frames to be sent is bounded (CVE-2019-9517)")
    func outboundQueue() {
        let harness = SessionHarness.server { $0.maxOutboundFrames = 100 }
        for index in 0..<200 {
            harness.feed(.ping(UInt32(index)))
        }
        #expect(harness.violations.map(\.rule) == ["too many frames wait to be sent"])
    }

    @Test("Garbage after the preface ends the connection with GOAWAY (RFC 9113 §5.4.1)")
    func garbage() {
        let harness = SessionHarness.server()
        harness.feed(Array(repeating: 0xff, count: 100))
        #expect(goAwayCode(harness) == HTTP2ErrorCode.frameSizeError.rawValue)
        #expect(harness.session.isFinished)
        #expect(harness.violations.count == 1)
    }

    @Test("A wrong preface ends the connection")
    func wrongPreface() {
        let harness = SessionHarness()
        harness.feed(Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8))
        _ = harness.output()
        #expect(harness.session.isFinished)
        #expect(harness.violations.count == 1)
    }

    @Test("A header block that is not finished is noticed; a finished or refused one is not")
    func headerTimeout() {
        let harness = SessionHarness.server { $0.headerTimeout = .seconds(10) }
        func timesOut(_ seconds: Int64) -> Bool {
            guard case .unfinished = harness.session.tick(.uptimeNanoseconds(0) + .seconds(seconds)) else {
                return false
            }
            return true
        }
        harness.feed(.request(1))
        harness.feed(.headers(3, [(":method", "GET"), ("Upper", "x")], endStream: true))  // malformed (§8.2)
        #expect(!timesOut(1000))
        #expect(!timesOut(1100))
        harness.feed(Frame(kind: .headers, flags: Frame.endStream, stream: 5, payload: Frame.request(5).payload))
        #expect(!timesOut(1101))
        #expect(!timesOut(1110))
        #expect(timesOut(1111))
    }

    @Test("DATA on a stream that we have reset counts, though the engine tells nothing of it")
    func dataOnClosed() {
        let harness = SessionHarness.server { $0.maxIdleFrames = 500 }
        harness.onRequest = { $0.reset(.cancel) }
        harness.feed(.request(1, endStream: false))
        _ = harness.output()
        for _ in 0..<600 {
            harness.feed(.data(1, [1]))
            _ = harness.output()
        }
        #expect(harness.violations.map(\.rule) == ["too many frames without progress"])
    }

    @Test("Streams refused before the limit was seen cost frames, and header lists that are too large as well")
    func refusedFlood() {
        let refused = SessionHarness(.server) {
            $0.maxConcurrentStreams = 1
            $0.maxIdleFrames = 500
        }
        refused.feed(Frame.preface + Frame.settings().bytes + Frame.request(1).bytes)
        let oversize = SessionHarness.server {
            $0.maxHeaderListSize = 200
            $0.maxIdleFrames = 500
        }
        for index in 1..<600 {
            refused.feed(.request(UInt32(2 * index + 1)))
            _ = refused.output()
            oversize.feed(.request(UInt32(2 * index + 1), fields: [("x", "0123456789")]))
            _ = oversize.output()
        }
        #expect(refused.streams.count == 1)
        #expect(refused.violations.map(\.rule) == ["too many frames without progress"])
        #expect(oversize.violations.map(\.rule) == ["too many frames without progress"])
    }

    @Test("More than one block of nothing but CONTINUATION of length 0 ends the connection")
    func emptyContinuation() {
        let harness = SessionHarness.server()
        harness.feed(.unfinished(1))
        for _ in 0..<10 { harness.feed(.continuation(1, ends: false)) }
        #expect(goAwayCode(harness) == HTTP2ErrorCode.enhanceYourCalm.rawValue)
    }

    @Test("A frame that is not finished is noticed, one that moves on is not")
    func frameTimeout() {
        let harness = SessionHarness.server { $0.frameTimeout = .seconds(60) }
        func tick(_ seconds: Int64) -> String? {
            guard case .unfinished(let what) = harness.session.tick(.uptimeNanoseconds(0) + .seconds(seconds)) else {
                return nil
            }
            return what
        }
        harness.feed(.request(1, endStream: false))
        let frame = Frame.data(1, Array(repeating: 0, count: 100)).bytes
        for second in 0..<100 {  // a new frame has begun at each look
            harness.feed(Array(frame[50...].prefix(second == 0 ? 0 : 59)) + Array(frame[..<50]))
            #expect(tick(Int64(second)) == nil)
        }
        #expect(tick(158) == nil)
        #expect(tick(159) == "a frame")
        let silent = SessionHarness.server()
        guard case .fine = silent.session.tick(.now() + .hours(5)) else {
            Issue.record("an idle connection has nothing to finish")
            return
        }
    }

    @Test("SETTINGS that do not follow the preface are noticed")
    func settingsTimeout() {
        let harness = SessionHarness()
        harness.feed(Frame.preface)
        guard case .fine = harness.session.tick(.now() + .seconds(9)) else {
            Issue.record("too early")
            return
        }
        guard case .unfinished("the preface") = harness.session.tick(.now() + .seconds(11)) else {
            Issue.record("never")
            return
        }
        harness.feed(.settings())
        guard case .fine = harness.session.tick(.now() + .seconds(20)) else {
            Issue.record("SETTINGS had come")
            return
        }
    }

    @Test("Garbage after each state ends the connection, and nothing stays", arguments: [UInt64.random(in: 0 ... .max)])
    func garbageAfterEachState(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        let states: [[Frame]] = [
            [], [.request(1)], [.request(1, endStream: false)], [.unfinished(1)],
            [.request(1, endStream: false), .data(1, [1])], [.request(1), .rst(1, 8)], [.goAway(last: 0, 0)],
            [.request(1, endStream: false), .headers(1, [("x", "y")], endStream: true)],
        ]
        for frames in states {
            for _ in 0..<100 {
                let harness = SessionHarness.server()
                harness.onRequest = { $0.respond(endStream: true) }
                harness.feed(frames.flatMap(\.bytes))
                _ = harness.output()
                // A length that no frame has, so that it cannot be mistaken for one.
                harness.feed([0xff] + (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) })
                _ = harness.output()
                #expect(harness.session.isFinished)
                harness.session.abandon(.connectionClosed)
                #expect(harness.session.openStreams == 0)
            }
        }
    }
}
