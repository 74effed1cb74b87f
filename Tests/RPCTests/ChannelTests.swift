import HTTP
import Logging
import NIOCore
import NIOEmbedded
import Standard
import Testing

@testable import RPC

@Suite struct ChannelTests {
    private let script: ScriptedChannel

    private var loop: EmbeddedEventLoop { script.loop }
    private var attempts: Attempts { script.attempts }
    private var channel: LoopChannel { script.channel }

    init() { script = ScriptedChannel() }

    private func call(_ text: String = "", _ options: CallOptions = CallOptions()) -> ClientCall {
        script.call(text, options)
    }

    private func failToConnect() {
        attempts.fail()
        attempts.fail()
    }

    /// Moves the clock until there are so many attempts.
    private func millisecondsToAttempt(_ count: Int) -> Int {
        for passed in 0..<10_000 {
            if attempts.endpoints.count >= count { return passed }
            loop.advanceTime(by: .milliseconds(1))
        }
        return 10_000
    }

    // MARK: Connecting

    @Test func `it connects at the first call and stays connected`() throws {
        #expect(attempts.endpoints == [])
        let first = call("1")
        #expect(attempts.endpoints == [.tcp(host: "a.test", port: 1)])
        let transport = attempts.succeed()
        transport.streams[0].answer("one")
        let second = call("2")
        transport.streams[1].answer("two")
        #expect(try text(first) == "one")
        #expect(try text(second) == "two")
        #expect(attempts.endpoints.count == 1)
    }

    @Test func `the request says what gRPC asks for`() {
        let options = CallOptions(metadata: ["x-role": "coach"], deadline: Deadline(loop.now + .seconds(5)))
        _ = call("hi", options)
        let stream = attempts.succeed().streams[0]
        #expect(stream.head.method == "POST")
        #expect(stream.head.path == "/t.S/M")
        #expect(stream.head.scheme == "http")
        #expect(stream.head.authority == "a.test:1")
        #expect(stream.head.headers[first: "te"] == "trailers")
        #expect(stream.head.headers[first: "content-type"] == "application/grpc")
        #expect(stream.head.headers[first: "grpc-timeout"] == "5000000u")
        #expect(stream.head.headers[first: "x-role"] == "coach")
        #expect(Array(stream.body.readableBytesView) == [0, 0, 0, 0, 4, 0x0A, 2, 0x68, 0x69])
        #expect(stream.isHalfClosed)
    }

    @Test func `the next endpoint is tried when one does not answer`() throws {
        let first = call()
        attempts.fail()
        #expect(attempts.endpoints == [.tcp(host: "a.test", port: 1), .tcp(host: "b.test", port: 2)])
        attempts.succeed().streams[0].answer("from b")
        #expect(try text(first) == "from b")
    }

    @Test func `when none answers the call fails and names target and cause`() {
        let first = call()
        failToConnect()
        #expect(error(first)?.code == .unavailable)
        #expect(error(first)?.message == "a.test:1, b.test:2 cannot be reached: connection refused")
    }

    @Test func `while it backs off calls fail at once, then it connects again`() throws {
        _ = call()
        failToConnect()
        let second = call()
        #expect(error(second)?.code == .unavailable)
        #expect(attempts.endpoints.count == 2, "no attempt within the backoff of 0,8 to 1,2 s")
        loop.advanceTime(by: .milliseconds(1201))
        #expect(attempts.endpoints.count == 2, "nobody calls, so nobody connects")
        let third = call()
        attempts.succeed().streams[0].answer("again")
        #expect(try text(third) == "again")
    }

    @Test func `a call that waits for ready waits through failures`() throws {
        let waiting = call("", CallOptions(waitForReady: true))
        failToConnect()
        #expect(waiting.response?.isResolved == false)
        let first = millisecondsToAttempt(3)
        #expect((800...1201).contains(first), "it is tried again for the one that waits")
        failToConnect()
        let second = millisecondsToAttempt(5)
        #expect((1280...1921).contains(second), "the second pause, counted from its beginning")
        attempts.succeed().streams[0].answer("at last")
        #expect(try text(waiting) == "at last")
    }

