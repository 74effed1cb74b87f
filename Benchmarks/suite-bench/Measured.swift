/// Bursts of one load, with what the services counted meanwhile.
struct Measured: Sendable {
    struct Round: Sendable {
        let perSecond: Double
        let p50: Double
        let p99: Double
        /// CPU time a request, in microseconds.
        let service: Double
        let suite: Double
        let driver: Double
        /// NaN where nothing was committed.
        let writesPerCommit: Double
        /// The share of the cores that programs of others took meanwhile, 0 to 1.
        let others: Double
    }

    let rounds: [Round]

    func median(_ figure: (Round) -> Double) -> Double { Percentiles(rounds.map(figure)).median }

    /// Runs one burst and asks all services before and after it.
    static func round<T>(
        of service: Service, in suite: Suite, _ burst: () async throws -> Load.Burst<T>
    ) async throws -> (Round, Load.Burst<T>) {
        var before: [Service: MetricsPage] = [:]
        for one in Service.allCases { before[one] = try await suite.metrics(of: one) }
        let cores = Machine.coreSeconds()
        let burst = try await burst()
        let coresAfter = Machine.coreSeconds()
        guard burst.count > 0 else { throw Failure("\(service.rawValue) answered nothing") }
        var cpu: [Service: Double] = [:]
        var writes = 0.0
        var commits = 0.0
        for one in Service.allCases {
            let page = try await suite.metrics(of: one)
            cpu[one] = page.cpuSeconds - (before[one]?.cpuSeconds ?? 0)
            guard one == service else { continue }
            writes = page.writes - (before[one]?.writes ?? 0)
            commits = page.commits - (before[one]?.commits ?? 0)
        }
        let own = cpu.values.reduce(0, +)
        let others = (coresAfter.taken - cores.taken - own - burst.driverCPU) / max(coresAfter.all - cores.all, 0.01)
        let perRequest = 1e6 / Double(burst.count)
        let round = Round(
            perSecond: burst.perSecond, p50: burst.times.median, p99: burst.times[0.99],
            service: (cpu[service] ?? 0) * perRequest, suite: own * perRequest,
            driver: burst.driverCPU * perRequest, writesPerCommit: writes / commits,
            others: max(0, others))
        return (round, burst)
    }

    /// How quiet the machine was.
    static func tellOthers(_ rounds: [Round], _ key: String, in section: inout Section) {
        let others = Percentiles(rounds.map(\.others))
        section.line(
            "other programs took \(Format.fixed(others.median * 100, 0)) % of the cores meanwhile "
                + "(median; \(Format.fixed(others.largest * 100, 0)) % at worst)")
        section.value("\(key).others_share", others.median)
    }

    /// Medians over the rounds as one line of a section, and as values under `key`.
    func tell(_ name: String, _ key: String, in section: inout Section) {
        var line =
            "\(Format.left(name, 18)) \(Format.right(Format.fixed(median(\.perSecond), 0), 7))/s   "
            + "p50 \(Format.milliseconds(median(\.p50)))  p99 \(Format.milliseconds(median(\.p99)))   "
            + "CPU µs: service \(Format.fixed(median(\.service), 1)), all five \(Format.fixed(median(\.suite), 1)), "
            + "driver \(Format.fixed(median(\.driver), 1))"
        if median(\.writesPerCommit).isFinite {
            line += "   \(Format.fixed(median(\.writesPerCommit), 1)) writes a commit"
            section.value("\(key).writes_per_commit", median(\.writesPerCommit))
        }
        section.line(line)
        section.value("\(key).per_second", median(\.perSecond))
        section.value("\(key).p50_ms", median(\.p50))
        section.value("\(key).p99_ms", median(\.p99))
        section.value("\(key).cpu_us", median(\.service))
        section.value("\(key).suite_cpu_us", median(\.suite))
        section.value("\(key).driver_cpu_us", median(\.driver))
    }
}
