import Testing

@testable import TrustModel

/// docs/domain.md §3.8: which lines an explanation has, and that they are exact.
@Suite struct ExplanationTests {
    /// The closed form against the defining integral along the straight path, by Simpson's rule.
    @Test func gradientsAreThePathIntegral() {
        var random = seeded()
        for _ in 0..<2_000 {
            let scale = [0.001, 0.3, 5].randomElement(using: &random)!
            let before = Opinion(
                positive: .random(in: 0...20, using: &random), negative: .random(in: 0...20, using: &random),
                baseRate: .random(in: 0.2...0.5, using: &random))
            let after = Opinion(
                positive: max(0, before.positive + .random(in: -scale...scale, using: &random)),
                negative: max(0, before.negative + .random(in: -scale...scale, using: &random)),
                baseRate: .random(in: 0.2...0.5, using: &random))
            let gradient = Gradient(from: before, to: after)
            var sums = (positive: 0.0, negative: 0.0, baseRate: 0.0)
            let steps = 200
            for step in 0...steps {
                let t = Double(step) / Double(steps)
                let alpha = before.alpha + t * (after.alpha - before.alpha)
                let total = before.total + t * (after.total - before.total)
                let weight = (step == 0 || step == steps ? 1.0 : step % 2 == 1 ? 4 : 2) / (3 * Double(steps))
                sums.positive += weight * (total - alpha) / (total * total)
                sums.negative -= weight * alpha / (total * total)
                sums.baseRate += weight * 2 / total
            }
            #expect(near(gradient.positive, sums.positive, 1e-7))
            #expect(near(gradient.negative, sums.negative, 1e-7))
            #expect(near(gradient.baseRate, sums.baseRate, 1e-7))
        }
    }

    /// Residual over states of every size, also where the growth of N is tiny and the closed form would cancel.
    @Test func attributionIsExact() {
        var random = seeded()
        for _ in 0..<20_000 {
            let before = Opinion(
                positive: .random(in: 0...50, using: &random), negative: .random(in: 0...50, using: &random),
                baseRate: .random(in: 0.2...0.5, using: &random))
            let scale = [1e-12, 1e-9, 1e-5, 0.02, 1].randomElement(using: &random)!
            let shift = Double.random(in: -scale...scale, using: &random)
            let moved = min(before.negative, Double.random(in: 0...10, using: &random))
            let after = Opinion(
                positive: max(0, before.positive + moved + shift), negative: before.negative - moved,
                baseRate: .random(in: 0.2...0.5, using: &random))
            let gradient = Gradient(from: before, to: after)
            let sum =
                (after.positive - before.positive) * gradient.positive
                + (after.negative - before.negative) * gradient.negative
                + (after.baseRate - before.baseRate) * gradient.baseRate
            #expect(near(sum, after.projected - before.projected, 1e-14))
        }
    }

    private func explanation(
        _ events: [Evidence], repairs: [Repair] = [], from: Double, to: Double
    ) throws -> Explanation {
        let log = EvidenceLog(evidence: events, repairs: repairs)
        let explanation = try Replay.state(of: log, start: origin, policy: .standard)
            .explanation(from: day(from), to: day(to))
        #expect(near(explanation.sum, explanation.change, 1e-12))
        return explanation
    }

    @Test func aFullBucketIsALineOfItsOwn() throws {
        var factory = EventFactory()
        let events = try (0..<4).map { try factory.make(.commitmentKept, on: 3 + Double($0) / 8) }
        let lines = try explanation(events, from: 3.2, to: 3.5).lines
        let bucket = Explanation.Cause.bucket(
            .commitmentKept, sourceID: "people/coach", day: Int64(origin.days(since: Instant(microseconds: 0))) + 3)
        #expect(lines.filter { $0.cause == bucket && $0.contribution < 0 }.count == 1)
        #expect(Set(lines.compactMap(\.cause.evidence)) == [events[2].id, events[3].id])
    }

