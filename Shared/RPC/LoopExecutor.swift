import NIOCore
import Synchronization

/// Runs tasks on an event loop. A job made ready on the loop itself costs no lock and no wake-up; those made ready
/// elsewhere share one wake-up until the loop has taken them.
///
/// Handlers run on one. A task that makes many calls prefers one, with the loop that its calls are to go through: it
/// changes no thread between a call and its answer.
///
/// `@exclusivity(unchecked)`: no access spans the running of a job.
public final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    // Unchecked: `local`, `isScheduled` and `isInBurst` are touched on the loop only.
    let eventLoop: any EventLoop
    @exclusivity(unchecked) private var local = CircularBuffer<UnownedJob>()
    @exclusivity(unchecked) private var isScheduled = false
    @exclusivity(unchecked) private var isInBurst = false
    private let remote = Mutex<[UnownedJob]>([])

    /// For tasks that prefer `eventLoop`.
    public init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if eventLoop.inEventLoop {
            local.append(job)
            schedule()
        } else {
            let isFirst = remote.withLock { jobs in
                jobs.append(job)
                return jobs.count == 1
            }
            if isFirst { eventLoop.execute { self.runRemote() } }
        }
    }

    /// Input is being delivered, and `burstEnded` will follow: jobs made ready meanwhile need no wake-up of their own.
    func burstBegan() { isInBurst = true }

    /// Runs what is ready, so that what it writes leaves with the burst.
    func burstEnded() {
        isInBurst = false
        runLocal()
    }

    private func schedule() {
        guard !isScheduled, !isInBurst else { return }
        isScheduled = true
        eventLoop.execute {
            self.isScheduled = false
            self.runLocal()
        }
    }

    /// One pass over what is ready now: jobs that make others ready must not keep the loop from its sockets.
    private func runLocal() {
        for _ in 0..<local.count {
            guard let job = local.popFirst() else { return }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
        if !local.isEmpty { schedule() }
    }

    private func runRemote() {
        let jobs = remote.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        if !local.isEmpty { schedule() }
    }
}
