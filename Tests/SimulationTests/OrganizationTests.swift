import Simulation
import Testing
import TrustModel

@Suite("Synthetic organisations (docs/domain.md §8.2) and how detectors are judged on them (§4.6)")
struct OrganizationTests {
    static let start = Instant(microseconds: 1_704_067_200_000_000)

    static func evaluate(_ parameters: Parameters) throws -> [Planting.Kind: Evaluation] {
        let organization = Organization(parameters)
        var evaluations = Dictionary(uniqueKeysWithValues: Planting.Kind.allCases.map { ($0, Evaluation(of: $0)) })
        for number in 0..<organization.pairCount {
            let pair = organization.pair(number)
            let alarms = try Ledger(Diary(of: pair), from: start).alarms(acknowledging: true)
            for kind in Planting.Kind.allCases {
                evaluations[kind]?.take(pair.plantings, weeks: Double(pair.weeks), alarms)
            }
        }
        return evaluations
    }

    @Test("The same seed gives the same acts; another seed gives others; any pair can be made alone")
    func determinism() {
        var parameters = Parameters()
        parameters.seed = 7
        let (one, two) = (Organization(parameters), Organization(parameters))
        let diaries = (0..<20).map { Diary(of: one.pair($0)).acts }
        #expect(Diary(of: two.pair(13)).acts == diaries[13])
        #expect(Set(diaries).count == 20)
        parameters.seed = 8
        let other = Organization(parameters)
        #expect(Diary(of: other.pair(13)).acts != diaries[13])
    }

    @Test("Acts are in the order of time, and refer to what was there before", arguments: [Parameters(), .targets])
    func order(parameters: Parameters) {
        let organization = Organization(parameters)
        for number in 0..<1000 {
            let acts = Diary(of: organization.pair(number)).acts
            #expect(zip(acts, acts.dropFirst()).allSatisfy { $0.day <= $1.day })
            var known: Set<Int> = []
            for act in acts {
                switch act.kind {
                case .plan(let number, _), .promise(let number, _, _), .note(let number): known.insert(number)
                case .held(let number), .absent(let number, _), .calledOff(let number, _), .moved(let number, _),
                    .kept(let number), .renegotiated(let number, _), .silentChange(let number):
                    if !known.contains(number) { Issue.record("\(act)") }
                default: break
                }
            }
        }
    }

    @Test("Coaches have 1 to 12 coachees, about three in the mean")
    func coaches() {
        var parameters = Parameters()
        parameters.pairs = 3000
        let organization = Organization(parameters)
        let sizes = Dictionary(grouping: 0..<3000, by: organization.coach).values.map(\.count)
        #expect(sizes.allSatisfy { (1...12).contains($0) })
        #expect((2.6...3.4).contains(3000 / Double(sizes.count)))
    }

    @Test("What is planted is found as often as it should be", arguments: [20_261, 20_262, 20_263] as [UInt64])
    func targets(seed: UInt64) throws {
        var parameters = Parameters.targets
        parameters.seed = seed
        parameters.pairs = 4500
        let evaluations = try Self.evaluate(parameters)
        for kind in [Planting.Kind.inconsistency, .criticism, .opacity] {
            let evaluation = try #require(evaluations[kind])
            print("\(kind), seed \(seed): \(evaluation.summary)")
            let target = Target(of: kind)
            #expect(evaluation.recall.trials >= 500)
            #expect(evaluation.recall.holds(target.recall))
            if let early = target.earlyRecall { #expect(evaluation.earlyRecall.holds(early)) }
            if let precision = target.precision { #expect(evaluation.precision.holds(precision)) }
            #expect(try #require(evaluation.chancePerYear) <= target.chancePerYear)
        }
    }

    @Test(
        "An organisation in which nothing is planted keeps to the budget of chance alarms: a quarter a year for all three"
    )
    func budget() throws {
        var parameters = Parameters()
        parameters.plantNothing()
        parameters.pairs = 4000
        let evaluations = try Self.evaluate(parameters)
        let total = [Planting.Kind.inconsistency, .criticism, .opacity]
            .compactMap { evaluations[$0]?.chancePerYear }.reduce(0, +)
        print("chance alarms a year: \(total)")
        #expect(total <= 0.25)
    }

    @Test("Wilson's interval is the published one")
    func wilson() throws {
        // Newcombe 1998, table 1, method 3.
        for (count, trials, low, high) in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)] {
            let interval = try #require(Proportion(count, of: trials).interval)
            #expect(abs(interval.lowerBound - low) < 6e-5 && abs(interval.upperBound - high) < 6e-5)
        }
        #expect(Proportion(0, of: 0).interval == nil)
    }
}

extension Evaluation {
    var summary: String {
        func text(_ value: Double?) -> String { value.map { "\(($0 * 1000).rounded() / 1000)" } ?? "-" }
        return "planted \(recall.trials), recall \(text(recall.value)), in 12 weeks \(text(earlyRecall.value)), "
            + "median \(text(medianDelay)) weeks, precision \(text(precision.value)), chance \(text(chancePerYear)) a year"
    }
}
