/// What docs/domain.md §4.1 to §4.5 asks of a detector, at the rates of the preset "targets".
public struct Target: Hashable, Sendable {
    public var recall: Double
    public var earlyRecall: Double?
    public var precision: Double?
    public var chancePerYear: Double

    public init(of kind: Planting.Kind) {
        switch kind {
        case .inconsistency: self.init(recall: 0.92, earlyRecall: 0.73, precision: 0.70, chancePerYear: 0.10)
        case .criticism: self.init(recall: 0.94, earlyRecall: 0.68, chancePerYear: 0.06)
        case .opacity: self.init(recall: 0.80, chancePerYear: 0.10)
        case .silentChange: self.init(recall: 1, earlyRecall: 1, precision: 1, chancePerYear: 0)
        case .lapse: self.init(recall: 1, chancePerYear: 0.02)
        }
    }

    private init(recall: Double, earlyRecall: Double? = nil, precision: Double? = nil, chancePerYear: Double) {
        self.recall = recall
        self.earlyRecall = earlyRecall
        self.precision = precision
        self.chancePerYear = chancePerYear
    }
}
