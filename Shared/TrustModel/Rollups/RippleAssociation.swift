/// R9: whether trust in coaching goes before the climate of a team (docs/domain.md §5.1).
///
///     y(team, t + 1) = a(team) + b x(team, t) + c y(team, t)
///
/// by least squares within teams; the interval draws whole teams. It is made of numbers that are released already, so it
/// tells nothing that they do not.
public struct RippleAssociation: Hashable, Sendable {
    public static let minimumTeams = 8
    public static let minimumPeriods = 4
    public static let draws = 1000
    /// Always shown with it.
    public static let caution =
        "This is association, not causation; the published evidence is mixed: some coached leaders' teams changed "
        + "(O'Connor & Cavanagh 2013), others did not (Doherty & Papworth 2024)."

    /// One team in one period.
    public struct Reading: Hashable, Sendable {
        public var team: String
        /// Ascending by one from period to period.
        public var period: Int
        /// x: R1, the trust level.
        public var trust: Double
        /// y: R8, the team climate.
        public var climate: Double

        public init(team: String, period: Int, trust: Double, climate: Double) {
            self.team = team
            self.period = period
            self.trust = trust
            self.climate = climate
        }
    }

    /// b.
    public let slope: Double
    /// 90 %, to be shown even where it spans 0.
    public let interval: Interval
    public let teamCount: Int
    /// Periods of the team with the fewest.
    public let periodCount: Int

    /// Sums of products of one team's deviations from its means.
    private struct Moments {
        var (xx, xy, yy, xz, yz) = (0.0, 0.0, 0.0, 0.0, 0.0)

        static func += (left: inout Moments, right: Moments) {
            left.xx += right.xx
            left.xy += right.xy
            left.yy += right.yy
            left.xz += right.xz
            left.yz += right.yz
        }

        /// b of z = b x + c y; nil where x and y do not vary apart.
        var slope: Double? {
            let determinant = xx * yy - xy * xy
            guard determinant > 1e-12 * max(xx * yy, 1e-300) else { return nil }
            return (xz * yy - yz * xy) / determinant
        }
    }

    /// Nil below 8 teams with 4 periods in a row each, and where nothing varies.
    public init?(_ readings: [Reading], draws: Int = Self.draws) {
        let teams = Dictionary(grouping: readings, by: \.team).sorted { $0.key < $1.key }.compactMap { _, readings in
            Self.longestRun(readings.sorted { $0.period < $1.period })
        }.filter { $0.count >= Self.minimumPeriods }
        guard teams.count >= Self.minimumTeams else { return nil }
        let moments = teams.map(Self.moments)
        var all = Moments()
        for team in moments { all += team }
        guard let slope = all.slope else { return nil }
        var random = SplitMix64(state: 0x51_4EA7)
        var slopes: [Double] = []
        for _ in 0..<draws {
            var drawn = Moments()
            for _ in moments.indices { drawn += moments[random.below(moments.count)] }
            if let slope = drawn.slope { slopes.append(slope) }
        }
        guard slopes.count > draws / 2 else { return nil }
        self.slope = slope
        interval = Interval(centralOf: slopes)
        teamCount = teams.count
        periodCount = teams.map(\.count).min() ?? 0
    }

    /// The first of the longest runs of periods without a gap.
    private static func longestRun(_ readings: [Reading]) -> [Reading] {
        var (best, run): ([Reading], [Reading]) = ([], [])
        for reading in readings {
            if let last = run.last, reading.period != last.period + 1 { run = [] }
            run.append(reading)
            if run.count > best.count { best = run }
        }
        return best
    }

    private static func moments(of run: [Reading]) -> Moments {
        let steps = zip(run, run.dropFirst()).map { (x: $0.trust, y: $0.climate, z: $1.climate) }
        let n = Double(steps.count)
        let mean = steps.reduce(into: (x: 0.0, y: 0.0, z: 0.0)) { mean, step in
            mean = (mean.x + step.x / n, mean.y + step.y / n, mean.z + step.z / n)
        }
        var moments = Moments()
        for step in steps {
            let (x, y, z) = (step.x - mean.x, step.y - mean.y, step.z - mean.z)
            moments.xx += x * x
            moments.xy += x * y
            moments.yy += y * y
            moments.xz += x * z
            moments.yz += y * z
        }
        return moments
    }
}
