/// Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), written family by family.
public struct MetricsText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    public enum Kind: String, Sendable { case counter, gauge, histogram }

    public private(set) var text = ""

    public init() {}

    /// Writes the head of a family and the samples that `body` adds; nothing when it adds none.
    /// - Parameter name: letters, digits, `_`; the unit at its end, `_total` for counters.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String, _ body: (inout Family) -> Void) {
        var family = Family(name: name)
        body(&family)
        guard !family.samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        text += family.samples
    }

    /// A family of one sample.
    public mutating func value(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help) { $0.sample(value) }
    }

    public struct Family: Sendable {
        let name: String
        fileprivate(set) var samples = ""

        public mutating func sample(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
            write("", value, labels.map { ($0, $1) })
        }

        /// - Parameters:
        ///   - bounds: upper bounds of the buckets, ascending.
        ///   - counts: cumulative: one for each bound, then all.
        ///   - sum: of everything observed.
        public mutating func histogram(
            bounds: [Double], counts: [UInt64], sum: Double, _ labels: KeyValuePairs<String, String> = [:]
        ) {
            let labels = labels.map { ($0, $1) }
            for (bound, count) in zip(bounds, counts) {
                write("_bucket", Double(count), labels + [("le", MetricsText.number(bound))])
            }
            let all = Double(counts.last ?? 0)
            write("_bucket", all, labels + [("le", "+Inf")])
            write("_sum", sum, labels)
            write("_count", all, labels)
        }

        private mutating func write(_ suffix: String, _ value: Double, _ labels: [(String, String)]) {
            samples += name + suffix
            if !labels.isEmpty {
                let pairs = labels.map { "\($0)=\"\(MetricsText.escaped($1, quotes: true))\"" }
                samples += "{" + pairs.joined(separator: ",") + "}"
            }
            samples += " \(MetricsText.number(value))\n"
        }
    }

    /// Whole numbers without a fraction, as far as a double is exact.
    static func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        if value.isNaN { return "NaN" }
        guard value == value.rounded(), abs(value) < 9_007_199_254_740_992 else { return "\(value)" }
        return String(Int64(value))
    }

    /// Backslash and line feed, in label values the quote as well.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
