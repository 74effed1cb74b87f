import NIOCore
import NIOEmbedded
import Testing

@testable import RPC

private final class Target: DeadlineTarget {
    let loop: EmbeddedEventLoop
    var firedAt: [Int64] = []
    var onFire: () -> Void = {}

    init(_ loop: EmbeddedEventLoop) { self.loop = loop }

    func deadlineReached() {
        firedAt.append(Int64(loop.now.uptimeNanoseconds))
        onFire()
    }
}

@Suite struct DeadlineWheelTests {
    private let loop = EmbeddedEventLoop()

    private func deadline(_ nanoseconds: Int64) -> Deadline { Deadline(loop.now + .nanoseconds(nanoseconds)) }

    @Test func `a deadline fires once, never early, within two ticks`() {
        var random = Seeded()
        let wheel = DeadlineWheel(eventLoop: loop)
        var expected: [(Int64, Target)] = []
        for _ in 0..<500 {
            let target = Target(loop)
            let offset = Int64.random(in: 0...10_000_000_000, using: &random)
            expected.append((Int64(loop.now.uptimeNanoseconds) + offset, target))
            _ = wheel.add(deadline(offset), target)
            if Bool.random(using: &random) {
                loop.advanceTime(by: .microseconds(.random(in: 0...3000, using: &random)))
            }
        }
        for _ in 0..<12_000 { loop.advanceTime(by: .milliseconds(1)) }
        for (due, target) in expected {
            #expect(target.firedAt.count == 1, "seed \(random.seed)")
            #expect(target.firedAt[0] >= due && target.firedAt[0] <= due + 2_000_000, "seed \(random.seed)")
        }
        #expect(wheel.count == 0)
    }

    @Test func `a removed deadline does not fire, and its place is used again`() {
        let wheel = DeadlineWheel(eventLoop: loop)
        let removed = Target(loop)
        let kept = Target(loop)
        wheel.remove(wheel.add(deadline(5_000_000), removed))
        _ = wheel.add(deadline(5_000_000), kept)
        loop.advanceTime(by: .seconds(1))
        #expect(removed.firedAt == [])
        #expect(kept.firedAt.count == 1)
    }

    @Test func `removing after the end does no harm to another`() {
        let wheel = DeadlineWheel(eventLoop: loop)
        let first = Target(loop)
        let token = wheel.add(deadline(1_000_000), first)
        loop.advanceTime(by: .milliseconds(2))
        let second = Target(loop)
        _ = wheel.add(deadline(1_000_000), second)
        wheel.remove(token)
        loop.advanceTime(by: .milliseconds(2))
        #expect(second.firedAt.count == 1)
    }

    @Test func `a day is many turns of the wheel`() {
        let wheel = DeadlineWheel(eventLoop: loop)
        let target = Target(loop)
        _ = wheel.add(deadline(86_400_000_000_000), target)
        loop.advanceTime(by: .seconds(86_399))
        #expect(target.firedAt == [])
        loop.advanceTime(by: .seconds(2))
        #expect(target.firedAt.count == 1)
    }

    @Test func `what fires may add and remove`() {
        let wheel = DeadlineWheel(eventLoop: loop)
        let first = Target(loop)
        let second = Target(loop)
        first.onFire = { _ = wheel.add(Deadline(self.loop.now + .milliseconds(1)), second) }
        _ = wheel.add(deadline(1_000_000), first)
        loop.advanceTime(by: .milliseconds(10))
        #expect(first.firedAt.count == 1)
        #expect(second.firedAt.count == 1)
    }
}
