/// What a process tells of itself in numbers, at one moment, family by family.
public struct MetricFamilies: Sendable {
    public private(set) var families: [MetricFamily] = []

    public init() {}

    /// Adds a family with the samples that `body` adds; nothing when it adds none.
    /// - Parameter name: in Prometheus' manner (letters, digits, `_`; the unit at its end, `_total` for counters), or in
    ///   OpenTelemetry's (with dots).
    /// - Parameter unit: for a name with dots, in UCUM: `s`, `By`, `{call}`.
    public mutating func family(
        _ name: String, _ kind: MetricFamily.Kind, unit: String = "", _ help: String,
        _ body: (inout MetricFamily) -> Void
    ) {
        var family = MetricFamily(name: name, kind: kind, unit: unit, help: help)
        body(&family)
        if !family.samples.isEmpty { families.append(family) }
    }

    /// A family of one sample.
    public mutating func value(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double) {
        family(name, kind, help) { $0.sample(value) }
    }
}

/// Numbers that mean the same, told apart by their labels.
public struct MetricFamily: Sendable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    public enum Value: Sendable {
        case number(Double)
        /// Counts of the buckets, not cumulative: one for each bound, then the rest.
        case histogram(bounds: [Double], counts: [UInt64], sum: Double)
    }

    public struct Sample: Sendable {
        public let labels: [(name: String, value: String)]
        public let value: Value
    }

    public let name: String
    public let kind: Kind
    public let unit: String
    public let help: String
    public fileprivate(set) var samples: [Sample] = []

    public mutating func sample(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
        samples.append(Sample(labels: labels.map { ($0, $1) }, value: .number(value)))
    }

    /// - Parameters:
    ///   - bounds: upper bounds of the buckets, ascending.
    ///   - counts: of the buckets, not cumulative: one for each bound, then the rest.
    ///   - sum: of everything observed.
    public mutating func histogram(
        bounds: [Double], counts: [UInt64], sum: Double, _ labels: KeyValuePairs<String, String> = [:]
    ) {
        samples.append(
            Sample(labels: labels.map { ($0, $1) }, value: .histogram(bounds: bounds, counts: counts, sum: sum)))
    }
}
