import Dispatch
import Synchronization
import Testing

@testable import Storage

@Suite("Broadcast")
struct BroadcastTests {
    @Test func aListenerBeginsWithThePresentValueAndSeesTheNewest() async {
        let broadcast = Broadcast(1)
        var values = broadcast.listen().makeAsyncIterator()
        #expect(await values.next() == 1)
        broadcast.send(2)
        broadcast.send(3)
        #expect(await values.next() == 3)
    }

    @Test func theEndReachesThoseWhoListenAndThoseWhoComeLater() async {
        let broadcast = Broadcast(1)
        var values = broadcast.listen().makeAsyncIterator()
        #expect(await values.next() == 1)
        broadcast.finish()
        #expect(await values.next() == nil)
        var late = broadcast.listen().makeAsyncIterator()
        #expect(await late.next() == nil)
    }

    @Test func aListenerThatIsCancelledIsForgotten() async {
        let broadcast = Broadcast(1)
        let task = Task { for await _ in broadcast.listen() {} }
        while broadcast.listeners == 0 { await Task.yield() }
        task.cancel()
        await task.value
        #expect(broadcast.listeners == 0)
    }

    /// Waking a task and cancelling it take the same lock of the runtime, in whatever order: a lock of ours around
    /// either would close the circle. It did within 1,000 rounds.
    @Test func sendingAndCancellingAtOnceNeverWaitForEachOther() async throws {
        let rounds = 5000
        let broadcast = Broadcast(0)
        let done = Mutex(0)
        // Threads of their own, so that the test can fail where they would hang.
        DispatchQueue(label: "sender").async {
            while done.withLock({ $0 < rounds }) { broadcast.send(1) }
        }
        DispatchQueue(label: "canceller").async {
            while done.withLock({ $0 < rounds }) {
                let ended = DispatchSemaphore(value: 0)
                let task = Task.detached {
                    for await _ in broadcast.listen() {}
                    ended.signal()
                }
                while broadcast.listeners == 0 {}
                task.cancel()
                ended.wait()
                done.withLock { $0 += 1 }
            }
        }
        // As long as it moves, however slowly, it does not hang.
        var seen = 0
        var moved = ContinuousClock.now
        while seen < rounds, ContinuousClock.now - moved < .seconds(60) {
            try await Task.sleep(for: .milliseconds(50))
            let now = done.withLock { $0 }
            if now > seen { (seen, moved) = (now, .now) }
        }
        #expect(seen == rounds)
    }
}
