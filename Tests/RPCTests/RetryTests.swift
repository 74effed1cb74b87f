import HTTP
import NIOCore
import NIOEmbedded
import Standard
import Testing

@testable import RPC

/// gRFC A6: retries, throttling and push-back.
@Suite struct RetryTests {
    private static func config(
        _ policy: RetryPolicy = RetryPolicy(
            maxAttempts: 3, initialBackoff: .milliseconds(100), maxBackoff: .milliseconds(150), multiplier: 2,
            retryableCodes: [.unavailable]), throttling: RetryThrottling? = nil
    ) -> ServiceConfig {
        var method = MethodConfig()
        method.attempts = .retry(policy)
        var config = ServiceConfig()
        config.methods = [method]
        config.retryThrottling = throttling
        return config
    }

    private let script = ScriptedChannel(config: config())
    private var loop: EmbeddedEventLoop { script.loop }

    @Test func `a retryable failure is tried again after the backoff, and says how often before`() throws {
        let call = script.call("x")
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable)
        loop.advanceTime(by: .milliseconds(79))
        #expect(transport.streams.count == 1, "100 ms ± 20 %")
        loop.advanceTime(by: .milliseconds(42))
        #expect(transport.streams.count == 2)
        #expect(transport.streams[0].head.headers[first: "grpc-previous-rpc-attempts"] == nil)
        #expect(transport.streams[1].head.headers[first: "grpc-previous-rpc-attempts"] == "1")
        #expect(transport.streams[1].body == transport.streams[0].body)
        #expect(transport.streams[1].isHalfClosed)
        transport.streams[1].answer("y")
        #expect(try text(call) == "y")
    }

    @Test func `after the last attempt its status is the call's`() {
        let call = script.call()
        let transport = script.attempts.succeed()
        for attempt in 0..<3 {
            transport.streams[attempt].refuse(.unavailable)
            loop.advanceTime(by: .milliseconds(181))
        }
        #expect(transport.streams.count == 3)
        #expect(error(call)?.code == .unavailable)
    }

    @Test func `another status is final`() {
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.invalidArgument)
        loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 1)
        #expect(error(call)?.code == .invalidArgument)
    }

    @Test func `a call that the server has begun to answer is not repeated`() {
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].begin()
        transport.streams[0].delegate?.receivedEnd(trailers: ["grpc-status": "14"])
        loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 1)
        #expect(error(call)?.code == .unavailable)
    }

    @Test func `a lost connection is a failure like others`() throws {
        let call = script.call()
        let transport = script.attempts.succeed()
        _ = script.call("warm")
        transport.streams[1].answer("warm")
        transport.streams[0].delegate?.closed(.connectionClosed)
        transport.closing?(.closedByPeer)
        loop.advanceTime(by: .milliseconds(121))
        script.attempts.succeed().streams[0].answer("y")
        #expect(try text(call) == "y")
    }

    @Test func `the server may say when`() throws {
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable, pushBack: "700")
        loop.advanceTime(by: .milliseconds(699))
        #expect(transport.streams.count == 1)
        loop.advanceTime(by: .milliseconds(1))
        transport.streams[1].answer("y")
        #expect(try text(call) == "y")
    }

    @Test(arguments: ["-1", "soon", ""])
    func `or that it wants no more`(_ pushBack: String) {
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable, pushBack: pushBack)
        loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 1)
        #expect(error(call)?.code == .unavailable)
    }

    @Test func `the deadline ends the waiting for another attempt`() {
        let call = script.call("", CallOptions(deadline: Deadline(loop.now + .milliseconds(50))))
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable)
        loop.advanceTime(by: .milliseconds(51))
        #expect(error(call)?.code == .deadlineExceeded)
        loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 1)
    }

    @Test func `no more than half of the tokens are spent on repeating`() {
        // Of 4 tokens two failures leave 2: not more than half.
        let script = ScriptedChannel(config: Self.config(throttling: RetryThrottling(maxTokens: 4, tokenRatio: 0.5)))
        let first = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable)
        script.loop.advanceTime(by: .milliseconds(121))
        transport.streams[1].refuse(.unavailable)
        script.loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 2)
        #expect(error(first)?.code == .unavailable)
        // An answer gives half a token back; a failure takes one, and leaves 1.5.
        _ = script.call()
        transport.streams[2].answer("")
        let third = script.call()
        transport.streams[3].refuse(.unavailable)
        #expect(error(third)?.code == .unavailable)
        // Six answers bring it to 4 again.
        for _ in 0..<6 {
            _ = script.call()
            transport.streams[transport.streams.count - 1].answer("")
        }
        let last = script.call()
        transport.streams[transport.streams.count - 1].refuse(.unavailable)
        #expect(error(last) == nil, "it waits for another attempt")
    }

    @Test func `the backoff grows to its maximum, a fifth more or less`() {
        var seeded = Seeded()
        let policy = RetryPolicy(
            maxAttempts: 5, initialBackoff: .milliseconds(100), maxBackoff: .milliseconds(350), multiplier: 2,
            retryableCodes: [.unavailable])
        for (retry, expected) in [(1, 100), (2, 200), (3, 350), (4, 350)] {
            for _ in 0..<100 {
                let delay = policy.delay(before: retry, using: &seeded)
                #expect(delay >= .milliseconds(expected) * 0.8, "seed \(seeded.seed)")
                #expect(delay <= .milliseconds(expected) * 1.2)
            }
        }
    }

    @Test func `no call has more than five attempts`() {
        let policy = RetryPolicy(
            maxAttempts: 50, initialBackoff: .seconds(1), maxBackoff: .seconds(1), retryableCodes: [.unavailable])
        #expect(policy.maxAttempts == 5)
    }

    // MARK: Streaming requests

    private func streamingCall(on script: ScriptedChannel) -> ClientCall {
        let call = ClientCall("t.S/M", CallOptions(), request: nil, takesOneResponse: true, on: script.channel)
        call.start()
        return call
    }

    @Test func `the messages that were written are sent again, and the coming ones follow`() async throws {
        let call = streamingCall(on: script)
        let transport = script.attempts.succeed()
        try await call.write(framed([1]))
        try await call.write(framed([2]))
        transport.streams[0].refuse(.unavailable)
        loop.advanceTime(by: .milliseconds(121))
        #expect(transport.streams[1].body == transport.streams[0].body)
        try await call.write(framed([3]))
        call.finish()
        #expect(
            Array(transport.streams[1].body.readableBytesView) == [
                0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 3,
            ])
        #expect(transport.streams[1].isHalfClosed)
        transport.streams[1].answer("y")
        #expect(try text(call) == "y")
        #expect(script.channel.keptBytes == 0)
    }

    @Test func `what is too long to be kept is not repeated`() async throws {
        var options = RPC.Channel.Options()
        options.serviceConfig = Self.config()
        options.retryBufferBytes = 20
        let script = ScriptedChannel(options)
        let call = streamingCall(on: script)
        let transport = script.attempts.succeed()
        for _ in 0..<4 { try await call.write(framed([1])) }
        #expect(script.channel.keptBytes == 0)
        transport.streams[0].refuse(.unavailable)
        script.loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 1)
        #expect(error(call)?.code == .unavailable)
    }

    @Test func `all calls of a loop together keep no more than its limit`() async throws {
        var options = RPC.Channel.Options()
        options.serviceConfig = Self.config()
        options.channelRetryBufferBytes = 20
        let script = ScriptedChannel(options)
        let first = streamingCall(on: script)
        let second = streamingCall(on: script)
        let transport = script.attempts.succeed()
        for _ in 0..<3 { try await first.write(framed([1])) }
        #expect(script.channel.keptBytes == 18)
        try await second.write(framed([1]))
        #expect(script.channel.keptBytes == 18)
        transport.streams[1].refuse(.unavailable)
        #expect(error(second)?.code == .unavailable)
        transport.streams[0].refuse(.unavailable)
        #expect(error(first) == nil)
        first.cancel()
        #expect(script.channel.keptBytes == 0)
    }

    // MARK: What else a method config says

    @Test func `the shorter timeout and the smaller limit hold`() {
        var method = MethodConfig(names: [.init(service: "t.S", method: "M")])
        method.timeout = .milliseconds(20)
        method.maxRequestBytes = 10
        var config = ServiceConfig()
        config.methods = [method]
        let script = ScriptedChannel(config: config)
        let tooLarge = script.call("0123456789")
        #expect(error(tooLarge)?.code == .resourceExhausted)
        let call = script.call("", CallOptions(timeout: .seconds(1)))
        script.loop.advanceTime(by: .milliseconds(22))
        #expect(error(call)?.code == .deadlineExceeded)
    }

    @Test func `a service may want its callers to wait until it is ready, and a caller decides otherwise`() {
        var method = MethodConfig()
        method.waitForReady = true
        var config = ServiceConfig()
        config.methods = [method]
        let script = ScriptedChannel(config: config, endpoints: [ScriptedChannel.a])
        let patient = script.call()
        let hasty = script.call("", CallOptions(waitForReady: false))
        script.attempts.fail()
        #expect(error(patient) == nil)
        #expect(error(hasty)?.code == .unavailable)
    }
}

