import Schema
import Standard
import TrustModel

/// Two roll-ups side by side. Pure: every number in it is one that a roll-up shows, or the difference of two.
extension ProgrammeValue {
    /// Units below the one that is asked for.
    static let maximumUnits = 200
    static let warning =
        "A change is no proof of an effect: people, teams and times have changed as well, and nobody was left out of the "
        + "programme by chance. All numbers are of groups; what is withheld says why. Made for use within the "
        + "organisation: numbers that leave it are exported with noise."

    /// - Parameters:
    ///   - programme: empty for all.
    ///   - unit: a path; the line of its own comes first, then those of the units directly below.
    /// - Returns: nil where the later roll-up has no such cell.
    init?(
        name: String, of programme: String, in unit: String, from earlier: (rollup: Rollup, cells: [RollupCell]),
        to later: (rollup: Rollup, cells: [RollupCell])
    ) {
        let path = CohortTree.path(unit)
        let depth = path.count
        let cells = later.cells.filter { cell in
            let of = CohortTree.path(cell.unit)
            return cell.programme == programme && (depth...(depth + 1)).contains(of.count) && of.starts(with: path)
        }
        guard let whole = cells.first(where: { CohortTree.path($0.unit).count == depth }) else { return nil }
        let parts = cells.filter { $0.unit != whole.unit }
        let before = Dictionary(
            earlier.cells.filter { $0.programme == programme }.map { ($0.unit, $0) }
        ) { first, _ in first }
        self.init(
            name: name, programme: programme, baseline: earlier.rollup.name, baselineTime: earlier.rollup.endTime,
            endTime: later.rollup.endTime,
            lines: ([whole] + parts.prefix(Self.maximumUnits)).flatMap { Line.all(from: before[$0.unit], to: $0) },
            caution: Self.warning, truncated: parts.count > Self.maximumUnits)
    }
}

extension ProgrammeValue.Line {
    fileprivate static func all(from before: RollupCell?, to after: RollupCell) -> [Self] {
        after.figures.map { figure in
            Self(
                unit: after.unit,
                from: before?.figures.first { $0.metric == figure.metric }
                    ?? RollupCell.Figure(metric: figure.metric, reason: .notDefined),
                to: figure)
        }
    }

    private init(unit: String, from before: RollupCell.Figure, to after: RollupCell.Figure) {
        self.init(unit: unit, before: before, after: after)
        guard let metric = CohortMetric(rawValue: after.metric.rawValue), let from = CohortFigure(before),
            let to = CohortFigure(after), before.asOf != after.asOf
        else { return }
        let change = FigureChange(from: from, to: to, of: metric)
        self.change = DoubleValue(value: change.value)
        changeInterval = change.interval.map { Schema.Interval(lower: $0.lower, upper: $0.upper) }
    }
}

extension CohortFigure {
    fileprivate init?(_ figure: RollupCell.Figure) {
        guard let value = figure.value?.value else { return nil }
        self.init(
            value: value, interval: figure.interval.map { TrustModel.Interval(lower: $0.lower, upper: $0.upper) })
    }
}
