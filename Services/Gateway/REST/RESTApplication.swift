import HTTP
import Logging
import NIOCore
import RPC
import Synchronization

/// Takes the requests that are not gRPC, of all HTTP versions.
final class RESTApplication: Application {
    /// Bytes of a request's body; a longer one is answered 413. The largest texts of the domain are some kilobytes.
    static let bodyLimit = 1024 * 1024
    /// Requests that are answered at once, event streams not counted; more are answered 429.
    static let runningLimit = 2000
    /// Open event streams; more are answered 503.
    static let streamLimit = 10_000

    private struct State {
        var running = 0
        var streams: [ObjectIdentifier: RESTExchange] = [:]
        var isDraining = false
    }

    let handler: RESTHandler
    let logger: Logger
    private let executors: [LoopExecutor]
    private let state = Mutex(State())

    init(handler: RESTHandler, group: any EventLoopGroup, logger: Logger) {
        self.handler = handler
        self.logger = logger
        executors = group.makeIterator().map { LoopExecutor(eventLoop: $0) }
    }

    func began(_ exchange: any Exchange) {
        exchange.delegate = RESTExchange(exchange, self)
    }

    func burstEnded(on eventLoop: any EventLoop) {}

    func executor(of eventLoop: any EventLoop) -> LoopExecutor {
        executors.first { $0.eventLoop === eventLoop } ?? LoopExecutor(eventLoop: eventLoop)
    }

    func begin() -> Bool {
        state.withLock { state in
            guard state.running < RESTApplication.runningLimit else { return false }
            state.running += 1
            return true
        }
    }

    func end() {
        state.withLock { $0.running -= 1 }
    }

    /// False when there are too many, or when the gateway drains.
    func beginStream(_ exchange: RESTExchange) -> Bool {
        state.withLock { state in
            guard state.streams.count < RESTApplication.streamLimit, !state.isDraining else { return false }
            state.streams[ObjectIdentifier(exchange)] = exchange
            return true
        }
    }

    func endStream(_ exchange: RESTExchange) {
        state.withLock { _ = $0.streams.removeValue(forKey: ObjectIdentifier(exchange)) }
    }

    /// Event streams never end by themselves; their clients come back with what they saw last.
    func endStreams() {
        let streams = state.withLock { state in
            state.isDraining = true
            return Array(state.streams.values)
        }
        for stream in streams { stream.drain() }
    }
}

/// Runs tasks on one event loop, so that a request stays on the loop that it came in on.
final class LoopExecutor: TaskExecutor {
    let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
