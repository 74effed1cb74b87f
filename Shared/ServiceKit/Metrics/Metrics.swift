import RPC
import Synchronization

/// What a process tells of itself in numbers. Nothing is computed before somebody asks: each part keeps its own counts
/// and writes them when it is read.
public final class Metrics: Sendable {
    public typealias Part = @Sendable (inout MetricsText) async -> Void

    private let parts: Mutex<[Part]>

    public init(service: String) {
        let process = ProcessStatistics.Constants()
        parts = Mutex([{ ProcessStatistics(process).write(service: service, to: &$0) }])
    }

    /// Adds a part; two parts write no family of the same name.
    public func add(_ part: @escaping Part) {
        parts.withLock { $0.append(part) }
    }

    /// All parts in the order in which they were added.
    public func text() async -> String {
        var text = MetricsText()
        for part in parts.withLock({ $0 }) { await part(&text) }
        return text.text
    }
}

extension CallCounts {
    /// Calls by method and status, their durations, and those that run.
    @Sendable func write(to text: inout MetricsText) {
        let methods = snapshot()
        text.family("rapport_rpc_handled_total", .counter, "Calls that have ended, by their status.") { family in
            for method in methods {
                for (code, count) in method.codes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    family.sample(Double(count), ["rpc": method.method, "code": code.name])
                }
            }
        }
        let help = "From the head of a call to its status; a stream counts when it ends."
        text.family("rapport_rpc_seconds", .histogram, help) { family in
            for method in methods {
                family.histogram(
                    bounds: CallCounts.bounds, counts: method.buckets, sum: method.seconds, ["rpc": method.method])
            }
        }
        text.family("rapport_rpc_in_flight", .gauge, "Calls that have begun and not ended, streams too.") { family in
            for method in methods { family.sample(Double(method.running), ["rpc": method.method]) }
        }
    }
}
