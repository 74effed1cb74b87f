import NIOCore
import Synchronization

/// What became of the calls of a server, method by method (gRFC A66, "Server").
///
/// Each event loop counts for itself under a lock of its own, which is contended only while somebody reads the sums. An
/// observation allocates nothing, save for the first of its method and status.
public final class CallCounts: Sendable {
    /// One method's share.
    public struct MethodCount: Sendable, Hashable {
        /// `package.Service/Method`; `other` for all that the server does not know.
        public let method: String
        /// Calls that have begun.
        public let started: UInt64
        /// Calls that have ended, by status.
        public let outcomes: [CallOutcomes]

        /// Calls that have ended, by the status that they were given.
        public var codes: [StatusCode: UInt64] {
            Dictionary(uniqueKeysWithValues: outcomes.map { ($0.code, $0.count) })
        }

        /// Calls that have begun and not ended.
        public var running: Int { Int(started) - Int(outcomes.reduce(0) { $0 + $1.count }) }
    }

    /// The counts of one loop.
    final class Share: Sendable {
        private let table: Mutex<CallTable>

        init(methods: Int) { table = Mutex(CallTable(methods: methods)) }

        func began(_ method: Int) { table.withLock { $0.began(method) } }

        /// A call that was refused on arrival, before anything had begun.
        func refused(_ method: Int, _ code: StatusCode) {
            began(method)
            ended(method, code, after: .zero, sent: 0, received: 0)
        }

        func ended(_ method: Int, _ code: StatusCode, after time: TimeAmount, sent: Int, received: Int) {
            table.withLock { $0.ended(method, code, after: time, sent: sent, received: received) }
        }

        fileprivate var value: CallTable { table.withLock { $0 } }
    }

    private let methods: [String]
    private let numbers: [String: Int]
    private let shares: [Share]

    /// - Parameter methods: the paths that are counted by name; all others are `other`.
    init(methods: [String], loops: Int) {
        self.methods = ["other"] + Set(methods).sorted()
        numbers = Dictionary(uniqueKeysWithValues: self.methods.enumerated().map { ($1, $0) })
        let count = self.methods.count
        shares = (0..<loops).map { _ in Share(methods: count) }
    }

    func number(of path: String) -> Int { numbers[path] ?? 0 }

    func share(_ loop: Int) -> Share { shares[loop] }

    /// The methods that have been called, by name.
    public func snapshot() -> [MethodCount] {
        var sum = CallTable(methods: methods.count)
        for share in shares { sum.add(share.value) }
        return methods.indices.compactMap { number in
            guard sum.started(number) > 0 else { return nil }
            return MethodCount(
                method: methods[number], started: sum.started(number), outcomes: sum.outcomes(number))
        }
    }
}
