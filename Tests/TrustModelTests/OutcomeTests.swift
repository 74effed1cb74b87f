import Testing

@testable import TrustModel

/// docs/domain.md §3.12 and rule 31: what trust leads to.
@Suite struct OutcomeTests {
    private func item(_ value: Double, on number: Double, _ reference: String = "") -> OutcomeItem {
        OutcomeItem(value: value, occurredAt: day(number), reference: reference)
    }

    private func hours(_ number: Double) -> Int64 { Int64(number * 3_600_000_000) }

    private var openness: OutcomeFacts {
        var facts = OutcomeFacts()
        facts.items[.raised] = [1.0, 1, 0, 1, 1, 1, 0, 1].enumerated().map { item($1, on: Double(7 * $0)) }
        facts.items[.safety] = [(14.0, 4.0), (28, 4), (42, 5)].map { item(($1 - 1) / 4, on: $0) }
        return facts
    }

    @Test func g26Openness() throws {
        let value = openness.value(of: .openness, at: day(49))
        #expect(near(try #require(value.parts[0].value), 0.681536))
        #expect(near(try #require(value.parts[1].value), 0.688408))
        #expect(near(try #require(value.value), 0.684972))
        #expect(value.count == 11)
        let interval = try #require(value.interval)
        #expect(interval.lower < 0.684972 && interval.upper > 0.684972)
    }

    @Test func g27TheMedianKnowsOfThoseThatWait() throws {
        let answered = [2.0, 5, 9, 20, 30].map { KaplanMeier.Waiting(duration: hours($0), isAnswered: true) }
        let waiting = [72.0, 72].map { KaplanMeier.Waiting(duration: hours($0), isAnswered: false) }
        let curve = KaplanMeier(answered + waiting)
        #expect(curve.median == hours(20))
        #expect(near(try #require(curve.answered(within: hours(72))), 5.0 / 7, 1e-12))
        #expect(near(try #require(curve.answered(within: hours(8))), 2.0 / 7, 1e-12))
        // Greenwood: of uncensored data it is the binomial variance.
        #expect(near(curve.variance(within: hours(72)), 5.0 / 7 * (2.0 / 7) / 7, 1e-12))
        #expect(KaplanMeier(waiting).median == nil)
        #expect(KaplanMeier([]).answered(within: hours(72)) == nil)
    }

    /// Textbook example: 6-MP arm of Freireich et al. 1963, S(10) = 0.752941, standard error 0.0963.
    @Test func remissionTimesOfTheTextbook() throws {
        let relapsed: [Double] = [6, 6, 6, 7, 10, 13, 16, 22, 23]
        let censored: [Double] = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
        let curve = KaplanMeier(
            relapsed.map { KaplanMeier.Waiting(duration: Int64($0), isAnswered: true) }
                + censored.map { KaplanMeier.Waiting(duration: Int64($0), isAnswered: false) })
        #expect(near(1 - (try #require(curve.answered(within: 10))), 0.752941, 1e-6))
        #expect(near(curve.variance(within: 10).squareRoot(), 0.0963, 5e-5))
        #expect(near(1 - (try #require(curve.answered(within: 23))), 0.448179, 1e-6))
        #expect(curve.median == 23)
    }

    @Test func whereEverythingIsAnsweredFewItemsStillLeaveDoubt() throws {
        var facts = OutcomeFacts()
        facts.questions[.acknowledged] = [0.0, 1].map { .init(askedAt: day($0), answeredAt: day($0 + 1)) }
        let value = facts.value(of: .responsiveness, at: day(10))
        #expect(value.value == 1)
        #expect(value.count == 2)
        let interval = try #require(value.interval)
        #expect(interval.lower < 0.6 && interval.upper <= 1)
    }

    @Test func oneHalfEachOfAcknowledgedAndActedOn() throws {
        var facts = OutcomeFacts()
        let asked = (0..<4).map { day(Double($0)) }
        facts.questions[.acknowledged] = asked.map { .init(askedAt: $0, answeredAt: $0.advanced(byDays: 1)) }
        facts.questions[.acted] = asked.enumerated().map { index, asked in
            .init(askedAt: asked, answeredAt: index < 2 ? asked.advanced(byDays: 10) : nil)
        }
        let value = facts.value(of: .responsiveness, at: day(60))
        #expect(near(try #require(value.value), 0.75, 1e-12))
        // On day 9 no action had come: all are censored, none is late.
        #expect(near(try #require(facts.value(of: .responsiveness, at: day(9)).value), 0.5, 1e-12))
        // After 120 days nothing is left to look at.
        #expect(facts.value(of: .responsiveness, at: day(200)).value == nil)
    }

    /// The available part where the other has fewer than 3 items; both where both have (docs/domain.md rule 31).
    @Test func aPartWithFewItemsStepsBack() throws {
        var facts = openness
        facts.items[.safety] = [item(0, on: 40), item(0, on: 42)]
        let one = facts.value(of: .openness, at: day(49))
        #expect(one.value == one.parts[0].value)
        #expect(one.parts.map(\.weight) == [1, 0] && one.count == 8)
        facts.items[.raised] = [item(1, on: 42), item(1, on: 49)]
        let both = facts.value(of: .openness, at: day(49))
        let parts = both.parts.compactMap(\.value)
        #expect(near(try #require(both.value), (parts[0] + parts[1]) / 2, 1e-12))
        #expect(OutcomeFacts().value(of: .openness, at: day(49)).value == nil)
        #expect(OutcomeFacts().value(of: .openness, at: day(49)).interval == nil)
    }

