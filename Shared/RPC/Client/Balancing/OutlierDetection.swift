import NIOCore

/// When an endpoint gets no calls because it answers worse than the others (gRFC A50). Judged by what one event loop of
/// a channel has seen.
public struct OutlierDetection: Sendable, Hashable {
    /// Whose share of successes lies far below the mean of all.
    public struct SuccessRate: Sendable, Hashable {
        /// Standard deviations below the mean, in thousandths.
        public var stdevFactor = 1900
        /// Per cent of the found ones that are ejected.
        public var enforcementPercentage = 100
        /// Endpoints with enough calls below which none is judged.
        public var minimumHosts = 5
        /// Calls per interval below which an endpoint is not judged.
        public var requestVolume = 100

        /// gRFC A50's defaults.
        public init() {}
    }

    /// Whose share of failures is above a threshold.
    public struct FailurePercentage: Sendable, Hashable {
        /// Per cent.
        public var threshold = 85
        /// Per cent of the found ones that are ejected.
        public var enforcementPercentage = 100
        /// Endpoints with enough calls below which none is judged.
        public var minimumHosts = 5
        /// Calls per interval below which an endpoint is not judged.
        public var requestVolume = 50

        /// gRFC A50's defaults.
        public init() {}
    }

    /// Between two looks.
    public var interval: Duration = .seconds(10)
    /// For how long the first time; each time in a row longer by as much, up to `maxEjectionTime`.
    public var baseEjectionTime: Duration = .seconds(30)
    /// For how long at most.
    public var maxEjectionTime: Duration = .seconds(300)
    /// Never more of the endpoints than these per cent at once, but always one.
    public var maxEjectionPercent = 10
    /// nil does not judge by it.
    public var successRate: SuccessRate?
    /// nil does not judge by it.
    public var failurePercentage: FailurePercentage?

    /// Judges by neither rule until one is set.
    public init() {}
}

/// How calls to an endpoint ended in one interval.
struct CallTally {
    var successes = 0
    var failures = 0

    var total: Int { successes + failures }

    mutating func count(_ code: StatusCode) {
        if code == .ok { successes += 1 } else { failures += 1 }
    }
}

/// Finds and ejects outliers among the subchannels of one balancer (gRFC A50, "Ejection Algorithm").
struct OutlierDetector {
    private struct Record {
        var ejectedAt: NIODeadline?
        var multiplier = 0
    }

    private let configuration: OutlierDetection
    private var records: [ObjectIdentifier: Record] = [:]
    // Draws 0 ..< 100 for the enforcement percentages.
    private let draw: () -> Int

    init(_ configuration: OutlierDetection, draw: @escaping () -> Int = { Int.random(in: 0..<100) }) {
        self.configuration = configuration
        self.draw = draw
    }

    func isEjected(_ subchannel: Subchannel) -> Bool { records[ObjectIdentifier(subchannel)]?.ejectedAt != nil }

    mutating func forget(_ subchannel: Subchannel) { records[ObjectIdentifier(subchannel)] = nil }

    /// Ends an interval.
    /// - Parameter onChange: told of each subchannel that is ejected, or no longer.
    mutating func inspect(
        _ subchannels: [Subchannel], now: NIODeadline, _ onChange: (Subchannel, _ isEjected: Bool) -> Void
    ) {
        let tallies = subchannels.map(\.tally)
        for subchannel in subchannels { subchannel.tally = CallTally() }
        var found: [Int] = []
        if let rule = configuration.successRate {
            found += Self.bySuccessRate(tallies, rule).filter { _ in draw() < rule.enforcementPercentage }
        }
        if let rule = configuration.failurePercentage {
            found += Self.byFailurePercentage(tallies, rule).filter { _ in draw() < rule.enforcementPercentage }
        }
        for index in found where !isEjected(subchannels[index]) && mayEject(one: subchannels) {
            var record = records[ObjectIdentifier(subchannels[index])] ?? Record()
            record.ejectedAt = now
            record.multiplier += 1
            records[ObjectIdentifier(subchannels[index])] = record
            onChange(subchannels[index], true)
        }
        for subchannel in subchannels {
            guard var record = records[ObjectIdentifier(subchannel)] else { continue }
            if let ejectedAt = record.ejectedAt {
                guard now >= ejectedAt + ejectionTime(record.multiplier) else { continue }
                record.ejectedAt = nil
                onChange(subchannel, false)
            } else if record.multiplier > 0 {
                record.multiplier -= 1
            }
            records[ObjectIdentifier(subchannel)] = record
        }
    }

    private func mayEject(one subchannels: [Subchannel]) -> Bool {
        let ejected = subchannels.filter(isEjected).count
        return ejected == 0 || ejected * 100 < configuration.maxEjectionPercent * subchannels.count
    }

    private func ejectionTime(_ multiplier: Int) -> TimeAmount {
        let longest = max(configuration.baseEjectionTime, configuration.maxEjectionTime)
        return .nanoseconds(min(configuration.baseEjectionTime * multiplier, longest).clampedNanoseconds)
    }

    /// Which of the tallies lie below mean − factor · standard deviation.
    static func bySuccessRate(_ tallies: [CallTally], _ rule: OutlierDetection.SuccessRate) -> [Int] {
        let judged = tallies.indices.filter { tallies[$0].total >= max(rule.requestVolume, 1) }
        guard judged.count >= max(rule.minimumHosts, 1) else { return [] }
        let rates = judged.map { Double(tallies[$0].successes) / Double(tallies[$0].total) }
        let mean = rates.reduce(0, +) / Double(rates.count)
        let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count)
        let threshold = mean - variance.squareRoot() * Double(rule.stdevFactor) / 1000
        return zip(judged, rates).filter { $0.1 < threshold }.map(\.0)
    }

    static func byFailurePercentage(_ tallies: [CallTally], _ rule: OutlierDetection.FailurePercentage) -> [Int] {
        let judged = tallies.indices.filter { tallies[$0].total >= max(rule.requestVolume, 1) }
        guard judged.count >= max(rule.minimumHosts, 1) else { return [] }
        return judged.filter { tallies[$0].failures * 100 > rule.threshold * tallies[$0].total }
    }
}
