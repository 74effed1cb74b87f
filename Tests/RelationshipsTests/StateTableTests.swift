import Schema
import ServiceKit
import Testing

@testable import Relationships

/// Every verb in every state: the next state, or WRONG_STATE (docs/domain.md §6.1).
@Suite struct StateTableTests {
    @Test func relationships() {
        typealias V = Verb<Relationship, Relationship.State>
        let verbs: [V] = [
            V(name: "accept", leads: [.requested: .accepted]) { try $0.accept(by: coach, requester: coachee) },
            V(name: "decline", leads: [.requested: .declined, .needsInfo: .declined]) {
                try $0.decline(by: coach, requester: coachee)
            },
            V(name: "askForMoreInfo", leads: [.requested: .needsInfo]) {
                try $0.askForInfo(by: coach, requester: coachee)
            },
            V(name: "provideInfo", leads: [.needsInfo: .requested]) {
                try $0.provideInfo(by: coachee, requester: coachee)
            },
            V(name: "withdraw", leads: [.requested: .withdrawn, .needsInfo: .withdrawn]) {
                try $0.withdraw(by: coachee, requester: coachee)
            },
            V(name: "activate", leads: [.accepted: .active]) {
                try $0.activate(on: Agreement(state: .signed), at: day(1))
            },
            V(name: "pause", leads: [.active: .paused]) { try $0.pause(.absence, at: day(1)) },
            V(name: "resume", leads: [.paused: .active]) { _ = try $0.resume(at: day(5)) },
            V(
                name: "end",
                leads: [
                    .accepted: .ending, .active: .ending, .paused: .ending, .ending: .ended, .rematching: .ended,
                ],
                act: { _ = try $0.end(by: coachee, at: day(5)) }),
            V(
                name: "end again",
                leads: [.accepted: .ending, .active: .ending, .paused: .ending, .rematching: .ended],
                act: { _ = try $0.end(by: coach, at: day(5)) }),
            V(name: "rematch", leads: [.active: .rematching, .paused: .rematching]) {
                _ = try $0.rematch(at: day(5))
            },
            V(name: "hand over", leads: [.active: .ended, .paused: .ended, .rematching: .ended]) {
                _ = try $0.handOver(to: "next", at: day(5))
            },
        ]
        expect(verbs, in: Relationship.State.allCases, of: \.state) { state in
            Relationship(
                name: pairName, trustee: coach, trustor: coachee, state: state,
                pauses: state == .paused ? [Pause(startTime: day(0).timestamp)] : [],
                endedBy: state == .ending ? coach : "")
        }
    }

    @Test(arguments: Relationship.State.allCases)
    func timeEndsRequestsAndFarewells(state: Relationship.State) {
        var one = Relationship(state: state)
        #expect(one.expire() == (state == .requested || state == .needsInfo))
        var two = Relationship(state: state)
        #expect(two.finish(at: day(14)) == (state == .ending || state == .rematching))
    }

