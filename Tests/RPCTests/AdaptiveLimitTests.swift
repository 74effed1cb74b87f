import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

@Suite struct AdaptiveLimiterTests {
    private var now = NIODeadline.uptimeNanoseconds(0)
    private var limiter = AdaptiveLimiter(AdaptiveLimit(), most: 1000, now: .uptimeNanoseconds(0))

    /// Windows in which as many calls run as may, each as long.
    private mutating func windows(_ count: Int, of milliseconds: Int64, running share: Double = 1) {
        for _ in 0..<count {
            let calls = max(Int(Double(limiter.current) * share), 10)
            for _ in 0..<calls { _ = limiter.admit() }
            now = now + .milliseconds(100)
            for _ in 0..<limiter.running { limiter.ended(after: .milliseconds(milliseconds), now: now) }
        }
    }

    @Test mutating func `it grows while calls take as long as usual`() {
        windows(20, of: 10)
        #expect(limiter.current > 140, "\(limiter.current)")
        windows(2000, of: 10)
        #expect(limiter.current == 1000, "and no further than it may")
    }

    @Test mutating func `it shrinks when they take longer than the tolerance, and comes back`() {
        windows(20, of: 10)
        let before = limiter.current
        windows(20, of: 40)
        #expect(limiter.current < before / 2, "\(before), then \(limiter.current)")
        let low = limiter.current
        windows(40, of: 10)
        #expect(limiter.current > low)
    }

    @Test mutating func `twice as long is within it`() {
        windows(20, of: 10)
        let before = limiter.current
        windows(20, of: 19)
        #expect(limiter.current >= before)
    }

    @Test mutating func `it never falls below the least`() {
        windows(20, of: 10)
        windows(300, of: 10_000)
        #expect(limiter.current >= 10)
    }

    @Test mutating func `what is not used does not grow`() {
        windows(100, of: 10, running: 0.2)
        #expect(limiter.current == 100)
    }

    @Test mutating func `no more run than may, and an ended one makes room`() {
        var admitted = 0
        for _ in 0..<150 where limiter.admit() { admitted += 1 }
        #expect(admitted == 100)
        limiter.ended(after: nil, now: now)
        let next = limiter.admit()
        let another = limiter.admit()
        #expect(next && !another)
    }
}

@Suite(.timeLimit(.minutes(1))) struct SheddingTests {
    @Test(arguments: Depth.allCases)
    func `what is too much is told to come back, and streams do not count`(_ depth: Depth) async throws {
        let gate = Waiter<Void>()
        let started = Lock(0)
        var options = ServerOptions()
        var limit = AdaptiveLimit()
        limit.initial = 1
        limit.least = 1
        options.adaptiveLimit = limit
        let methods: [Method] = [
            .unary("t.S", "Hang") { (request: StringValue, _) in
                started.withLock { $0 += 1 }
                try await gate.value()
                return request
            },
            .serverStreaming("t.S", "Stream") { (request: StringValue, _, responses: ResponseWriter<StringValue>) in
                try await responses.write(request)
            },
        ]
        try await depth.serve(methods, options: options) { channel in
            // All calls come from one task, and so to one loop of the server.
            async let first: StringValue = channel.unary("t.S/Hang", StringValue(value: "a"), CallOptions())
            while started.withLock({ $0 }) == 0 { await Task.yield() }
            let error = await failure {
                let _: StringValue = try await channel.unary("t.S/Hang", StringValue(), CallOptions())
            }
            #expect(error?.code == .unavailable)
            for try await answer in try await channel.serverStreaming(
                "t.S/Stream", StringValue(value: "s"), CallOptions()) as ResponseStream<StringValue>
            {
                #expect(answer.value == "s")
            }
            gate.resolve(.success(()))
            #expect(try await first.value == "a")
        }
    }

    @Test func `the push-back is on the wire`() {
        var error = RPCError(.unavailable, "later")
        error.pushBack = .milliseconds(250)
        #expect(StatusTrailers.make(error, Metadata())[first: "grpc-retry-pushback-ms"] == "250")
        error.pushBack = .milliseconds(-1)
        #expect(StatusTrailers.make(error, Metadata())[first: "grpc-retry-pushback-ms"] == "-1")
    }
}
