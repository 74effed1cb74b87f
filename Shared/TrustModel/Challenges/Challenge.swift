/// The four challenges that break trust, each watched by a detector of its own (docs/domain.md §4).
public enum Challenge: UInt8, CaseIterable, Sendable {
    /// D1: obligations are missed more often than they were.
    case inconsistentBehaviour = 1
    /// D2: feedback is criticism without a strength and without a next step.
    case overemphasisOnCriticism = 2
    /// D3: decisions stay without a reason, or something agreed was changed in silence.
    case lackOfTransparency = 3
    /// D4: one is treated as the odd one out.
    case perceivedBias = 4

    /// Those that are looked for in each relationship by itself.
    public static let ofPairs: [Challenge] = [.inconsistentBehaviour, .overemphasisOnCriticism, .lackOfTransparency]

    /// Days between two signals of one detector (docs/domain.md §4).
    public static let coolDownDays = 28
    /// Days that a WATCH is kept (docs/domain.md §4).
    public static let watchDays = 90
}

/// What a detector's statistic says at an instant. The gap between `clear` and `watch` is its hysteresis: there nothing
/// begins and nothing ends.
public enum Reading: UInt8, Comparable, Sendable {
    case clear
    case undecided
    case watch
    case alert

    public static func < (left: Reading, right: Reading) -> Bool { left.rawValue < right.rawValue }
}

/// Where a statistic that grows with concern begins and ends to say something.
public struct Thresholds: Hashable, Sendable {
    public var clear: Double
    public var watch: Double
    public var alert: Double

    public init(clear: Double, watch: Double, alert: Double) {
        self.clear = clear
        self.watch = watch
        self.alert = alert
    }

    public func reading(of value: Double) -> Reading {
        value >= alert ? .alert : value >= watch ? .watch : value <= clear ? .clear : .undecided
    }
}