    @Test func sessions() {
        typealias V = Verb<Session, Session.State>
        let pair = Relationship(name: pairName, trustee: coach, trustor: coachee)
        let verbs: [V] = [
            V(name: "stateIntent", leads: [.scheduled: .scheduled]) { _ = try $0.state(intent: "x", at: day(6)) },
            V(name: "reschedule", leads: [.scheduled: .scheduled]) {
                _ = try $0.reschedule(to: day(8), minutes: 0, at: day(6))
            },
            V(name: "cancel", leads: [.scheduled: .cancelled]) { try $0.cancel(by: coach, at: day(6)) },
            V(
                name: "attest held",
                leads: [.scheduled: .held, .held: .held, .noShow: .disputed, .disputed: .held],
                act: { _ = try $0.attest(.held, by: coachee, at: day(8), in: pair) }),
            V(
                name: "dispute", leads: [.held: .disputed, .noShow: .disputed, .cancelled: .disputed],
                act: { try $0.dispute(by: coachee, at: day(8), in: pair) }),
            V(name: "resolve held", leads: [.disputed: .held]) {
                _ = try $0.resolve(.held, by: coach, at: day(8), in: pair)
                _ = try $0.resolve(.held, by: coachee, at: day(8), in: pair)
            },
            V(name: "resolve no show", leads: [.disputed: .noShow]) {
                _ = try $0.resolve(.trusteeNoShow, by: coach, at: day(8), in: pair)
                _ = try $0.resolve(.trusteeNoShow, by: coachee, at: day(8), in: pair)
            },
            V(name: "resolve void", leads: [.disputed: .void]) {
                _ = try $0.resolve(.void, by: coach, at: day(8), in: pair)
                _ = try $0.resolve(.void, by: coachee, at: day(8), in: pair)
            },
            V(name: "resolve differently", leads: [.disputed: .disputed]) {
                _ = try $0.resolve(.held, by: coach, at: day(8), in: pair)
                _ = try $0.resolve(.void, by: coachee, at: day(8), in: pair)
            },
            V(name: "setDepth", leads: [.held: .held]) { _ = try $0.set(depth: .growth) },
        ]
        expect(verbs, in: Session.State.allCases, of: \.state) { state in
            var session = Session(name: "\(pairName)/sessions/1", startTime: day(7).timestamp, state: state)
            switch state {
            case .held, .disputed: session.attestations = [word(.held)]
            case .noShow: session.attestations = [word(.trustorNoShow)]
            case .cancelled: session.cancellation = Session.Cancellation(person: coach, cancelTime: day(6).timestamp)
            default: break
            }
            return session
        }
    }

    private func word(_ outcome: Attestation.Outcome) -> Attestation {
        Attestation(person: coach, outcome: outcome, attestTime: day(7).timestamp)
    }

    @Test func commitments() {
        typealias V = Verb<Commitment, Commitment.State>
        let notAccepted: [Commitment.State: String] = [.proposed: "NOT_ACCEPTED"]
        let verbs: [V] = [
            V(name: "accept", leads: [.proposed: .accepted, .renegotiated: .accepted]) {
                _ = try $0.accept(by: coachee)
            },
            V(name: "decline", leads: [.proposed: .declined, .renegotiated: .accepted]) {
                _ = try $0.decline(by: coachee, at: day(5))
            },
            V(
                name: "renegotiate", leads: [.accepted: .renegotiated, .renegotiated: .renegotiated],
                reasons: notAccepted, act: { try $0.renegotiate(to: day(20), by: coach, at: day(5)) }),
            V(
                name: "release", leads: [.accepted: .released, .renegotiated: .released], reasons: notAccepted,
                act: { try $0.release(by: coachee, at: day(5)) }),
            V(
                name: "claim",
                leads: [.accepted: .claimedKept, .renegotiated: .claimedKept, .missed: .missed], reasons: notAccepted,
                act: { try $0.claimKept(by: coach, at: day(5)) }),
            V(
                name: "confirm",
                leads: [.claimedKept: .kept, .keptUnconfirmed: .kept, .disputed: .kept], reasons: notAccepted,
                act: { try $0.confirmKept(by: coachee, at: day(5)) }),
            V(
                name: "dispute", leads: [.claimedKept: .disputed, .keptUnconfirmed: .disputed], reasons: notAccepted,
                act: { try $0.dispute(by: coachee, at: day(5)) }),
            V(
                name: "withdrawClaim", leads: [.claimedKept: .accepted, .disputed: .accepted], reasons: notAccepted,
                act: { try $0.withdrawClaim(by: coach) }),
            V(
                name: "markTrivial",
                leads: [.proposed: .proposed, .accepted: .accepted, .renegotiated: .renegotiated],
                act: { _ = try $0.markTrivial(by: coachee) }),
        ]
        expect(verbs, in: Commitment.State.allCases, of: \.state, promise)
    }

    private func promise(_ state: Commitment.State) -> Commitment {
        Commitment(
            name: "\(pairName)/commitments/1", owner: coach, text: "x", dueTime: day(6).timestamp, state: state,
            proposedDueTime: state == .renegotiated ? day(9).timestamp : nil,
            renegotiateTime: state == .renegotiated ? day(2).timestamp : nil)
    }

