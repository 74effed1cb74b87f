import HTTP
import NIOCore
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
        #expect(counts.keys.sorted() == ["t.S/Hang", "t.S/Refuse", "t.S/Say", "unknown"])
        #expect(counts["t.S/Say"]?.codes == [.ok: 3])
        #expect(counts["t.S/Say"]?.buckets.last == 3 && counts["t.S/Say"]?.running == 0)
        #expect(counts["t.S/Refuse"]?.codes == [.notFound: 1])
        #expect(counts["t.S/Hang"]?.codes == [.cancelled: 1])
        #expect(counts["t.S/Hang"]?.running == 1)
        #expect(counts["unknown"]?.codes == [.unimplemented: 1])
    }

    @Test func `durations fall into cumulative buckets`() {
        let counts = CallCounts(methods: ["m"], loops: 2)
        for (loop, time) in [TimeAmount.microseconds(500), .milliseconds(3), .seconds(9)].enumerated() {
            counts.share(loop % 2).began(counts.number(of: "m"))
            counts.share(loop % 2).ended(counts.number(of: "m"), .ok, after: time)
        }
        let count = counts.snapshot().first
        #expect(count?.buckets.first == 1)
        #expect(count?.buckets[CallCounts.bounds.firstIndex(of: 0.0025) ?? 0] == 1)
        #expect(count?.buckets[CallCounts.bounds.firstIndex(of: 0.005) ?? 0] == 2)
        #expect(count?.buckets.suffix(2) == [2, 3])
        #expect(count.map { abs($0.seconds - 9.0035) < 1e-9 } == true)
    }
}
