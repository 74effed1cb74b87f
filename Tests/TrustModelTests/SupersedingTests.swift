import Testing

@testable import TrustModel

/// Which events count at an instant, and which repair they carry.
@Suite struct SupersedingTests {
    private func reliability(_ log: EvidenceLog, at days: Double) throws -> Opinion {
        try Replay.profile(of: log, start: origin, policy: .standard, asOf: day(days)).components.reliability.opinion
    }

    @Test func anEventCountsUntilItsSuccessorOccurs() throws {
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 10)
        let late = try factory.make(.commitmentKeptLate, at: day(13), measure: .daysLate(4), supersedes: missed.id)
        let log = EvidenceLog(evidence: [late, missed])
        #expect(try reliability(log, at: 9.9).mass == 0)
        #expect(try reliability(log, at: 10).negative == 1.5)
        #expect(near(try reliability(log, at: 13).positive, 0.4, 1e-12))
        #expect(near(try reliability(log, at: 13).negative, 0.9, 1e-12))
    }

    @Test func aConfirmationReplacesTheClaimAtTheSameInstant() throws {
        var factory = EventFactory()
        let claim = try factory.make(.commitmentKept, at: day(5), sourceClass: .unconfirmed)
        let confirmed = try factory.make(.commitmentKept, at: day(5), supersedes: claim.id)
        #expect(try reliability(EvidenceLog(evidence: [claim]), at: 5).positive == 0.5)
        #expect(try reliability(EvidenceLog(evidence: [claim, confirmed]), at: 5).positive == 1)
    }

    @Test func aRetractedEventSupersedesNothing() throws {
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 10)
        let abandoned = try factory.make(.commitmentAbandoned, at: day(17), supersedes: missed.id)
        let log = EvidenceLog(
            evidence: [missed, abandoned], retractions: [Retraction(evidence: abandoned.id)])
        #expect(near(try reliability(log, at: 17).negative, 1.5 * 0.9475, 1e-4))
    }

    @Test func aSuccessorInheritsTheRepair() throws {
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 10)
        let late = try factory.make(.commitmentKeptLate, at: day(13), measure: .daysLate(6), supersedes: missed.id)
        let log = EvidenceLog(
            evidence: [missed, late], repairs: [Repair(evidence: missed.id, acceptedAt: day(12))])
        #expect(near(try reliability(log, at: 13).negative, 0.8 * 1.5 * 0.65, 1e-12))
    }

    @Test func repairsCountFromTheirInstantAndOnlyWhereACaseIsOpen() throws {
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 10)
        let pulse = try factory.make(.pulseDependable, on: 10, .pulse(1))
        let log = EvidenceLog(
            evidence: [missed, pulse],
            repairs: [
                Repair(evidence: missed.id, acceptedAt: day(12)), Repair(evidence: pulse.id, acceptedAt: day(12)),
            ])
        let before = try reliability(log, at: 12 - 1e-6)
        let after = try reliability(log, at: 12)
        #expect(near(after.negative / before.negative, (1 + 0.65) / 2, 1e-6))
        #expect(!pulse.isRepairable)
    }

    /// An integrity breach scars half as deep once its repair is accepted.
    @Test func scarsFadeAndHalve() throws {
        var factory = EventFactory()
        let breach = try factory.make(.confidentialityBreachConfirmed, on: 0)
        let repaired = EvidenceLog(evidence: [breach], repairs: [Repair(evidence: breach.id, acceptedAt: day(1))])
        let state = try Replay.state(of: repaired, start: origin, policy: .standard)
        let plain = try Replay.state(of: EvidenceLog(evidence: [breach]), start: origin, policy: .standard)
        let rate = { (state: RelationshipState, days: Double) in
            state.profile(at: day(days))?.components.integrity.opinion.baseRate
        }
        #expect(rate(plain, 0) == 0.35)
        #expect(near(rate(plain, 730) ?? 0, 0.425, 1e-12))
        #expect(rate(state, 0.5).map { $0 < 0.351 } == true)
        #expect(near(rate(state, 731) ?? 0, 0.5 * (1 - 0.15 * 0.4995), 1e-4))
    }

    /// Two breaches that chase each other must not hang the walk to the repair.
    @Test func circlesEnd() throws {
        let (first, second) = (EventID(high: 0, low: 1), EventID(high: 0, low: 2))
        func abandoned(_ id: EventID, _ target: EventID) throws -> Evidence {
            try Evidence.make(
                .commitmentAbandoned, id: id, sourceID: "people/coach", occurredAt: day(1), recordedAt: day(1),
                supersedes: target)
        }
        let log = EvidenceLog(
            evidence: [try abandoned(first, second), try abandoned(second, first)],
            repairs: [Repair(evidence: first, acceptedAt: day(9))])
        #expect(try reliability(log, at: 2).mass == 0)
    }
}