    @Test(arguments: Commitment.State.allCases)
    func timeAndTheEndActOnWhatIsOpen(state: Commitment.State) throws {
        let isOpen = [.proposed, .accepted, .renegotiated].contains(state)
        var one = promise(state)
        #expect(one.goVoid(at: day(40)) == (state == .disputed))
        var two = promise(state)
        #expect(two.releaseAtEnd(at: day(40)) == isOpen)
        var three = promise(state)
        #expect(try three.shift(by: Instant.microsecondsPerDay) == isOpen)
        #expect(three.dueTime == (isOpen ? day(7) : day(6)).timestamp)
        #expect(three.proposedDueTime == (state == .renegotiated ? day(10).timestamp : nil))
    }

    @Test func theOwnerWithdrawsAndTheBeneficiaryDoesTheRest() {
        var promise = promise(.claimedKept)
        #expect(refusal { try promise.withdrawClaim(by: coachee) } == "ROLE_FORBIDDEN")
        #expect(refusal { try promise.dispute(by: coach, at: day(5)) } == "ROLE_FORBIDDEN")
        var open = self.promise(.accepted)
        #expect(refusal { try open.release(by: coach, at: day(5)) } == "ROLE_FORBIDDEN")
        #expect(refusal { _ = try open.markTrivial(by: coach) } == "ROLE_FORBIDDEN")
        #expect(refusal { _ = try open.decline(by: coach, at: day(5)) } == "ROLE_FORBIDDEN")
    }

    @Test func breachCases() {
        typealias V = Verb<BreachCase, BreachCase.State>
        let unfound: [BreachCase.State: String] = [
            .reported: "BREACH_NOT_CONFIRMED", .notConfirmed: "BREACH_NOT_CONFIRMED",
        ]
        let verbs: [V] = [
            V(name: "find alone", leads: [.reported: .confirmed]) {
                _ = try $0.find(confirmed: true, by: "ombudsperson", alone: true, at: day(5))
            },
            V(name: "find both", leads: [.reported: .notConfirmed]) {
                _ = try $0.find(confirmed: true, by: coach, alone: false, at: day(5))
                _ = try $0.find(confirmed: false, by: coachee, alone: false, at: day(5))
                _ = try $0.find(confirmed: false, by: coach, alone: false, at: day(6))
            },
            V(name: "find differently", leads: [.reported: .reported]) {
                _ = try $0.find(confirmed: true, by: coach, alone: false, at: day(5))
                _ = try $0.find(confirmed: false, by: coachee, alone: false, at: day(5))
            },
            V(
                name: "acknowledge", leads: [.confirmed: .acknowledged], reasons: unfound,
                act: { try $0.acknowledge(what: "w", effect: "e", change: "c", at: day(5)) }),
            V(
                name: "acceptRepair", leads: [.acknowledged: .repaired], reasons: unfound,
                act: { try $0.acceptRepair(at: day(5)) }),
            V(name: "withdraw", leads: [.confirmed: .notConfirmed]) { try $0.withdraw() },
        ]
        expect(verbs, in: BreachCase.State.allCases, of: \.state) { state in
            BreachCase(kind: .confidentiality, state: state, confirmTime: day(0).timestamp)
        }
    }

    /// The pauses of a relationship move what is counted from an instant, as they move its duties.
    @Test func aDeadlineLeavesPausesOut() throws {
        func pause(_ start: Instant, _ end: Instant) -> Pause {
            Pause(startTime: start.timestamp, endTime: end.timestamp)
        }
        let pair = Relationship(pauses: [pause(day(2), day(5)), pause(day(9), day(10)), pause(day(30), day(31))])
        #expect(try Relationship().deadline(after: day(0), days: 7) == day(7))
        #expect(try pair.deadline(after: day(0), days: 7) == day(11), "three days, and one that began in those")
        #expect(try pair.deadline(after: day(3), days: 7) == day(11), "a pause before counts only when it is later")
        #expect(try pair.deadline(after: day(12), days: 7) == day(19))
        #expect(try pair.deadline(after: day(0), hours: 24) == day(1))
    }

    @Test func pausesAreBounded() throws {
        var pair = Relationship(state: .active)
        for index in 0..<Relationship.maximumPauses {
            try pair.pause(.other, at: day(2 * index))
            _ = try pair.resume(at: day(2 * index + 1))
        }
        #expect(refusal { try pair.pause(.other, at: day(300)) } == "CAPACITY_FULL")
    }
}
