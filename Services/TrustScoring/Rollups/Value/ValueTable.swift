import Schema
import Standard
import TrustModel

/// A programme's value as a table for programs: RFC 4180, one line for each unit and metric. What is suppressed has an empty
/// number and the reason beside it.
struct ValueTable: Sendable {
    static let columns =
        ["unit", "programme", "metric", "scale"]
        + ["before", "after"].flatMap { side in
            ["", "_lower", "_upper", "_month", "_frozen", "_suppressed"].map { side + $0 }
        } + ["change", "change_lower", "change_upper"]

    let csv: String

    init(_ value: ProgrammeValue) {
        let rows = value.lines.map { line in
            let (before, after) = (line.before ?? .init(), line.after ?? .init())
            let metric = after.metric
            return [line.unit, value.programme, "\(metric)", metric.isPercent ? "percent" : "0 to 1"]
                + Self.side(before) + Self.side(after)
                + [
                    metric.text(line.change?.value), metric.text(line.changeInterval?.lower),
                    metric.text(line.changeInterval?.upper),
                ]
        }
        csv = ([Self.columns] + rows).map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined()
    }

    private static func side(_ figure: RollupCell.Figure) -> [String] {
        let metric = figure.metric
        return [
            metric.text(figure.value?.value), metric.text(figure.interval?.lower), metric.text(figure.interval?.upper),
            figure.month?.description ?? "", figure.value == nil ? "" : String(figure.frozen),
            figure.value == nil ? "\(figure.reason)" : "",
        ]
    }

    /// Quoted where it must be. What a spreadsheet would take for a formula is made text: units are words of people.
    private static func field(_ text: String) -> String {
        let isFormula = text.first.map { "=+@\t\r".contains($0) || ($0 == "-" && Double(text) == nil) } ?? false
        let text = isFormula ? "'" + text : text
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension RollupCell.Figure {
    /// That the number is of.
    var month: RollupMonth? { asOf.flatMap { try? Instant($0) }.map { RollupMonth(over: $0) } }
}

extension RollupCell.Metric {
    var isPercent: Bool { CohortMetric(rawValue: rawValue)?.isPercent ?? false }

    /// As fine as it is shown: whole percent, or two places.
    func text(_ value: Double?) -> String {
        guard let value else { return "" }
        let steps = Int((value * (isPercent ? 1 : 100)).rounded())
        guard !isPercent else { return String(steps) }
        let digits = String(abs(steps))
        let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        return (steps < 0 ? "-" : "") + padded.dropLast(2) + "." + padded.suffix(2)
    }
}
