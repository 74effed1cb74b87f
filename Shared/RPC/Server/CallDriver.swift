import NIOCore

/// Runs the handlers of one event loop's calls. Confined to its loop.
///
/// A task for each request costs about a third of the request, so one task, the driver, runs the calls of a whole read
/// burst, one after the other, on the loop. It starts in the middle of the burst's end and stays a plain function call
/// as long as no handler suspends. When one does, its driver belongs to that call from then on: another driver takes
/// the rest of the queue, cancelling the call cancels the task of its driver, and a driver that has been suspended
/// finishes its call and retires. So the cancellation of a call, which is sticky, never reaches another call.
///
/// `@exclusivity(unchecked)`: no access spans a call of a handler.
final class CallDriver: @unchecked Sendable {
    // Unchecked: all state is touched on the loop only.
    let executor: LoopExecutor
    let wheel: DeadlineWheel
    let counts: CallCounts.Share
    /// Calls whose handler has started and not ended, and those about to start.
    @exclusivity(unchecked) private(set) var runningHandlers = 0
    /// When the last call began; nil before the first.
    @exclusivity(unchecked) var lastBegan: NIODeadline?
    /// nil without an adaptive limit.
    @exclusivity(unchecked) var limiter: AdaptiveLimiter?

    @exclusivity(unchecked) private var ready = CircularBuffer<ServerCall>()
    // The driver that is running now, not suspended, and the call it is in.
    @exclusivity(unchecked) private var activeDriver: UInt64?
    @exclusivity(unchecked) private var activeCall: ServerCall?
    @exclusivity(unchecked) private var driverCount: UInt64 = 0
    @exclusivity(unchecked) private var burstStart: NIODeadline?

    var eventLoop: any EventLoop { executor.eventLoop }

    init(eventLoop: any EventLoop, counts: CallCounts.Share, options: ServerOptions) {
        self.counts = counts
        limiter = options.adaptiveLimit.map {
            AdaptiveLimiter($0, most: options.maxRunningHandlersPerLoop, now: eventLoop.now)
        }
        executor = LoopExecutor(eventLoop: eventLoop)
        wheel = DeadlineWheel(eventLoop: eventLoop)
    }

    /// The call can start; it does at the end of the burst.
    func enqueue(_ call: ServerCall) {
        runningHandlers += 1
        ready.append(call)
    }

    /// True while `call`'s handler runs on this loop at this very moment, further up the stack.
    func isActive(_ call: ServerCall) -> Bool { activeCall === call }

    /// When the burst began, to which all its calls came; the clock's time outside of one.
    var now: NIODeadline { burstStart ?? eventLoop.now }

    /// Input is being delivered, and `burstEnded` will follow.
    func burstBegan() {
        guard burstStart == nil else { return }
        burstStart = eventLoop.now
        executor.burstBegan()
    }

    func burstEnded() {
        burstStart = nil
        while !ready.isEmpty { startDriver() }
        executor.burstEnded()
    }

    private func startDriver() {
        driverCount += 1
        let number = driverCount
        activeDriver = number
        let task = Task.immediateDetached(executorPreference: executor) { await self.drive(number) }
        activeDriver = nil
        // Still in a call: the driver is suspended in it.
        activeCall?.suspended(in: task)
        activeCall = nil
    }

    nonisolated(nonsending)
        private func drive(_ number: UInt64) async
    {
        while let call = ready.popFirst() {
            activeCall = call
            await call.run()
            runningHandlers -= 1
            if limiter != nil, let admitted = call.admitted {
                let now = eventLoop.now
                limiter?.ended(after: call.isAbandoned ? nil : now - admitted, now: now)
            }
            guard activeDriver == number else { return }
            activeCall = nil
            if Task.isCancelled { return }
        }
    }
}
