/// Plain measures of a pair's rhythm and balance, for display only (docs/domain.md §3.12, §4.1).
public enum Rhythm {
    /// Below so many intervals the burstiness says nothing.
    public static let sufficientIntervals = 8
    /// Below so many contacts the reciprocity says nothing.
    public static let sufficientContacts = 6

    /// A_n of n intervals between events, −1 (even) ... 1 (bursts), corrected for small n (Kim & Jo 2016), with the
    /// population's standard deviation (docs/domain.md rule 44); nil below 8 intervals or without any length.
    public static func burstiness(of intervals: [Double]) -> Double? {
        let n = Double(intervals.count)
        let mean = intervals.reduce(0, +) / max(1, n)
        guard intervals.count >= sufficientIntervals, mean > 0 else { return nil }
        let variance = intervals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
        let r = variance.squareRoot() / mean
        let (above, below) = ((n + 1).squareRoot(), (n - 1).squareRoot())
        return (above * r - below) / ((above - 2) * r + below)
    }

    /// 1 − |x − y|/(x + y) of the contacts that each side began, 0...1; nil below 6.
    public static func reciprocity(_ x: Int, _ y: Int) -> Double? {
        x + y < sufficientContacts ? nil : 1 - Double(abs(x - y)) / Double(x + y)
    }
}
