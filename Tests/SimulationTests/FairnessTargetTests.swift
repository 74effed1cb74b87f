import Glibc
import Simulation
import Testing
import TrustModel

@Suite("How often unfair treatment is noticed, and how often by chance (docs/domain.md §4.4)")
struct FairnessTargetTests {
    /// 60 to 240 coachees in two groups, of which one is more often in the stratum that gets .8 less.
    private func comparison(_ dice: inout Dice, count: Int, difference: Double) -> GroupComparison {
        let units = (0..<count).map { _ in
            let group = dice.happens(0.5) ? 1 : 0
            let stratum = dice.happens(group == 0 ? 0.35 : 0.65) ? 1 : 0
            let value = dice.normal() - 0.8 * Double(stratum) + (group == 0 ? difference : 0)
            return GroupComparison.Unit(group: group, stratum: stratum, value: value)
        }
        return GroupComparison(measure: units, draws: 499)
    }

    @Test("Within strata chance calls at most 6 in 100, and d = .4 is found in 3 of 4 runs of 240")
    func programmes() {
        var dice = Dice(seed: 20_261)
        let runs = 400
        let chance = (0..<runs).count { _ in comparison(&dice, count: 240, difference: 0).stratifiedP <= 0.05 }
        let crude = (0..<runs).count { _ in comparison(&dice, count: 240, difference: 0).crudeP <= 0.05 }
        let found = (0..<runs).count { _ in comparison(&dice, count: 240, difference: 0.4).stratifiedP <= 0.05 }
        print("of \(runs): by chance \(chance) within strata, \(crude) without; found \(found)")
        // Two standard errors above .06 and below .75.
        #expect(Double(chance) / Double(runs) <= 0.06 + 0.024)
        #expect(Double(found) / Double(runs) >= 0.75 - 0.044)
        #expect(crude > 3 * chance)
    }

    /// Six coachees with 16 answers each, whose logarithms have a standard deviation of .8.
    @Test(
        "A coachee who waits three times as long is found in most runs; even treatment is called in less than 3 of 100")
    func favouritism() {
        var dice = Dice(seed: 20_262)
        func events(_ slow: Double) -> [Favouritism.Event] {
            var events: [Favouritism.Event] = []
            for coachee in 0..<6 {
                let factor = coachee == 0 ? slow : 1
                for number in 0..<16 {
                    events.append(.init(coachee: coachee, type: number % 2, value: exp(0.8 * dice.normal()) * factor))
                }
            }
            return events
        }
        func share(_ slow: Double) -> Double {
            let runs = 200
            let found = (0..<runs).count { _ in
                if case .uneven = Favouritism(events(slow), draws: 999).verdict { true } else { false }
            }
            return Double(found) / Double(runs)
        }
        let (twice, thrice, even) = (share(2), share(3), share(1))
        print("found: twice as slow \(twice), three times \(thrice); even treatment called \(even)")
        #expect(thrice >= 0.8)
        #expect(twice >= 0.3)
        #expect(even <= 0.03)
    }
}
