import Testing

@testable import TrustModel

/// docs/domain.md §3.9: however facts arrive, the state is what a replay of its log is, and that is what the plain
/// formulas say.
@Suite struct ReplayTests {
    private func expectSame(_ profile: Profile, _ answer: ReferenceModel.Answer, _ policy: Policy) {
        var score = 0.0
        for component in Component.allCases {
            let known = profile.components[component]
            #expect(near(known.opinion.positive, answer.positive[component], 1e-9))
            #expect(near(known.opinion.negative, answer.negative[component], 1e-9))
            #expect(near(known.opinion.baseRate, answer.baseRate[component], 1e-9))
            let observed = answer.positive[component] + answer.observedNegative[component]
            #expect((known.observedRate == nil) == (observed == 0))
            #expect(near(known.observedRate ?? 0, observed > 0 ? answer.positive[component] / observed : 0, 1e-9))
            score += policy[component].share * answer.projected(component)
        }
        #expect(near(profile.score, score, 1e-9))
    }

    @Test func replayEqualsThePlainFormulas() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let boastful = Int.random(in: 0..<4, using: &random) == 0
            let history = try RandomLog(
                &random, count: .random(in: 0...60, using: &random), days: boastful ? 20 : 60,
                kinds: boastful ? RandomLog.boasts : EvidenceKind.allCases, selfReports: boastful ? 0.9 : 0.1)
            let model = ReferenceModel(
                evidence: history.evidence, repairs: history.repairs, retractions: history.retractions,
                start: history.start, policy: history.policy)
            let state = try Replay.state(of: history.log, start: history.start, policy: history.policy)
            for _ in 0..<6 {
                let instant = day(.random(in: -2..<120, using: &random))
                let profile = try #require(state.profile(at: instant))
                let answer = model.answer(at: instant)
                expectSame(profile, answer, history.policy)
                #expect(
                    profile.band
                        == Band(
                            components: profile.components, interval: profile.interval,
                            hasUnrepairedBreach: answer.unrepairedBreach))
            }
        }
    }

    @Test(arguments: [0.0, 5, 60, 400]) func incrementalEqualsReplay(lateness: Double) throws {
        var random = seeded()
        var settledOnce = false
        for _ in 0..<400 {
            let boastful = Int.random(in: 0..<4, using: &random) == 0
            let history = try RandomLog(
                &random, count: 120, days: boastful ? 60 : 300,
                kinds: boastful ? RandomLog.boasts : EvidenceKind.allCases, selfReports: boastful ? 0.9 : 0.1)
            var incremental = try Incremental(start: history.start, policy: history.policy)
            for (number, fact) in history.deliveries(&random, lateness: lateness).enumerated() {
                try incremental.take(fact)
                guard number % 7 == 0 else { continue }
                let earliest = incremental.state.settledBefore ?? day(0)
                let instant = Instant(
                    microseconds: earliest.microseconds + .random(in: 0..<40_000_000_000_000, using: &random))
                let known = try #require(incremental.state.profile(at: instant))
                let replayed = try Replay.profile(
                    of: incremental.log, start: history.start, policy: history.policy, asOf: instant)
                #expect(distance(known, replayed) <= 1e-9)
                #expect(known.band == replayed.band)
            }
            settledOnce = settledOnce || incremental.state.settledBefore != nil
            // The way ends where the whole log does.
            let end = day(400)
            let replayed = try Replay.profile(
                of: history.log, start: history.start, policy: history.policy, asOf: end)
            #expect(distance(try #require(incremental.state.profile(at: end)), replayed) <= 1e-9)
        }
        #expect(settledOnce)
    }

    /// A fact every day, self-attested sessions among them.
    @Test func aLivelyPairInOrderNeedsNoReplayAndLittleMemory() throws {
        var random = seeded()
        var factory = EventFactory()
        var state = try RelationshipState(start: day(-0.4), policy: .standard)
        for number in 0..<3_000 {
            let instant = day(Double(number) + .random(in: 0..<1, using: &random))
            let kind = EvidenceKind.allCases.randomElement(using: &random)!
            let event = try factory.make(
                kind, at: instant, measure: RandomLog.measure(for: kind, &random),
                sourceClass: kind == .sessionHeld ? .selfReport : nil)
            #expect(state.append(event) == .applied)
            let events = state.open.evidence.capacity * MemoryLayout<Evidence>.stride
            #expect(MemoryLayout<RelationshipState>.size + events < 4_096)
        }
    }

    @Test func theSettledPastIsRefusedAndUntouched() throws {
        var factory = EventFactory()
        var state = try RelationshipState(start: origin, policy: .standard)
        var events: [Evidence] = []
        for number in 0..<40 {
            events.append(try factory.make(.commitmentMissed, on: Double(7 * number)))
            #expect(state.append(events[number]) == .applied)
        }
        let settledBefore = try #require(state.settledBefore)
        let before = try #require(state.profile(at: day(300)))
        #expect(state.append(events[0]) == .needsReplay)
        #expect(state.repair(Repair(evidence: events[0].id, acceptedAt: day(299))) == .needsReplay)
        #expect(state.retract(Retraction(evidence: events[0].id)) == .needsReplay)
        let successor = try factory.make(
            .commitmentKeptLate, at: day(299), measure: .daysLate(2), supersedes: events[0].id)
        #expect(state.append(successor) == .needsReplay)
        #expect(state.profile(at: day(300)) == before)
        #expect(!state.canAnswer(at: Instant(microseconds: settledBefore.microseconds - 1)))
        #expect(state.profile(at: day(1)) == nil)
        #expect(state.canAnswer(at: settledBefore))
        #expect(throws: StateError.needsReplay) { try state.explanation(from: day(1), to: day(300)) }
        #expect(throws: StateError.needsReplay) { try state.whatIf([successor], at: day(300)) }
    }

    @Test func aRepairKeepsItsEventOpen() throws {
        var factory = EventFactory()
        var log = EvidenceLog()
        for number in 0..<40 { log.insert(try factory.make(.commitmentMissed, on: Double(7 * number))) }
        let old = log.evidence[3]
        log.accept(Repair(evidence: old.id, acceptedAt: day(275)))
        let state = try RelationshipState(start: origin, policy: .standard, log: log)
        #expect(state.canAnswer(at: old.occurredAt))
        let instants = [day(274), day(275), day(280)]
        for instant in instants {
            let replayed = try Replay.profile(of: log, start: origin, policy: .standard, asOf: instant)
            #expect(distance(try #require(state.profile(at: instant)), replayed) <= 1e-9)
        }
    }

    @Test func startsOutsideTheSupportedYearsAreRefused() {
        #expect(throws: StateError.instantOutOfRange) {
            try RelationshipState(start: Instant(microseconds: 0), policy: .standard)
        }
    }

    @Test func farInstantsAreAnswered() throws {
        let state = try CaseStudy().state()
        for instant in [Int64.min, 0, Int64.max].map(Instant.init(microseconds:)) {
            let profile = try #require(state.profile(at: instant))
            #expect(near(profile.score, 0.5, 1e-9))
        }
    }
}