    @Test func aSupersededEventIsWithdrawnAndItsSuccessorNew() throws {
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 10)
        let late = try factory.make(.commitmentKeptLate, at: day(13), measure: .daysLate(2), supersedes: missed.id)
        let lines = try explanation([missed, late], from: 12, to: 13).lines
        #expect(lines.contains { $0.cause == .withdrawn(missed.id, .commitmentMissed) && $0.contribution > 0 })
        #expect(lines.contains { $0.cause == .evidence(late.id, .commitmentKeptLate) })
    }

    @Test func aWithdrawnBreachEasesTheNext() throws {
        var factory = EventFactory()
        let first = try factory.make(.sessionTrusteeNoShow, on: 10)
        let second = try factory.make(.sessionTrusteeNoShow, on: 20)
        let voided = try factory.make(.sessionHeld, at: day(30), supersedes: first.id)
        let lines = try explanation([first, second, voided], from: 29, to: 30).lines
        let easier = Explanation.Cause.reescalation(second.id, .sessionTrusteeNoShow)
        #expect(lines.contains { $0.cause == easier && $0.contribution > 0 })
        // A repair of the same event at the same time has its own line, and the sum still holds.
        let repair = Repair(evidence: second.id, acceptedAt: day(30))
        let both = try explanation([first, second, voided], repairs: [repair], from: 29, to: 30).lines
        #expect(both.contains { $0.cause == easier && $0.contribution > 0 })
        #expect(both.contains { $0.cause == .repair(second.id, .sessionTrusteeNoShow) && $0.contribution > 0 })
    }

    @Test func aScarIsALineOfItsOwn() throws {
        var factory = EventFactory()
        let breach = try factory.make(.confidentialityBreachConfirmed, on: 10)
        let lines = try explanation([breach], from: 9, to: 10).lines
        #expect(lines.contains { $0.cause == .baseRate && $0.component == .integrity && $0.contribution < 0 })
    }

    @Test func anotherPolicyIsOneLinePerComponent() throws {
        var random = seeded()
        for _ in 0..<2_000 {
            let history = try RandomLog(&random, count: 40, days: 60)
            let first = try Replay.state(of: history.log, start: history.start, policy: .standard)
            let second = try Replay.state(of: history.log, start: history.start, policy: history.policy)
            let explanation = try Explanation.between(first, at: day(30), second, at: day(60))
            #expect(near(explanation.sum, explanation.change, 1e-12))
            let changed = explanation.lines.filter { $0.cause == .policy }.map(\.component)
            #expect(Set(changed).count == changed.count)
            let still = try Explanation.between(first, at: day(60), second, at: day(60))
            #expect(still.lines.allSatisfy { $0.cause == .policy })
            #expect(still.lines.isEmpty == (still.change == 0))
            #expect(near(still.sum, still.change, 1e-12))
        }
    }

    @Test func settledStatesExplainTheirOpenPast() throws {
        var random = seeded()
        for _ in 0..<1_000 {
            let history = try RandomLog(&random, count: 100)
            let state = try RelationshipState(start: history.start, policy: history.policy, log: history.log)
            let from = state.settledBefore ?? day(0)
            let explanation = try state.explanation(from: from, to: day(310))
            let replayed = try Replay.state(of: history.log, start: history.start, policy: history.policy)
                .explanation(from: from, to: day(310))
            #expect(near(explanation.sum, explanation.change, 1e-12))
            #expect(
                Set(explanation.lines.compactMap(\.cause.evidence)) == Set(replayed.lines.compactMap(\.cause.evidence)))
        }
    }

    @Test func refusals() throws {
        let state = try CaseStudy().state()
        #expect(throws: StateError.instantsReversed) { try state.explanation(from: day(2), to: day(1)) }
        let settled = try RelationshipState(start: origin, policy: .standard, log: try CaseStudy().log)
        #expect(throws: StateError.needsReplay) { try Explanation.between(settled, at: day(87), state, at: day(87)) }
    }

    @Test func atMostFiftyHypotheses() throws {
        var factory = EventFactory()
        let hypotheses = try (0..<51).map { _ in try factory.make(.commitmentKept, on: 1) }
        let state = try RelationshipState(start: origin, policy: .standard)
        #expect(throws: StateError.tooManyHypotheses) { try state.whatIf(hypotheses, at: day(1)) }
        let answer = try state.whatIf(Array(hypotheses.dropLast()), at: day(1))
        #expect(near(answer.profile.components.reliability.opinion.positive, 2, 1e-12))
        #expect(state.profile(at: day(1))?.components.reliability.opinion.positive == 0)
    }
}
