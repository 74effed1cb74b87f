import Synchronization

/// What a process tells of itself in numbers. Nothing is computed before somebody asks: each part keeps its own counts
/// and writes them when it is read.
public final class Metrics: Sendable {
    public typealias Part = @Sendable (inout MetricFamilies) async -> Void

    private let parts: Mutex<[Part]>

    public init(service: String) {
        let process = ProcessStatistics.Constants()
        parts = Mutex([{ ProcessStatistics(process).write(service: service, to: &$0) }])
    }

    /// Adds a part; two parts write no family of the same name.
    public func add(_ part: @escaping Part) {
        parts.withLock { $0.append(part) }
    }

    /// All parts in the order in which they were added, as they are now.
    public func families() async -> MetricFamilies {
        var families = MetricFamilies()
        for part in parts.withLock({ $0 }) { await part(&families) }
        return families
    }

    /// The same in Prometheus' text format.
    public func text() async -> String { PrometheusText.text(await families()) }
}
