/// The share of questions still open after a time, where some are not answered yet: those are censored, not dropped
/// (Kaplan & Meier 1958; docs/domain.md §3.12).
public struct KaplanMeier: Sendable {
    /// A question, and how long it has waited.
    public struct Waiting: Hashable, Sendable {
        /// Microseconds, not negative.
        public var duration: Int64
        /// False while it waits: then `duration` is the time so far.
        public var isAnswered: Bool

        public init(duration: Int64, isAnswered: Bool) {
            self.duration = max(0, duration)
            self.isAnswered = isAnswered
        }
    }

    private struct Step {
        var time: Int64
        /// S just after `time`.
        var survival: Double
        /// Greenwood's sum up to `time`: Σ d/(n (n − d)).
        var greenwood: Double
    }

    public let count: Int
    private let steps: [Step]

    /// O(n log n).
    public init(_ waiting: [Waiting]) {
        count = waiting.count
        let sorted = waiting.sorted { $0.duration < $1.duration }
        var steps: [Step] = []
        var survival = 1.0
        var greenwood = 0.0
        var first = 0
        while first < sorted.count {
            // Who is answered and who leaves at one time are all at risk at that time.
            var end = first
            var answered = 0
            while end < sorted.count, sorted[end].duration == sorted[first].duration {
                if sorted[end].isAnswered { answered += 1 }
                end += 1
            }
            if answered > 0 {
                let atRisk = Double(sorted.count - first)
                survival *= 1 - Double(answered) / atRisk
                if Double(answered) < atRisk {
                    greenwood += Double(answered) / (atRisk * (atRisk - Double(answered)))
                }
                steps.append(Step(time: sorted[first].duration, survival: survival, greenwood: greenwood))
            }
            first = end
        }
        self.steps = steps
    }

    /// F(t) = 1 − S(t), the share answered within `time` microseconds, 0...1; nil without a question.
    public func answered(within time: Int64) -> Double? {
        count == 0 ? nil : 1 - (last(within: time)?.survival ?? 1)
    }

    /// Greenwood's variance of F(t). Where all or none are answered it says 0, which few questions do not bear out: then
    /// that of the Jeffreys posterior of as many trials.
    public func variance(within time: Int64) -> Double {
        let survival = last(within: time)?.survival ?? 1
        let variance = survival * survival * (last(within: time)?.greenwood ?? 0)
        guard variance <= 0, count > 0 else { return variance }
        let answered = (1 - survival) * Double(count)
        return BetaDistribution(alpha: answered + 0.5, beta: Double(count) - answered + 0.5).variance
    }

    /// The time within which half are answered, in microseconds; nil while fewer are.
    public var median: Int64? { steps.first { $0.survival <= 0.5 }?.time }

    private func last(within time: Int64) -> Step? { steps.last { $0.time <= time } }
}