/// gRFC A6: hedging.
@Suite struct HedgingTests {
    private static func config(delay: Duration = .milliseconds(100), throttling: RetryThrottling? = nil)
        -> ServiceConfig
    {
        var method = MethodConfig()
        method.attempts = .hedging(
            HedgingPolicy(maxAttempts: 3, delay: delay, nonFatalCodes: [.unavailable]))
        var config = ServiceConfig()
        config.methods = [method]
        config.retryThrottling = throttling
        return config
    }

    private let script = ScriptedChannel(config: config())

    @Test func `one attempt after another, and the first that is answered wins`() throws {
        let call = script.call("x")
        let transport = script.attempts.succeed()
        script.loop.advanceTime(by: .milliseconds(99))
        #expect(transport.streams.count == 1)
        script.loop.advanceTime(by: .milliseconds(1))
        #expect(transport.streams.count == 2)
        script.loop.advanceTime(by: .milliseconds(500))
        #expect(transport.streams.count == 3, "three at most")
        #expect(transport.streams.map { $0.head.headers[first: "grpc-previous-rpc-attempts"] } == [nil, "1", "2"])
        transport.streams[1].answer("second")
        #expect(try text(call) == "second")
        #expect(transport.streams.map(\.resetCode) == [.cancel, nil, .cancel])
    }

