/// Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). Names in OpenTelemetry's manner
/// become Prometheus' (opentelemetry.io, "Prometheus and OpenMetrics Compatibility"): `grpc.server.call.duration` in `s`
/// is `grpc_server_call_duration_seconds`.
enum PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    static func text(_ families: MetricFamilies) -> String {
        var text = ""
        for family in families.families {
            let name = name(of: family)
            text += "# HELP \(name) \(escaped(family.help, quotes: false))\n# TYPE \(name) \(family.kind.rawValue)\n"
            for sample in family.samples { write(sample, name, to: &text) }
        }
        return text
    }

    private static func name(of family: MetricFamily) -> String {
        guard family.name.contains(".") else { return family.name }
        let units = ["s": "_seconds", "By": "_bytes"]
        return underscored(family.name) + (units[family.unit] ?? "") + (family.kind == .counter ? "_total" : "")
    }

    private static func write(_ sample: MetricFamily.Sample, _ name: String, to text: inout String) {
        switch sample.value {
        case .number(let value): line(name, value, sample.labels, &text)
        case .histogram(let bounds, let counts, let sum):
            // Prometheus wants them cumulative.
            var total: UInt64 = 0
            for (bound, count) in zip(bounds + [.infinity], counts) {
                total += count
                line(name + "_bucket", Double(total), sample.labels + [("le", number(bound))], &text)
            }
            line(name + "_sum", sum, sample.labels, &text)
            line(name + "_count", Double(total), sample.labels, &text)
        }
    }

    private static func line(
        _ name: String, _ value: Double, _ labels: [(name: String, value: String)], _ text: inout String
    ) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\(underscored($0.name))=\"\(escaped($0.value, quotes: true))\"" }
            text += "{" + pairs.joined(separator: ",") + "}"
        }
        text += " \(number(value))\n"
    }

    private static func underscored(_ name: String) -> String { String(name.map { $0 == "." ? "_" : $0 }) }

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
