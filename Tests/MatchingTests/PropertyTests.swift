import Testing

@testable import Matching

/// What holds of every assignment, tried on random pools. A failure prints the seed that shows it again.
@Suite struct PropertyTests {
    static let seeds = (0..<60).map { _ in UInt64.random(in: .min ... .max) }

    func pool(
        _ seed: UInt64, _ change: (inout Random, inout [Participant], inout [Participant]) -> Void = { _, _, _ in }
    )
        -> Pool
    {
        var random = Random(seed)
        let size = (Int.random(in: 0...40, using: &random), Int.random(in: 0...25, using: &random))
        var (coachees, coaches) = People.random(coachees: size.0, coaches: size.1, &random)
        change(&random, &coachees, &coaches)
        return Pool(coachees: coachees, coaches: coaches, rules: Rules(minimumOverlap: 120, seed: 5))
    }

    func pairs(_ pool: Pool, _ assignment: Assignment) -> Set<[String]> {
        Set(assignment.matches.map { [pool.coachees[$0.coachee].id, pool.coaches[$0.coach].id] })
    }

    @Test(arguments: seeds) func nobodyIsLostAndNoPlaceIsGivenTwice(seed: UInt64) {
        let pool = pool(seed)
        let assignment = pool.assign()
        let fates =
            assignment.matches.map(\.coachee) + assignment.waiting.map(\.coachee) + assignment.leftOut
        #expect(fates.sorted() == Array(pool.coachees.indices), "seed \(seed)")
        for (coach, taken) in assignment.taken.enumerated() {
            #expect(taken <= pool.coaches[coach].free, "seed \(seed)")
            #expect(taken == assignment.coaches.count { $0 == coach }, "seed \(seed)")
        }
        for match in assignment.matches {
            #expect(pool.judge(match.coachee, match.coach).exclusions.isEmpty, "seed \(seed)")
        }
        for coachee in assignment.leftOut {
            #expect(!pool.coachees[coachee].isActive || pool.coachees[coachee].free == 0, "seed \(seed)")
        }
    }

    @Test(arguments: seeds) func noTwoWouldRatherHaveEachOther(seed: UInt64) {
        let pool = pool(seed)
        let assignment = pool.assign()
        for coachee in pool.coachees.indices {
            for coach in pool.coaches.indices where pool.judge(coachee, coach).exclusions.isEmpty {
                let got = assignment.coaches[coachee]
                guard got.map({ pool.rank(of: coach, for: coachee) < pool.rank(of: $0, for: coachee) }) ?? true else {
                    continue
                }
                let held = assignment.matches.filter { $0.coach == coach }.map(\.coachee)
                let isFull = held.count == pool.coaches[coach].free
                let prefers = held.contains {
                    pool.rank(ofCoachee: $0, for: coach) > pool.rank(ofCoachee: coachee, for: coach)
                }
                #expect(isFull && !prefers, "seed \(seed): coachee \(coachee), coach \(coach)")
                #expect(pool.outcome(coachee, coach, matched: got) == .coachHasBetter, "seed \(seed)")
            }
        }
    }

    @Test(arguments: seeds) func everyCoacheeGetsTheBestOfAllStableAssignments(seed: UInt64) {
        var random = Random(seed)
        let coachees = (0..<Int.random(in: 1...5, using: &random)).map { "c\($0)" }
        let coaches = (0..<Int.random(in: 1...4, using: &random)).map { "k\($0)" }
        let instance = Instance(
            coachees: coachees.map { ($0, random.some(coaches, upTo: coaches.count)) },
            coaches: coaches.map { ($0, Int.random(in: 0...2, using: &random), coachees.shuffled(using: &random)) })
        let assigned = DeferredAcceptance.assign(
            choices: instance.choices, places: instance.coaches.map(\.places), rank: instance.rank)
        let stable = instance.stable
        #expect(stable.contains(assigned), "seed \(seed)")
        for coachee in coachees.indices {
            let place = { (coach: Int?) in coach.flatMap { instance.choices[coachee].firstIndex(of: UInt16($0)) } ?? 99
            }
            #expect(stable.allSatisfy { place(assigned[coachee]) <= place($0[coachee]) }, "seed \(seed)")
            // The rural hospitals theorem (Roth 1986): who stays alone does so in every stable assignment.
            #expect(stable.allSatisfy { ($0[coachee] == nil) == (assigned[coachee] == nil) }, "seed \(seed)")
        }
    }

    @Test(arguments: seeds) func theOrderOfTheInputDoesNotMatter(seed: UInt64) {
        let one = pool(seed)
        let other = pool(seed) { random, coachees, coaches in
            coachees.shuffle(using: &random)
            coaches.shuffle(using: &random)
            for index in coachees.indices {
                coachees[index].conflicts.reverse()
                coachees[index].topics.reverse()
            }
        }
        let (first, second) = (one.assign(), other.assign())
        #expect(pairs(one, first) == pairs(other, second), "seed \(seed)")
        #expect(
            first.waiting.map { one.coachees[$0.coachee].id } == second.waiting.map { other.coachees[$0.coachee].id },
            "seed \(seed)")
    }

    /// Where no two ranks are alike the lots decide nothing, so other ids give the same pairs.
    @Test(arguments: seeds) func otherNamesGiveTheSamePairsWhereNobodyTies(seed: UInt64) {
        var random = Random(seed)
        let names = (0..<12).map { "c\($0)" }
        let coaches = (0..<5).map { "k\($0)" }
        // Everybody names everybody: all ranks differ by their wishes.
        let people = names.map { Participant(id: $0, preferences: coaches.shuffled(using: &random)) }
        let places = coaches.map {
            Participant(
                id: $0, capacity: Int.random(in: 1...3, using: &random), preferences: names.shuffled(using: &random))
        }
        let renamed = { (id: String) in "person-\(id.reversed().map(String.init).joined())" }
        func rename(_ participant: Participant) -> Participant {
            var participant = participant
            participant.id = renamed(participant.id)
            participant.preferences = participant.preferences.map(renamed)
            return participant
        }
        let one = Pool(coachees: people, coaches: places, rules: Rules())
        let other = Pool(coachees: people.map(rename), coaches: places.map(rename), rules: Rules(seed: 9))
        #expect(
            Set(pairs(one, one.assign()).map { $0.map(renamed) }) == pairs(other, other.assign()), "seed \(seed)")
    }

    @Test(arguments: seeds) func whatContributesAddsUpToTheScore(seed: UInt64) {
        let pool = pool(seed)
        for coachee in pool.coachees.indices {
            for coach in pool.coaches.indices {
                let lines = pool.explain(coachee, coach)
                let (points, _) = pool.judge(coachee, coach)
                #expect(lines.map(\.criterion) == Criterion.allCases)
                #expect(lines.reduce(0) { $0 + $1.points } == points.total, "seed \(seed)")
                for line in lines {
                    #expect((0...line.possible).contains(line.points), "seed \(seed)")
                    #expect(!line.isUnknown || line.points == 0, "seed \(seed)")
                }
            }
        }
    }
}
