import Testing

@testable import Matching

/// What a pair is worth, and what forbids it (docs/domain.md §6.1).
@Suite struct RuleTests {
    func judge(_ coachee: Participant, _ coach: Participant, _ rules: Rules = Rules()) -> (Points, Exclusions) {
        let (points, exclusions) = Pool(coachees: [coachee], coaches: [coach], rules: rules).judge(0, 0)
        return (points, exclusions)
    }

    /// Of one criterion, with the others at nothing.
    func points(_ criterion: Criterion, _ coachee: Participant, _ coach: Participant) -> Int {
        judge(coachee, coach).0[criterion]
    }

    // MARK: Scores

    @Test func topicsAndGoalsCountByTheShareThatTheCoachOffers() {
        let coachee = Participant(id: "c", topics: ["Closing", "small  talk", "closing "], goals: ["quota"])
        let coach = Participant(id: "k", topics: ["CLOSING", "prices", "pipeline"], goals: ["Quota", "promotion"])
        #expect(points(.topics, coachee, coach) == 200, "one of two: case and blanks do not count")
        #expect(points(.goals, coachee, coach) == 200)
        #expect(points(.topics, Participant(id: "c"), coach) == 0, "nothing said, nothing counted")
        let three = Participant(id: "c", topics: ["closing", "a", "b"])
        #expect(points(.topics, three, coach) == 133, "whole points, rounded down")
    }

    @Test func theFirstLanguageCountsWholeAnotherHalf() {
        let coachee = Participant(id: "c", languages: ["pt-BR", "en"])
        #expect(points(.language, coachee, Participant(id: "k", languages: ["en", "pt-PT"])) == 200)
        #expect(points(.language, coachee, Participant(id: "k", languages: ["EN-gb"])) == 100)
        #expect(judge(coachee, Participant(id: "k", languages: ["de"])).1 == .noCommonLanguage)
        #expect(judge(coachee, Participant(id: "k")) == (Points(capacity: 50), []), "unknown excludes nobody")
    }

    @Test func hoursCountByTheShareOfTheShorterDay() {
        let berlin = Hours(start: 540, length: 480, offset: 60)
        let tokyo = Hours(start: 540, length: 480, offset: 540)
        let newYork = Hours(start: 540, length: 480, offset: -300)
        let auckland = Hours(start: 540, length: 480, offset: 780)
        #expect(berlin.overlap(newYork) == 120 && newYork.overlap(berlin) == 120)
        #expect(berlin.overlap(tokyo) == 0)
        #expect(Hours(start: 0, length: 1440).overlap(auckland) == 480, "a stretch may go on behind midnight")
        #expect(newYork.overlap(auckland) == 120, "14:00 to 22:00 and 20:00 to 04:00 UTC")
        #expect(Hours(start: 60, length: 1380).overlap(Hours(start: 720, length: 1380)) == 1320)
        let coachee = Participant(id: "c", hours: berlin)
        #expect(points(.timeZone, coachee, Participant(id: "k", hours: newYork)) == 37)
        let morning = Participant(id: "k", hours: Hours(start: 540, length: 120, offset: 60))
        #expect(points(.timeZone, coachee, morning) == 150)
        let rules = Rules(minimumOverlap: 121)
        #expect(judge(coachee, Participant(id: "k", hours: newYork), rules).1 == .tooLittleOverlap)
        #expect(judge(coachee, Participant(id: "k"), rules).1.isEmpty, "unknown excludes nobody")
    }

    @Test func freePlacesCountByTheirShare() {
        #expect(points(.capacity, Participant(id: "c"), Participant(id: "k", capacity: 3, load: 1)) == 33)
        #expect(points(.capacity, Participant(id: "c"), Participant(id: "k", capacity: 3, load: 3)) == 0)
    }

    // MARK: Exclusions

    @Test func eachExclusionForbidsByItself() {
        let coach = Participant(id: "k")
        func coachee(_ change: (inout Participant) -> Void) -> Participant {
            var coachee = Participant(id: "c")
            change(&coachee)
            return coachee
        }
        let cases: [(Participant, Participant, Exclusions)] = [
            (Participant(id: "k"), coach, .samePerson),
            (coachee { $0.reportingLine = ["x", "k"] }, coach, .reportingLine),
            (coachee { $0.conflicts = ["k"] }, coach, .conflict),
            (coachee { _ in }, Participant(id: "k", conflicts: ["c"]), .conflict),
            (coachee { $0.partners = ["k"] }, coach, .paired),
            (coachee { $0.formerPartners = ["k"] }, coach, .pairedBefore),
            (coachee { $0.isActive = false }, coach, .inactiveCoachee),
            (coachee { _ in }, Participant(id: "k", isActive: false), .inactiveCoach),
            (coachee { $0.load = 1 }, coach, .fullCoachee),
            (coachee { _ in }, Participant(id: "k", capacity: 2, load: 3), .fullCoach),
        ]
        for (coachee, coach, exclusion) in cases {
            let pool = Pool(coachees: [coachee], coaches: [coach], rules: Rules())
            #expect(pool.judge(0, 0).exclusions == exclusion)
            #expect(pool.choices(of: 0).isEmpty && pool.assign().matches.isEmpty, "\(exclusion)")
        }
        let allowed = Rules(excludesReportingLine: false)
        #expect(judge(coachee { $0.reportingLine = ["k"] }, coach, allowed).1.isEmpty)
    }

