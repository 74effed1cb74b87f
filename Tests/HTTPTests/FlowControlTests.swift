import NIOCore
import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("Flow control (RFC 9113 §5.2, §6.9)")
struct FlowControlTests {
    @Test("Nothing is sent into a window of 0; raising it by SETTINGS wakes the stream (§6.9.2)")
    func windowZeroThenSettings() {
        let harness = SessionHarness.server(peer: .settings((4, 0)))
        harness.onRequest = {
            $0.respond()
            $0.write(100)
            $0.end(trailers: ["a": "b"])
        }
        harness.feed(.request(1))
        #expect(harness.sent() == ["headers(1)"])
        harness.feed(.settings((4, 40)))
        #expect(harness.sent() == ["settings ACK", "data(1, 40)"])
        // A lower window makes it negative; it must be positive again before anything goes.
        harness.feed(.settings((4, 10)), .windowUpdate(1, 30))
        #expect(harness.sent() == ["settings ACK"])
        harness.feed(.windowUpdate(1, 1000))
        #expect(harness.sent() == ["data(1, 60)", "headers END(1)"])
    }

    @Test("The connection's window bounds all streams together")
    func connectionWindow() {
        let harness = SessionHarness.server(peer: .settings((4, 1_000_000)))
        harness.onRequest = {
            $0.respond()
            $0.write(60_000)
            $0.end(trailers: nil)
        }
        harness.feed(.request(1), .request(3))
        let sent = harness.frames().filter { $0.kind == .data }.reduce(0) { $0 + $1.payload.count }
        #expect(sent == 65_535)
        harness.feed(.windowUpdate(0, 100_000))
        let rest = harness.frames().filter { $0.kind == .data }.reduce(0) { $0 + $1.payload.count }
        #expect(sent + rest == 120_000)
    }

    @Test("isWritable turns false at the high-water mark; becameWritable comes at half of it")
    func highWater() {
        let harness = SessionHarness.server(peer: .settings((4, 0))) { $0.highWaterMark = 1000 }
        harness.onRequest = { $0.respond() }
        harness.feed(.request(1))
        let stream = harness.streams[0]
        stream.write(999)
        #expect(stream.isWritable)
        stream.write(1)
        #expect(!stream.isWritable)
        harness.feed(.windowUpdate(1, 499))
        #expect(harness.sent().contains("data(1, 499)"))
        #expect(!harness.told.contains("1 writable"))
        harness.feed(.windowUpdate(1, 1))
        _ = harness.sent()
        #expect(harness.told.filter { $0 == "1 writable" }.count == 1)
    }

    @Test("Credit goes back only when the application consumes")
    func credit() {
        let harness = SessionHarness.server { $0.streamWindow = 1000 }
        harness.feed(.request(1, endStream: false), .data(1, Array(repeating: 0, count: 1000)))
        #expect(harness.sent().isEmpty)
        harness.streams[0].consume(400)
        #expect(harness.sent().isEmpty)  // less than half a window: not worth a frame
        harness.streams[0].consume(200)
        #expect(harness.sent() == ["windowUpdate(1, 600)"])
        harness.streams[0].consume(1_000_000)  // more than was received: bounded
        #expect(harness.sent() == [])
        #expect(harness.streams[0].unconsumed == 0)
    }

    @Test("A peer that overruns its window gets FLOW_CONTROL_ERROR (§6.9.1)")
    func overrun() {
        let harness = SessionHarness.server { $0.streamWindow = 1000 }
        harness.feed(.request(1, endStream: false), .data(1, Array(repeating: 0, count: 1001)))
        #expect(harness.sent() == ["rstStream(1, 3)"])
        #expect(harness.told.contains("1 closed FLOW_CONTROL_ERROR"))
    }

    @Test("Padding is credited at once (§6.1)")
    func padding() {
        let harness = SessionHarness.server { $0.streamWindow = 1000 }
        harness.feed(.request(1, endStream: false))
        let padded = Frame(
            kind: .data, flags: Frame.padded, stream: 1, payload: [199, 1] + Array(repeating: 0, count: 199))
        for _ in 0..<4 {
            harness.feed(padded)  // 201 bytes of the window each, 1 of them body
        }
        #expect(harness.streams[0].body.count == 4)
        #expect(harness.sent().contains { $0.hasPrefix("windowUpdate(1") })
        #expect(harness.streams[0].unconsumed == 4)
    }

    @Test("The connection's window does not leak away with reset, closed and refused streams")
    func noLeak() {
        // 65 535 is the smallest connection window; each stream leaves 20 000 bytes unconsumed.
        let harness = SessionHarness.server { $0.connectionWindow = 65_535 }
        var returned = 0
        for index in 0..<50 {
            let id = UInt32(2 * index + 1)
            harness.feed(.request(id, endStream: false))
            harness.feed(.data(id, Array(repeating: 0, count: 10_000)), .data(id, Array(repeating: 0, count: 10_000)))
            switch index % 3 {
            case 0: harness.feed(.rst(id, 8))
            case 1: harness.streams[index].reset(.cancel)
            default: harness.streams[index].respond(200, endStream: true)
            }
            for frame in harness.frames() where frame.kind == .windowUpdate && frame.stream == 0 {
                returned += Int(frame.number())
            }
            // DATA that was on its way when the stream ended (§5.1).
            if index % 3 != 0 {
                harness.feed(.data(id, Array(repeating: 0, count: 10_000)))
            }
        }
        #expect(!harness.session.isFinished)
        #expect(returned > 50 * 20_000 - 65_535)
        #expect(harness.session.openStreams == 0)
    }

    @Test("A stream whose peer does not read is reset after the write stall timeout")
    func stall() {
        let harness = SessionHarness.server(peer: .settings((4, 10))) { $0.writeStallTimeout = .seconds(60) }
        harness.onRequest = {
            $0.respond()
            $0.write(100)
        }
        harness.feed(.request(1))
        _ = harness.sent()
        func tick(_ seconds: Int64) -> [Int32] {
            if case .stalled(let streams) = harness.session.tick(.uptimeNanoseconds(0) + .seconds(seconds)) {
                return streams.map(\.id)
            }
            return []
        }
        #expect(tick(1000) == [])
        #expect(tick(1050) == [])
        harness.feed(.windowUpdate(1, 1))  // one byte is progress
        _ = harness.sent()
        #expect(tick(1070) == [])
        #expect(tick(1129) == [])
        #expect(tick(1130) == [1])
        harness.session.giveUp(harness.streams[0])
        #expect(harness.told.last == "1 lost timedOut")
        #expect(harness.sent() == ["rstStream(1, 8)"])
        #expect(harness.session.openStreams == 0)
    }
}
