import HTTP
import NIOCore
import NIOEmbedded
import NIOPosix
import Standard
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct CallCountTests {
    @Test func `each call counts once, by the status that it was given`() {
        let stage = Stage([
            .unary("t.S", "Say") { (request: StringValue, _) in request },
            .unary("t.S", "Refuse") { (_: StringValue, _) -> StringValue in throw RPCError(.notFound, "no") },
            .unary("t.S", "Hang") { (_: StringValue, _) -> StringValue in
                try await Waiter<Void>().value()
                return StringValue()
            },
        ])
        for _ in 0..<3 { _ = stage.request("t.S/Say", "a") }
        _ = stage.request("t.S/Refuse", "a")
        let gone = stage.request("t.S/Hang", "a")
        _ = stage.request("t.S/Hang", "a")
        _ = stage.request("t.S/Nothing", "a")
        stage.endBurst()
        gone.delegate?.cancelled(.connectionClosed)
        let counts = Dictionary(uniqueKeysWithValues: stage.server.counts.snapshot().map { ($0.method, $0) })
        #expect(counts.keys.sorted() == ["other", "t.S/Hang", "t.S/Refuse", "t.S/Say"])
        #expect(counts["t.S/Say"]?.codes == [.ok: 3])
        #expect(counts["t.S/Say"]?.started == 3 && counts["t.S/Say"]?.running == 0)
        #expect(counts["t.S/Say"]?.outcomes.first?.sentBytes.sum == 9, "three bytes each: tag, length, a")
        #expect(counts["t.S/Say"]?.outcomes.first?.receivedBytes.sum == 9)
        #expect(counts["t.S/Refuse"]?.codes == [.notFound: 1])
        #expect(counts["t.S/Hang"]?.codes == [.cancelled: 1])
        #expect(counts["t.S/Hang"]?.started == 2 && counts["t.S/Hang"]?.running == 1)
        #expect(counts["other"]?.codes == [.unimplemented: 1])
    }

    @Test func `durations and sizes fall into the buckets of gRFC A66`() {
        let counts = CallCounts(methods: ["m"], loops: 2)
        let calls: [(TimeAmount, Int)] = [(.microseconds(300), 0), (.microseconds(301), 1024), (.seconds(101), 1025)]
        for (loop, (time, size)) in calls.enumerated() {
            counts.share(loop % 2).began(counts.number(of: "m"))
            counts.share(loop % 2).ended(counts.number(of: "m"), .ok, after: time, sent: size, received: 5_000_000_000)
        }
        let outcome = counts.snapshot().first?.outcomes.first
        func bucket(_ histogram: Histogram?, upTo bound: Double) -> UInt64? {
            histogram.flatMap { $0.bounds.firstIndex(of: bound).map { index in histogram?.counts[index] ?? 0 } }
        }
        #expect(Histogram.latencyBounds.count == 41 && Histogram.sizeBounds.count == 14)
        #expect(bucket(outcome?.seconds, upTo: 0.0003) == 1)
        #expect(bucket(outcome?.seconds, upTo: 0.0006) == 1)
        #expect(outcome?.seconds.counts.last == 1, "above 100 s")
        #expect(outcome.map { abs($0.seconds.sum - 101.000601) < 1e-9 } == true)
        #expect(bucket(outcome?.sentBytes, upTo: 0) == 1)
        #expect(bucket(outcome?.sentBytes, upTo: 1024) == 1)
        #expect(bucket(outcome?.sentBytes, upTo: 2048) == 1)
        #expect(outcome?.receivedBytes.counts.last == 3)
        #expect(outcome?.count == 3)
    }
}

/// gRFC A66, "Client per-attempt"; gRFC A96.
@Suite struct ClientCountTests {
    private func script(_ counts: ClientCounts, _ attempts: MethodConfig.Attempts? = nil) -> ScriptedChannel {
        var method = MethodConfig()
        method.attempts = attempts
        var options = RPC.Channel.Options()
        options.serviceConfig.methods = [method]
        options.counts = counts
        return ScriptedChannel(options, endpoints: [ScriptedChannel.a])
    }

    /// On the loop's own thread, which nobody can ask from another one.
    private func counted(_ script: ScriptedChannel) -> [ClientCounts.MethodCount] {
        ClientCounts.sum(script.channel.counts.map { [($0.target, $0.state)] } ?? [])
    }

    @Test func `the counts of all loops are one`() async throws {
        let counts = ClientCounts()
        let group = MultiThreadedEventLoopGroup.singleton
        for loop in group.makeIterator() {
            let share = counts.share("t", on: loop)
            for path in ["t.S/A", "t.S/B"] {
                try await loop.submit {
                    let number = share.number(of: path)
                    share.attemptBegan(number)
                    share.attemptEnded(number, .ok, after: .milliseconds(1), sent: 1, received: 2)
                    share.callEnded(number, .ok, after: .milliseconds(1))
                }.get()
            }
        }
        let loops = Array(group.makeIterator()).count
        let found = await counts.snapshot()
        #expect(found.map(\.method) == ["t.S/A", "t.S/B"])
        #expect(found.map(\.attemptsStarted) == [UInt64(loops), UInt64(loops)])
        #expect(found.flatMap(\.calls).map(\.count) == [UInt64(loops), UInt64(loops)])
    }

    @Test func `attempts and calls, by method, target and status`() {
        let counts = ClientCounts()
        let policy = RetryPolicy(
            maxAttempts: 3, initialBackoff: .milliseconds(10), maxBackoff: .milliseconds(10),
            retryableCodes: [.unavailable])
        let script = script(counts, .retry(policy))
        _ = script.call("x")
        let transport = script.attempts.succeed()
        transport.streams[0].refuse(.unavailable)
        script.loop.advanceTime(by: .milliseconds(12))
        transport.streams[1].answer("yy")
        let all = counted(script)
        let count = all.first
        #expect(all.count == 1)
        #expect(count?.target == "a.test:1" && count?.method == "t.S/M")
        #expect(count?.attemptsStarted == 2 && count?.retries == 1)
        #expect(count?.attempts.map(\.code) == [.ok, .unavailable])
        #expect(count?.attempts.map(\.sentBytes.sum) == [3, 3])
        #expect(count?.attempts.map(\.receivedBytes.sum) == [4, 0])
        #expect(count?.calls.map(\.code) == [.ok] && count?.calls.first?.count == 1)
    }

    @Test func `hedges and transparent retries`() {
        let counts = ClientCounts()
        let script = script(counts, .hedging(HedgingPolicy(maxAttempts: 2, delay: .zero, nonFatalCodes: [])))
        _ = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].delegate?.closed(.unprocessed)
        script.loop.run()
        transport.streams[1].answer("")
        let count = counted(script).first
        #expect(count?.hedges == 1 && count?.transparentRetries == 1 && count?.retries == 0)
        #expect(count?.attemptsStarted == 3)
        #expect(count?.attempts.map(\.code) == [.ok, .cancelled, .unavailable])
    }

    @Test func `a client that makes up methods fills no memory`() {
        let share = ClientCounts().share("t", on: EmbeddedEventLoop())
        let numbers = (0..<2000).map { share.number(of: "t.S/M\($0)") }
        #expect(Set(numbers).count == ClientCounts.methodLimit)
        #expect(numbers.suffix(1000).allSatisfy { $0 == 0 })
    }
}
