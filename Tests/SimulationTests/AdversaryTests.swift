import Simulation
import Testing
import TrustModel

@Suite("Those who play against the score (docs/domain.md §4.6, 7)")
struct AdversaryTests {
    private static let start = OrganizationTests.start

    private static func day(_ day: Double) -> Instant {
        Instant(microseconds: start.microseconds + Int64((day * 86_400e6).rounded()))
    }

    /// What a person leaves who keeps to one plan for a year.
    private struct Plan {
        private(set) var events: [Evidence] = []

        mutating func act(_ kind: EvidenceKind, _ days: Double, _ measure: Measure = .none, isTrivial: Bool = false)
            throws
        {
            let instant = day(days)
            events.append(
                try Evidence.make(
                    kind, id: EventID(high: 7, low: UInt64(events.count) + 1), measure: measure, isTrivial: isTrivial,
                    sourceID: kind.isPulse ? "people/coachee" : "people/coach", occurredAt: instant, recordedAt: instant
                ))
        }

        func profile(_ days: Double) throws -> Profile {
            try Replay.profile(of: EvidenceLog(evidence: events), start: start, policy: .standard, asOf: day(days))
        }
    }

    /// The year's last profile of each pair of an organisation in which nothing is planted.
    private func honest() throws -> [Profile] {
        var parameters = Parameters.targets
        parameters.seed = 20_267
        parameters.pairs = 200
        parameters.plantNothing()
        let organization = Organization(parameters)
        return try (0..<organization.pairCount).map { number in
            let ledger = try Ledger(Diary(of: organization.pair(number)), from: Self.start)
            let evidence = ledger.facts.compactMap { if case .evidence(let evidence) = $0 { evidence } else { nil } }
            return try Replay.profile(
                of: EvidenceLog(evidence: evidence), start: Self.start, policy: .standard, asOf: Self.day(364))
        }
    }

    @Test("Who keeps five small promises and then breaks one, again and again, is below nine of ten honest ones")
    func conMan() throws {
        var plan = Plan()
        for week in 0..<52 {
            let day = Double(7 * week) + 3
            try plan.act(.sessionHeld, day - 1)
            try plan.act(week % 6 == 5 ? .commitmentAbandoned : .commitmentKept, day, isTrivial: week % 6 != 5)
        }
        let reliability = try plan.profile(364).components[.reliability].opinion.projected
        let others = try honest().map { $0.components[.reliability].opinion.projected }.sorted()
        #expect(reliability < others[others.count / 10], "\(reliability) against \(others[others.count / 10])")
    }

    @Test("A hundred words of praise in a day move the score no further than one day may")
    func praiseFlood() throws {
        var quiet = Plan()
        for week in 0..<10 { try quiet.act(.sessionHeld, Double(7 * week) + 1) }
        var (some, flood) = (quiet, quiet)
        for number in 0..<4 { try some.act(.recognitionGiven, 70 + Double(number) / 200) }
        for number in 0..<100 { try flood.act(.recognitionGiven, 70 + Double(number) / 200) }
        let (before, few, many) = try (quiet.profile(71), some.profile(71), flood.profile(71))
        #expect(few.score > before.score)
        #expect(many.score - before.score <= 2 * (few.score - before.score))
    }

    @Test("Two who praise each other every day have one pair's voice among ten, and no more")
    func collusion() throws {
        var plan = Plan()
        for number in 0..<364 {
            for (place, kind) in [EvidenceKind.pulseDependable, .pulseHonest, .pulseUseful, .pulseUnderstood]
                .enumerated()
            {
                if number % 7 == 0 { try plan.act(kind, Double(number) + Double(place) / 10, .pulse(5)) }
            }
            try plan.act(.commitmentKept, Double(number) + 0.5)
            try plan.act(.recognitionGiven, Double(number) + 0.6)
        }
        func reading(_ profile: Profile, of coach: UInt64) -> CohortReading {
            var reading = CohortReading(coach: coach)
            reading.trust = .init(profile)
            return reading
        }
        let others = try honest().prefix(9).enumerated().map { reading($1, of: UInt64($0)) }
        let colluding = reading(try plan.profile(364), of: 99)
        let without = try #require(CohortFigure(.trustLevel, of: others)?.value)
        let with = try #require(CohortFigure(.trustLevel, of: others + [colluding])?.value)
        let theirs = try #require(colluding.trust)
        let weights = others.compactMap(\.trust).map(\.weight).reduce(0, +)
        #expect(theirs.score > without, "they look better than they are")
        #expect(with - without <= (theirs.score - without) * theirs.weight / (weights + theirs.weight) + 0.01)
        #expect(theirs.weight <= CohortReading.Trust.maximumWeight)
    }
}
