import NIOCore
import Synchronization

/// What became of the calls that channels made, method by method and target by target (gRFC A66, "Client per-attempt";
/// gRFC A96, retries). Given to channels in their options.
///
/// Each event loop of a channel counts for itself.
public final class ClientCounts: Sendable {
    /// Methods of one target that are counted by name; the others are `other`.
    static let methodLimit = 1000

    /// One method of one target.
    public struct MethodCount: Sendable, Hashable {
        /// As the channel was made for it.
        public let target: String
        /// `package.Service/Method`, or `other`.
        public let method: String
        /// Attempts that have begun.
        public let attemptsStarted: UInt64
        /// Attempts that have ended, by status.
        public let attempts: [CallOutcomes]
        /// Whole calls; bytes are counted by attempt alone.
        public let calls: [CallOutcomes]
        /// Attempts after one that had failed.
        public let retries: UInt64
        /// Attempts after one that no server had seen.
        public let transparentRetries: UInt64
        /// Attempts beside one that had not been answered.
        public let hedges: UInt64
    }

    enum Repetition: Int, CaseIterable {
        case retry, transparent, hedge
    }

    /// The counts of one loop for one target. Confined to its loop: a call takes no lock, and who reads asks the loop.
    final class Share: @unchecked Sendable {
        struct State {
            fileprivate var numbers = ["other": 0]
            fileprivate var names = ["other"]
            fileprivate var attempts = CallTable(methods: 1)
            fileprivate var calls = CallTable(methods: 1)
            fileprivate var repetitions = Array(repeating: UInt64(0), count: Repetition.allCases.count)
        }

        let target: String
        // Unchecked: touched on the loop only.
        @exclusivity(unchecked) private(set) var state = State()
        private let eventLoop: any EventLoop

        fileprivate init(_ target: String, on eventLoop: any EventLoop) {
            self.target = target
            self.eventLoop = eventLoop
        }

        /// A number for the method, for the other functions.
        func number(of path: String) -> Int {
            if let number = state.numbers[path] { return number }
            guard state.names.count < ClientCounts.methodLimit else { return 0 }
            state.numbers[path] = state.names.count
            state.names.append(path)
            state.attempts.addMethod()
            state.calls.addMethod()
            state.repetitions.append(contentsOf: Repetition.allCases.map { _ in 0 })
            return state.names.count - 1
        }

        func attemptBegan(_ method: Int) { state.attempts.began(method) }

        func attemptEnded(_ method: Int, _ code: StatusCode, after time: TimeAmount, sent: Int, received: Int) {
            state.attempts.ended(method, code, after: time, sent: sent, received: received)
        }

        func callEnded(_ method: Int, _ code: StatusCode, after time: TimeAmount) {
            state.calls.ended(method, code, after: time, sent: 0, received: 0)
        }

        func repeated(_ method: Int, _ repetition: Repetition) {
            state.repetitions[method * Repetition.allCases.count + repetition.rawValue] += 1
        }

        /// From any task; nil when the loop has ended.
        fileprivate func read() async -> State? { try? await eventLoop.submit { self.state }.get() }
    }

    private let shares = Mutex<[Share]>([])

    /// Nothing is counted yet.
    public init() {}

    func share(_ target: String, on eventLoop: any EventLoop) -> Share {
        let share = Share(target, on: eventLoop)
        shares.withLock { $0.append(share) }
        return share
    }

    /// The methods that have been called, by target and name. Asks each event loop.
    public func snapshot() async -> [MethodCount] {
        var states: [(target: String, state: Share.State)] = []
        for share in shares.withLock({ $0 }) {
            if let state = await share.read() { states.append((share.target, state)) }
        }
        return Self.sum(states)
    }

    static func sum(_ states: [(target: String, state: Share.State)]) -> [MethodCount] {
        let targets = Dictionary(grouping: states, by: \.target)
        return targets.sorted { $0.key < $1.key }.flatMap { target, states in sum(states.map(\.state), target) }
    }

    private static func sum(_ states: [Share.State], _ target: String) -> [MethodCount] {
        let names = Set(states.flatMap(\.names)).sorted()
        return names.compactMap { name in
            var attempts = CallTable(methods: 1)
            var calls = CallTable(methods: 1)
            var repetitions = Repetition.allCases.map { _ in UInt64(0) }
            for state in states {
                guard let number = state.numbers[name] else { continue }
                attempts.add(state.attempts, method: number)
                calls.add(state.calls, method: number)
                for kind in Repetition.allCases {
                    repetitions[kind.rawValue] += state.repetitions[number * repetitions.count + kind.rawValue]
                }
            }
            let outcomes = calls.outcomes(0)
            guard attempts.started(0) > 0 || !outcomes.isEmpty else { return nil }
            return MethodCount(
                target: target, method: name, attemptsStarted: attempts.started(0), attempts: attempts.outcomes(0),
                calls: outcomes, retries: repetitions[Repetition.retry.rawValue],
                transparentRetries: repetitions[Repetition.transparent.rawValue],
                hedges: repetitions[Repetition.hedge.rawValue])
        }
    }
}