    /// Renegotiating an hour before due is no miss, and it and its result both count (S18, docs/domain.md rule 31).
    @Test func accountabilityOfOwnPromises() throws {
        var facts = OutcomeFacts()
        facts.items[.keptWord] = [
            item(1, on: 10), item(0.7, on: 10),
            // Missed, then kept two days late.
            OutcomeItem(value: 0, occurredAt: day(10), supersededAt: day(11), reference: "c"),
            OutcomeItem(value: 0.6, occurredAt: day(11), reference: "c"),
        ]
        let missed = facts.value(of: .accountability, at: day(10))
        #expect(near(try #require(missed.value), (1.7 + 1) / 5, 1e-12))
        #expect(missed.count == 3)
        let late = facts.value(of: .accountability, at: day(11))
        #expect(late.count == 3)
        let fade = DecayingSum.decay(days: 1, halfLife: 60)
        #expect(near(try #require(late.value), (1.7 * fade + 0.6 + 1) / (2 * fade + 1 + 2), 1e-12))
        // One part alone: its own posterior.
        let posterior = Opinion(positive: 1.7, negative: 1.3).interval
        #expect(near(try #require(missed.interval).lower, posterior.lower, 1e-9))
        #expect(near(try #require(missed.interval).upper, posterior.upper, 1e-9))
    }

    /// A session that may still turn out to have raised something is not held against anybody.
    @Test func whatCannotBeToldYetDoesNotCount() {
        var facts = OutcomeFacts()
        facts.items[.raised] = [OutcomeItem(value: 0, occurredAt: day(7), knownFrom: day(8), reference: "s")]
        #expect(facts.value(of: .openness, at: day(7.9)).value == nil)
        #expect(facts.value(of: .openness, at: day(8)).count == 1)
    }

    @Test func theLinesOfAChangeAddUp() throws {
        var random = seeded()
        for _ in 0..<2_000 {
            var facts = OutcomeFacts()
            for part in OutcomePart.allCases {
                let count = Int.random(in: 0...8, using: &random)
                if part.horizon != nil {
                    facts.questions[part] = (0..<count).map { _ in
                        let asked = day(.random(in: 0..<150, using: &random))
                        let answered = Bool.random(using: &random)
                        return .init(
                            askedAt: asked,
                            answeredAt: answered ? asked.advanced(byDays: .random(in: 0..<20, using: &random)) : nil)
                    }
                } else {
                    facts.items[part] = (0..<count).map { number in
                        let at = Double.random(in: 0..<150, using: &random)
                        return OutcomeItem(
                            value: .random(in: 0...1, using: &random), occurredAt: day(at),
                            knownFrom: Bool.random(using: &random) ? day(at + 1) : nil,
                            supersededAt: Int.random(in: 0..<4, using: &random) == 0 ? day(at + 30) : nil,
                            reference: "\(part) \(number)")
                    }
                }
            }
            let to = day(.random(in: 60..<180, using: &random))
            for kind in OutcomeKind.allCases {
                let from = to.advanced(byDays: -28)
                let values = (facts.value(of: kind, at: from).value, facts.value(of: kind, at: to).value)
                guard let change = facts.change(of: kind, from: from, to: to) else {
                    #expect(values.0 == nil || values.1 == nil)
                    continue
                }
                #expect(change.before == values.0 && change.after == values.1)
                for lines in [change.lines, change.foldingRatings().lines] {
                    #expect(near(lines.reduce(0) { $0 + $1.contribution }, change.change, 1e-12))
                }
            }
        }
    }

    @Test func ratingsAreOneLineForTheTrustee() throws {
        let change = try #require(openness.change(of: .openness, from: day(21), to: day(49))).foldingRatings()
        let ratings = change.lines.filter { $0.part == .safety && $0.cause != .partWeight }
        #expect(ratings.map(\.cause) == [.ratings])
    }

    @Test func g28BurstsAndEvenRhythm() throws {
        func burstiness(_ intervals: Double...) throws -> Double { try #require(Rhythm.burstiness(of: intervals)) }
        #expect(near(try burstiness(7, 7, 7, 7, 7, 7, 7, 7), -1, 1e-12))
        #expect(near(try burstiness(7, 8, 6, 7, 14, 7, 7, 7), -0.591718))
        #expect(near(try burstiness(1, 20, 2, 25, 1, 3, 30, 2), 0.172631))
        #expect(Rhythm.burstiness(of: [7, 7, 7, 7, 7, 7, 7]) == nil)
    }

    @Test func reciprocityNeedsSixContacts() {
        #expect(Rhythm.reciprocity(3, 3) == 1)
        #expect(Rhythm.reciprocity(6, 0) == 0)
        #expect(Rhythm.reciprocity(4, 2) == 1 - 2.0 / 6)
        #expect(Rhythm.reciprocity(3, 2) == nil)
    }
}
