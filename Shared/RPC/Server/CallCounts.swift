import NIOCore
import Synchronization

/// What became of the calls of a server, method by method.
///
/// Each event loop counts for itself under a lock of its own, which is contended only while somebody reads the sums. An
/// observation allocates nothing.
public final class CallCounts: Sendable {
    /// Upper bounds of the buckets of a call's duration, in seconds; one more takes what is longer.
    public static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
    private static let boundsInNanoseconds = bounds.map { Int64($0 * 1e9) }

    /// One method's share.
    public struct MethodCount: Sendable, Hashable {
        /// `package.Service/Method`; `unknown` for all that the server does not know.
        public let method: String
        /// Calls that have ended, by the status that they were given.
        public let codes: [StatusCode: UInt64]
        /// Calls that took no longer than each of `bounds`, then all: cumulative.
        public let buckets: [UInt64]
        /// Of all calls that have ended.
        public let seconds: Double
        /// Calls that have begun and not ended.
        public let running: Int
    }

    // One row a method: began, nanoseconds, the codes, the buckets.
    private static let codeColumn = 2
    private static let bucketColumn = codeColumn + StatusCode.allCases.count
    private static let width = bucketColumn + bounds.count + 1

    /// The counts of one loop.
    final class Share: Sendable {
        private let rows: Mutex<[UInt64]>

        init(methods: Int) { rows = Mutex(Array(repeating: 0, count: methods * width)) }

        func began(_ method: Int) {
            rows.withLock { $0[method * width] += 1 }
        }

        /// A call that was refused on arrival, before anything had begun.
        func refused(_ method: Int, _ code: StatusCode) {
            began(method)
            ended(method, code, after: .zero)
        }

        func ended(_ method: Int, _ code: StatusCode, after time: TimeAmount) {
            let bucket = boundsInNanoseconds.firstIndex { time.nanoseconds <= $0 } ?? boundsInNanoseconds.count
            rows.withLock { rows in
                let row = method * width
                rows[row + 1] &+= UInt64(max(0, time.nanoseconds))
                rows[row + codeColumn + code.rawValue] += 1
                rows[row + bucketColumn + bucket] += 1
            }
        }

        fileprivate func add(to sums: inout [UInt64]) {
            rows.withLock { rows in
                for index in rows.indices { sums[index] &+= rows[index] }
            }
        }
    }

    private let methods: [String]
    private let numbers: [String: Int]
    private let shares: [Share]

    /// - Parameter methods: the paths that are counted by name; all others are `unknown`.
    init(methods: [String], loops: Int) {
        self.methods = ["unknown"] + Set(methods).sorted()
        numbers = Dictionary(uniqueKeysWithValues: self.methods.enumerated().map { ($1, $0) })
        let count = self.methods.count
        shares = (0..<loops).map { _ in Share(methods: count) }
    }

    func number(of path: String) -> Int { numbers[path] ?? 0 }

    func share(_ loop: Int) -> Share { shares[loop] }

    /// The methods that have been called, by name.
    public func snapshot() -> [MethodCount] {
        var sums = Array(repeating: UInt64(0), count: methods.count * Self.width)
        for share in shares { share.add(to: &sums) }
        return methods.enumerated().compactMap { number, method in
            let row = Array(sums[number * Self.width..<(number + 1) * Self.width])
            guard row[0] > 0 else { return nil }
            var codes: [StatusCode: UInt64] = [:]
            for code in StatusCode.allCases where row[Self.codeColumn + code.rawValue] > 0 {
                codes[code] = row[Self.codeColumn + code.rawValue]
            }
            let ended = codes.values.reduce(0, +)
            var total: UInt64 = 0
            let buckets = row[Self.bucketColumn...].map { count in
                total += count
                return total
            }
            return MethodCount(
                method: method, codes: codes, buckets: buckets,
                seconds: Double(row[1]) / 1e9, running: Int(row[0] - ended))
        }
    }
}
