import NIOCore

/// A distribution: how many values lay where.
public struct Histogram: Sendable, Hashable {
    /// Upper bounds of the buckets, ascending; one more bucket takes what is above.
    public let bounds: [Double]
    /// One for each bound, then the rest; not cumulative.
    public let counts: [UInt64]
    /// Of all values.
    public let sum: Double

    /// Of all values.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Seconds (gRFC A66, "Latency buckets").
    public static let latencyBounds = [
        0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01,
        0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8,
        1, 2, 5, 10, 20, 50, 100,
    ]
    /// Bytes (gRFC A66, "Size buckets").
    public static let sizeBounds: [Double] = [
        0, 1024, 2048, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864, 268_435_456,
        1_073_741_824, 4_294_967_296,
    ]
}

/// Calls, or attempts, of some methods that have ended, by method and status: how long they took and what they moved.
/// Rows exist for what has happened only. A value; whoever shares it locks it.
struct CallTable {
    private static let latencies = Histogram.latencyBounds.map { Int64(($0 * 1e9).rounded()) }
    private static let sizes = Histogram.sizeBounds.map { Int64($0) }
    // A row: nanoseconds and latency buckets; bytes sent and their buckets; bytes received and theirs.
    private static let sentColumn = 1 + latencies.count + 1
    private static let receivedColumn = sentColumn + 1 + sizes.count + 1
    private static let width = receivedColumn + 1 + sizes.count + 1
    private static let codes = StatusCode.allCases.count

    private var started: [UInt64]
    // Of method and status, the start of its row; −1 where nothing has ended so.
    private var rowStarts: [Int]
    private var rows: [UInt64] = []

    init(methods: Int) {
        started = Array(repeating: 0, count: methods)
        rowStarts = Array(repeating: -1, count: methods * Self.codes)
    }

    mutating func addMethod() {
        started.append(0)
        rowStarts.append(contentsOf: Array(repeating: -1, count: Self.codes))
    }

    mutating func began(_ method: Int) { started[method] += 1 }

    /// - Parameters:
    ///   - sent: bytes of messages, as they travelled, without their prefixes.
    ///   - received: the same.
    mutating func ended(_ method: Int, _ code: StatusCode, after time: TimeAmount, sent: Int, received: Int) {
        let row = row(method * Self.codes + code.rawValue)
        let nanoseconds = max(0, time.nanoseconds)
        rows[row] &+= UInt64(nanoseconds)
        rows[row + 1 + Self.bucket(nanoseconds, Self.latencies)] += 1
        rows[row + Self.sentColumn] &+= UInt64(sent)
        rows[row + Self.sentColumn + 1 + Self.bucket(Int64(sent), Self.sizes)] += 1
        rows[row + Self.receivedColumn] &+= UInt64(received)
        rows[row + Self.receivedColumn + 1 + Self.bucket(Int64(received), Self.sizes)] += 1
    }

    /// The first bound that is not below the value.
    private static func bucket(_ value: Int64, _ bounds: [Int64]) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Adds another table of the same methods.
    mutating func add(_ other: CallTable) {
        for method in other.started.indices { add(other, method: method, to: method) }
    }

    /// Adds one method of another table to one of this.
    mutating func add(_ other: CallTable, method: Int, to own: Int = 0) {
        started[own] &+= other.started[method]
        for code in 0..<Self.codes {
            let theirs = other.rowStarts[method * Self.codes + code]
            guard theirs >= 0 else { continue }
            let row = row(own * Self.codes + code)
            for column in 0..<Self.width { rows[row + column] &+= other.rows[theirs + column] }
        }
    }

    private mutating func row(_ place: Int) -> Int {
        if rowStarts[place] < 0 {
            rowStarts[place] = rows.count
            rows.append(contentsOf: Array(repeating: 0, count: Self.width))
        }
        return rowStarts[place]
    }

    func started(_ method: Int) -> UInt64 { started[method] }

    /// By status, those that have occurred.
    func outcomes(_ method: Int) -> [CallOutcomes] {
        StatusCode.allCases.compactMap { code in
            let row = rowStarts[method * Self.codes + code.rawValue]
            guard row >= 0 else { return nil }
            return CallOutcomes(
                code: code, seconds: histogram(row, Histogram.latencyBounds, 1e-9),
                sentBytes: histogram(row + Self.sentColumn, Histogram.sizeBounds, 1),
                receivedBytes: histogram(row + Self.receivedColumn, Histogram.sizeBounds, 1))
        }
    }

    private func histogram(_ column: Int, _ bounds: [Double], _ unit: Double) -> Histogram {
        Histogram(
            bounds: bounds, counts: Array(rows[column + 1...column + 1 + bounds.count]),
            sum: Double(rows[column]) * unit)
    }
}

/// Calls of one method that ended with one status.
public struct CallOutcomes: Sendable, Hashable {
    /// How they ended.
    public let code: StatusCode
    /// How long they took.
    public let seconds: Histogram
    /// Bytes of messages in a call, compressed as they travelled, without prefixes and metadata.
    public let sentBytes: Histogram
    /// The same, received.
    public let receivedBytes: Histogram

    /// How many they are.
    public var count: UInt64 { seconds.count }
}
