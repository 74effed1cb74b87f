import NIOCore

/// What is told when its deadline passes.
protocol DeadlineTarget: AnyObject {
    func deadlineReached()
}

/// The deadlines of all calls on one event loop: a hashed timing wheel (Varghese and Lauck, 1987) with a tick of one
/// millisecond. Adding and removing are O(1) and touch no timer of the loop, which costs a quarter of a request when
/// every call has its own; one timer is armed for the first slot in use. A deadline never fires early, and at most one
/// tick late on an idle loop. Confined to its loop.
///
/// `@exclusivity(unchecked)`: no access spans a call of anybody else's code.
final class DeadlineWheel {
    struct Token: Equatable {
        fileprivate let index: Int
        fileprivate let use: UInt64
    }

    private struct Entry {
        var tick: UInt64
        var next: Int
        var previous: Int
        /// Which of all uses of all entries this is; none of two targets is the other's.
        var use: UInt64
        var target: (any DeadlineTarget)?
    }

    private static let slotCount: UInt64 = 4096
    private static let none = -1

    private let eventLoop: any EventLoop
    @exclusivity(unchecked) private var slots = [Int](repeating: none, count: Int(slotCount))
    @exclusivity(unchecked) private var entries: [Entry] = []
    @exclusivity(unchecked) private var free = none
    @exclusivity(unchecked) private var now: UInt64
    @exclusivity(unchecked) private var timer: Scheduled<Void>?
    @exclusivity(unchecked) private var armedTick = UInt64.max

    @exclusivity(unchecked) private(set) var count = 0
    @exclusivity(unchecked) private var uses: UInt64 = 0

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        now = eventLoop.now.uptimeNanoseconds / 1_000_000
    }

    func add(_ deadline: Deadline, _ target: any DeadlineTarget) -> Token {
        let tick = max((deadline.instant.uptimeNanoseconds + 999_999) / 1_000_000, now + 1)
        let slot = Int(tick % Self.slotCount)
        uses += 1
        let index = takeFree(Entry(tick: tick, next: slots[slot], previous: Self.none, use: uses, target: target))
        if slots[slot] != Self.none { entries[slots[slot]].previous = index }
        slots[slot] = index
        count += 1
        if tick < armedTick { arm(tick) }
        return Token(index: index, use: uses)
    }

    /// Does nothing when the target has been told already.
    func remove(_ token: Token) {
        if entries[token.index].use == token.use { unlink(token.index) }
    }

    private func takeFree(_ entry: Entry) -> Int {
        guard free != Self.none else {
            entries.append(entry)
            return entries.count - 1
        }
        let index = free
        free = entries[index].next
        entries[index] = entry
        return index
    }

    private func unlink(_ index: Int) {
        let (tick, next, previous) = (entries[index].tick, entries[index].next, entries[index].previous)
        if previous == Self.none {
            slots[Int(tick % Self.slotCount)] = next
        } else {
            entries[previous].next = next
        }
        if next != Self.none { entries[next].previous = previous }
        entries[index].target = nil
        entries[index].use = 0
        entries[index].next = free
        free = index
        count -= 1
    }

    private func arm(_ tick: UInt64) {
        timer?.cancel()
        armedTick = tick
        let (nanoseconds, overflow) = tick.multipliedReportingOverflow(by: 1_000_000)
        let deadline = NIODeadline.uptimeNanoseconds(overflow ? UInt64(Int64.max) : min(nanoseconds, UInt64(Int64.max)))
        timer = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.fire() }
    }

    private func fire() {
        let then = now
        now = max(eventLoop.now.uptimeNanoseconds / 1_000_000, then)
        armedTick = .max
        var due: [any DeadlineTarget] = []
        for tick in stride(from: then + 1, through: min(now, then + Self.slotCount), by: 1) {
            var index = slots[Int(tick % Self.slotCount)]
            while index != Self.none {
                let entry = entries[index]
                if entry.tick <= now, let target = entry.target {
                    due.append(target)
                    unlink(index)
                }
                index = entry.next
            }
        }
        for target in due { target.deadlineReached() }
        armNext()
    }

    private func armNext() {
        guard count > 0 else { return }
        // A slot may hold only deadlines of a later turn of the wheel; waking for them once in a turn is cheaper than
        // sorting.
        let next = (now + 1...now + Self.slotCount).first { slots[Int($0 % Self.slotCount)] != Self.none }
        if let next, next < armedTick { arm(next) }
    }
}