    @Test func `waiting for ready ends with the deadline`() {
        let options = CallOptions(deadline: Deadline(loop.now + .milliseconds(50)), waitForReady: true)
        let waiting = call("", options)
        failToConnect()
        loop.advanceTime(by: .milliseconds(51))
        #expect(error(waiting)?.code == .deadlineExceeded)
        loop.advanceTime(by: .seconds(2))
        #expect(attempts.endpoints.count == 2, "nobody waits any more")
    }

    @Test func `a connection that never answers counts as a failed attempt`() {
        let first = call()
        let transport = attempts.succeed()
        transport.streams[0].delegate?.closed(.connectionClosed)
        transport.closing?(.closedByPeer)
        #expect(error(first)?.code == .unavailable)
        let second = call()
        #expect(error(second)?.message == "a.test:1, b.test:2 cannot be reached: the server closed the connection")
    }

    @Test func `a connection that has answered is replaced at once`() throws {
        _ = call()
        let transport = attempts.succeed()
        transport.streams[0].answer("")
        transport.closing?(.closedByPeer)
        let second = call()
        #expect(attempts.endpoints.count == 2)
        attempts.succeed().streams[0].answer("new")
        #expect(try text(second) == "new")
    }

    @Test func `a draining connection finishes its calls while new ones go elsewhere`() throws {
        let warm = call()
        let old = attempts.succeed()
        old.streams[0].answer("warm")
        let before = call()
        old.closing?(.goAway(.noError, debug: ""))
        let after = call()
        attempts.succeed().streams[0].answer("new")
        old.streams[1].answer("old")
        #expect(try text(warm) == "warm")
        #expect(try text(before) == "old")
        #expect(try text(after) == "new")
    }

    @Test func `a server that lets go of a connection before its first answer is there all the same`() throws {
        let before = call()
        let old = attempts.succeed()
        old.closing?(.goAway(.noError, debug: "max_age"))
        let after = call()
        #expect(error(after) == nil)
        attempts.succeed().streams[0].answer("new")
        old.streams[0].answer("old")
        #expect(try text(before) == "old")
        #expect(try text(after) == "new")
    }

    // MARK: Waiting for a stream

    @Test func `calls beyond the peer's stream limit wait for their turn`() throws {
        let first = call("1")
        let transport = attempts.succeed()
        transport.canTakeRequest = false
        let second = call("2")
        #expect(transport.streams.count == 1)
        transport.canTakeRequest = true
        transport.streams[0].answer("one")
        loop.run()
        #expect(transport.streams.count == 2)
        transport.streams[1].answer("two")
        #expect(try text(first) == "one")
        #expect(try text(second) == "two")
    }

    @Test func `only so many calls may wait`() {
        var options = RPC.Channel.Options()
        options.maxWaitingCalls = 2
        let channel = ScriptedChannel(options).channel
        let calls = (0..<3).map { _ in
            ClientCall("t.S/M", CallOptions(), request: framed([]), takesOneResponse: true, on: channel)
        }
        for call in calls { call.start() }
        #expect(calls.map { error($0)?.code } == [nil, nil, StatusCode.resourceExhausted])
    }

    @Test func `a call cancelled while it waits is never sent`() {
        let first = call()
        first.cancel()
        #expect(error(first)?.code == .cancelled)
        #expect(attempts.succeed().streams.count == 0)
    }

    // MARK: The end of a call

    @Test func `cancelling resets the stream with CANCEL`() {
        let first = call()
        let stream = attempts.succeed().streams[0]
        first.cancel()
        #expect(stream.resetCode == .cancel)
        #expect(error(first)?.code == .cancelled)
    }

    @Test func `the deadline resets the stream with CANCEL`() {
        let first = call("", CallOptions(deadline: Deadline(loop.now + .milliseconds(10))))
        let stream = attempts.succeed().streams[0]
        loop.advanceTime(by: .milliseconds(11))
        #expect(stream.resetCode == .cancel)
        #expect(error(first)?.code == .deadlineExceeded)
    }

