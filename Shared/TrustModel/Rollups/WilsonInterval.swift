extension Interval {
    /// Wilson's 90 % interval of a share (Brown, Cai & DasGupta 2001).
    /// - Parameter count: at least 1.
    public init(wilson successes: Int, of count: Int) {
        precondition(count > 0 && (0...count).contains(successes), "a share of at least one")
        let interval = WilsonScore.interval(
            of: Double(successes) / Double(count), trials: count, normal: WilsonScore.normal90)
        self.init(lower: interval.lowerBound, upper: interval.upperBound)
    }
}