    @Test func `without a delay all go at once`() {
        let script = ScriptedChannel(config: Self.config(delay: .zero))
        _ = script.call()
        #expect(script.attempts.succeed().streams.count == 3)
    }

    @Test func `a failure that is not fatal brings the next attempt at once`() throws {
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable)
        #expect(transport.streams.count == 2)
        script.loop.advanceTime(by: .milliseconds(99))
        #expect(transport.streams.count == 2, "the delay begins anew")
        transport.streams[1].answer("y")
        #expect(try text(call) == "y")
    }

    @Test func `a fatal failure ends the others`() {
        let call = script.call()
        let transport = script.attempts.succeed()
        script.loop.advanceTime(by: .milliseconds(100))
        transport.streams[1].refuse(.invalidArgument)
        #expect(error(call)?.code == .invalidArgument)
        #expect(transport.streams[0].resetCode == .cancel)
        script.loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 2)
    }

    @Test func `when all have failed the last status is the call's`() {
        let call = script.call()
        let transport = script.attempts.succeed()
        for attempt in 0..<3 { transport.streams[attempt].refuse(.unavailable) }
        #expect(error(call)?.code == .unavailable)
    }

    @Test func `the server may say when the next one comes, or that none may`() throws {
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable, pushBack: "250")
        script.loop.advanceTime(by: .milliseconds(249))
        #expect(transport.streams.count == 1)
        script.loop.advanceTime(by: .milliseconds(1))
        #expect(transport.streams.count == 2)
        transport.streams[1].refuse(.unavailable, pushBack: "-1")
        #expect(error(call)?.code == .unavailable)
        script.loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 2)
    }

    @Test func `the throttle holds for hedges too`() {
        let script = ScriptedChannel(config: Self.config(throttling: RetryThrottling(maxTokens: 2, tokenRatio: 0.1)))
        let call = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable)
        #expect(transport.streams.count == 1, "one of two tokens is left: no more than half")
        #expect(error(call)?.code == .unavailable)
    }

    @Test func `cancelling ends all attempts`() {
        let call = script.call()
        let transport = script.attempts.succeed()
        script.loop.advanceTime(by: .milliseconds(100))
        call.cancel()
        #expect(transport.streams.map(\.resetCode) == [.cancel, .cancel])
        script.loop.advanceTime(by: .seconds(1))
        #expect(transport.streams.count == 2)
    }
}