    @Test func `a stream that was not processed is tried once more`() throws {
        let first = call("x")
        let transport = attempts.succeed()
        transport.streams[0].delegate?.closed(.unprocessed)
        loop.run()
        #expect(transport.streams.count == 2)
        #expect(transport.streams[1].body == transport.streams[0].body)
        #expect(transport.streams[1].head.headers == transport.streams[0].head.headers)
        transport.streams[1].answer("y")
        #expect(try text(first) == "y")
    }

    @Test func `but not twice`() {
        let first = call("x")
        let transport = attempts.succeed()
        for stream in 0..<2 {
            transport.streams[stream].delegate?.closed(.unprocessed)
            loop.run()
        }
        #expect(transport.streams.count == 2)
        #expect(error(first)?.code == .unavailable)
    }

    @Test func `a stream that may have been processed is not tried again`() {
        let first = call("x")
        let transport = attempts.succeed()
        transport.streams[0].delegate?.closed(.connectionClosed)
        loop.run()
        #expect(transport.streams.count == 1)
        #expect(error(first)?.code == .unavailable)
    }

    @Test(arguments: [
        (HTTP2ErrorCode.cancel, StatusCode.cancelled), (.enhanceYourCalm, .resourceExhausted),
        (.internalError, .internal),
    ])
    func `a reset is a status`(_ reset: HTTP2ErrorCode, _ code: StatusCode) {
        let first = call()
        attempts.succeed().streams[0].delegate?.closed(.reset(reset))
        #expect(error(first)?.code == code)
    }

    @Test func `a status in the head alone`() {
        let first = call()
        attempts.succeed().streams[0].answer(
            only: ["content-type": "application/grpc", "grpc-status": "7", "grpc-message": "no%21", "x-why": "w"])
        #expect(error(first)?.code == .permissionDenied)
        #expect(error(first)?.message == "no!")
        #expect(error(first)?.metadata["x-why"] == "w")
    }

    @Test(arguments: [(503, StatusCode.unavailable), (404, .unimplemented), (401, .unauthenticated)])
    func `an answer that is not gRPC`(_ status: Int, _ code: StatusCode) {
        let first = call()
        attempts.succeed().streams[0].answer(only: ["content-type": "text/html"], status: status)
        #expect(error(first)?.code == code)
    }

    @Test func `answers that break the protocol`() {
        let answers: [(ByteBuffer, Headers, StatusCode)] = [
            (framed([]), [:], .internal),  // no status
            (framed([]), ["grpc-status": "x"], .unknown),
            (ByteBuffer(bytes: [0, 0]), ["grpc-status": "0"], .internal),  // half a prefix
            (ByteBuffer(bytes: [1, 0, 0, 0, 0]), ["grpc-status": "0"], .internal),  // compressed
            (ByteBuffer(bytes: [9, 0, 0, 0, 0]), ["grpc-status": "0"], .internal),
            (ByteBuffer(bytes: [0, 255, 0, 0, 0]), ["grpc-status": "0"], .resourceExhausted),
            (ByteBuffer(), ["grpc-status": "0"], .unimplemented),  // no message
            (ByteBuffer(bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), ["grpc-status": "0"], .unimplemented),  // two messages
        ]
        _ = call()
        let transport = attempts.succeed()
        for (body, trailers, code) in answers {
            let call = call()
            let stream = transport.streams[transport.streams.count - 1]
            stream.delegate?.received(ResponseHead(status: 200, headers: ["content-type": "application/grpc"]))
            stream.delegate?.received(body)
            stream.delegate?.receivedEnd(trailers: trailers)
            #expect(error(call)?.code == code, "\(body.readableBytesView.map(\.self)) \(trailers)")
        }
    }

    @Test func `closing fails what waits and lets nothing new in`() {
        let waiting = call()
        let done = Waiter<Void>()
        channel.close(grace: .zero, done)
        let late = call()
        #expect(error(waiting)?.code == .unavailable)
        #expect(error(late)?.code == .unavailable)
        #expect(done.isResolved)
        #expect(attempts.succeed().isClosed, "a connection that comes too late is closed")
    }
}