    // MARK: Preferences and ties

    @Test func whomSomebodyNamesComesBeforeAnyScore() {
        let coachee = Participant(id: "c", topics: ["a"], preferences: ["dull", "gone"])
        let bright = Participant(id: "bright", topics: ["a"])
        let dull = Participant(id: "dull")
        let pool = Pool(coachees: [coachee], coaches: [bright, dull], rules: Rules())
        #expect(pool.assign().matches.map { pool.coaches[$0.coach].id } == ["dull"])
        #expect(pool.wish(of: 0, for: pool.coach("dull")!) == 1)
        #expect(pool.outcome(0, pool.coach("bright")!, matched: pool.coach("dull")) == .coacheeHasBetter)
    }

    @Test func aHigherScoreComesFirstOnBothSides() {
        let coachees = [
            Participant(id: "fits", topics: ["a"], enrolled: 9), Participant(id: "other", topics: ["b"], enrolled: 1),
        ]
        let coaches = [Participant(id: "a", topics: ["a"]), Participant(id: "none")]
        let pool = Pool(coachees: coachees, coaches: coaches, rules: Rules())
        let (fits, other) = (pool.coachee("fits")!, pool.coachee("other")!)
        let (a, none) = (pool.coach("a")!, pool.coach("none")!)
        #expect(pool.choices(of: fits) == [UInt16(a), UInt16(none)])
        #expect(pool.rank(ofCoachee: fits, for: a) < pool.rank(ofCoachee: other, for: a))
        #expect(pool.assign().coaches[fits] == a && pool.assign().coaches[other] == none)
    }

    @Test func amongEqualCoacheesTheEarlierDayComesFirstThenTheLot() {
        let coach = Participant(id: "k")
        func winner(_ days: [Int], seed: Int64) -> String {
            let coachees = days.enumerated().map { Participant(id: "c\($0)", enrolled: $1) }
            let pool = Pool(coachees: coachees, coaches: [coach], rules: Rules(seed: seed))
            return pool.coachees[pool.assign().matches[0].coachee].id
        }
        for seed in Int64(0)..<20 { #expect(winner([7, 5, 6], seed: seed) == "c1") }
        #expect(
            Set((Int64(0)..<40).map { winner([5, 5, 5], seed: $0) }) == ["c0", "c1", "c2"], "another seed, another lot")
        #expect(winner([5, 5, 5], seed: 3) == winner([5, 5, 5], seed: 3))
    }

    // MARK: Who waits

    @Test func whoWaitsHearsWhy() {
        let coachees = [Participant(id: "late", enrolled: 9), Participant(id: "early", enrolled: 1)]
        func waiting(_ coaches: [Participant], _ coachees: [Participant] = coachees) -> [String] {
            let pool = Pool(coachees: coachees, coaches: coaches, rules: Rules())
            return pool.assign().waiting.map { "\(pool.coachees[$0.coachee].id) \($0.reason)" }
        }
        #expect(waiting([]) == ["early noFreeCoach", "late noFreeCoach"])
        #expect(waiting([Participant(id: "k", isActive: false)]) == ["early noFreeCoach", "late noFreeCoach"])
        #expect(waiting([Participant(id: "k")]) == ["late placesTaken"])
        #expect(
            waiting([Participant(id: "k", conflicts: ["early", "late"])]) == ["early allExcluded", "late allExcluded"])
        #expect(waiting([Participant(id: "k")], []) == [])
        let pool = Pool(
            coachees: [Participant(id: "c", conflicts: ["k"], partners: ["k"])],
            coaches: [Participant(id: "k"), Participant(id: "l", isActive: false)], rules: Rules())
        #expect(pool.exclusions(of: 0).map(\.exclusion) == [.conflict, .paired, .inactiveCoach])
        #expect(pool.exclusions(of: 0).map(\.count) == [1, 1, 1])
    }

    // MARK: Explanations

    @Test func anExplanationNamesWhatItRestsOn() {
        let coachee = Participant(
            id: "c", topics: ["Closing", "Pitch"], goals: ["quota"], languages: ["de", "en"],
            hours: Hours(start: 540, length: 480))
        let coach = Participant(id: "k", capacity: 4, load: 1, topics: ["closing"], languages: ["en-US", "de"])
        let pool = Pool(coachees: [coachee], coaches: [coach], rules: Rules())
        let lines = pool.explain(0, 0)
        #expect(
            lines == [
                Contribution(criterion: .topics, points: 200, possible: 400, shared: ["Closing"]),
                Contribution(criterion: .goals, points: 0, possible: 200, isUnknown: true),
                Contribution(criterion: .language, points: 200, possible: 200, shared: ["de", "en"]),
                Contribution(criterion: .timeZone, points: 0, possible: 150, isUnknown: true),
                Contribution(criterion: .capacity, points: 37, possible: 50, freePlaces: 3),
            ])
        #expect(pool.judge(0, 0).points.total == 437)
    }
}
