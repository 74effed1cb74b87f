import NIOCore
import Synchronization

/// What became of the calls that channels made, method by method and target by target (gRFC A66, "Client per-attempt";
/// gRFC A96, retries). Given to channels in their options.
///
/// Each event loop of a channel counts for itself, as in `CallCounts`.
public final class ClientCounts: Sendable {
    /// Methods of one target that are counted by name; the others are `other`.
    static let methodLimit = 1000

    public struct MethodCount: Sendable, Hashable {
        public let target: String
        public let method: String
        public let attemptsStarted: UInt64
        public let attempts: [CallOutcomes]
        /// Whole calls; bytes are counted by attempt alone.
        public let calls: [CallOutcomes]
        public let retries: UInt64
        public let transparentRetries: UInt64
        public let hedges: UInt64
    }

    enum Repetition: Int, CaseIterable {
        case retry, transparent, hedge
    }

    /// The counts of one loop for one target.
    final class Share: Sendable {
        fileprivate struct State {
            var numbers = ["other": 0]
            var names = ["other"]
            var attempts = CallTable(methods: 1)
            var calls = CallTable(methods: 1)
            var repetitions = Array(repeating: UInt64(0), count: Repetition.allCases.count)
        }

        private let state = Mutex(State())

        /// A number for the method, for the other functions.
        func number(of path: String) -> Int {
            state.withLock { state in
                if let number = state.numbers[path] { return number }
                guard state.names.count < ClientCounts.methodLimit else { return 0 }
                state.numbers[path] = state.names.count
                state.names.append(path)
                state.attempts.addMethod()
                state.calls.addMethod()
                state.repetitions.append(contentsOf: Repetition.allCases.map { _ in 0 })
                return state.names.count - 1
            }
        }

        func attemptBegan(_ method: Int) { state.withLock { $0.attempts.began(method) } }

        func attemptEnded(_ method: Int, _ code: StatusCode, after time: TimeAmount, sent: Int, received: Int) {
            state.withLock { $0.attempts.ended(method, code, after: time, sent: sent, received: received) }
        }

        func callEnded(_ method: Int, _ code: StatusCode, after time: TimeAmount) {
            state.withLock { $0.calls.ended(method, code, after: time, sent: 0, received: 0) }
        }

        func repeated(_ method: Int, _ repetition: Repetition) {
            state.withLock { $0.repetitions[method * Repetition.allCases.count + repetition.rawValue] += 1 }
        }

        fileprivate var value: State { state.withLock { $0 } }
    }

    private let shares = Mutex<[(target: String, share: Share)]>([])

    public init() {}

    func share(_ target: String) -> Share {
        let share = Share()
        shares.withLock { $0.append((target, share)) }
        return share
    }

    /// The methods that have been called, by target and name.
    public func snapshot() -> [MethodCount] {
        let shares = shares.withLock { $0 }
        let targets = Dictionary(grouping: shares, by: \.target)
        return targets.sorted { $0.key < $1.key }.flatMap { target, shares in
            Self.sum(shares.map(\.share.value), target)
        }
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
