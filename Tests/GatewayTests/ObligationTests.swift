import Schema
import ServiceKit
import Standard
import Testing

@testable import Gateway

@Suite struct ObligationTests {
    private static let now = Instant(microseconds: 1_770_000_000_000_000)
    private static let me = "organizations/acme/people/me"
    private static let other = "organizations/acme/people/other"
    private let obligations = Obligations(of: me, at: now)

    private static func days(_ days: Int) -> Timestamp { now.adding(days: days).timestamp }

    @Test(
        arguments: [
            (.proposed, nil, .answerCommitment), (.accepted, .keepCommitment, nil),
            (.renegotiated, .keepCommitment, .answerCommitment), (.claimedKept, nil, .confirmCommitment),
            (.disputed, .resolveCommitment, .resolveCommitment), (.missed, .keepCommitment, nil), (.kept, nil, nil),
            (.keptLate, nil, nil), (.keptUnconfirmed, nil, nil), (.abandoned, nil, nil), (.released, nil, nil),
            (.declined, nil, nil), (.lapsed, nil, nil), (.void, nil, nil),
        ] as [(Commitment.State, Obligation.Kind?, Obligation.Kind?)])
    func aCommitmentWaitsForItsOwnerOrForTheOther(
        _ state: Commitment.State, _ own: Obligation.Kind?, _ others: Obligation.Kind?
    ) {
        #expect(obligations.obligation(Commitment(owner: Self.me, state: state))?.kind == own)
        #expect(obligations.obligation(Commitment(owner: Self.other, state: state))?.kind == others)
    }

    @Test func aClaimIsToBeConfirmedWithinSevenDays() {
        let claim = Commitment(owner: Self.other, state: .claimedKept, claimTime: Self.days(-3))
        #expect(obligations.obligation(claim)?.dueTime == Self.days(4))
    }

    @Test func whatIsPastDueIsOverdue() {
        let late = obligations.obligation(Commitment(owner: Self.me, dueTime: Self.days(-1), state: .accepted))
        #expect(late?.overdue == true)
        let now = obligations.obligation(Commitment(owner: Self.me, dueTime: Self.now.timestamp, state: .accepted))
        #expect(now?.overdue == false)
    }

    /// docs/domain.md rule 8.
    @Test func aSessionIsToBeAttestedFromItsStartForSevenDays() {
        func kind(_ state: Session.State, _ start: Timestamp, _ attestations: [Attestation] = []) -> Obligation.Kind? {
            obligations.obligation(Session(startTime: start, state: state, attestations: attestations))?.kind
        }
        #expect(kind(.scheduled, Self.days(1)) == nil)
        #expect(kind(.scheduled, Self.now.timestamp) == .attestSession)
        #expect(kind(.scheduled, Self.days(-20)) == .attestSession)
        #expect(kind(.held, Self.days(-7)) == .attestSession)
        #expect(kind(.held, Self.days(-8)) == nil)
        #expect(kind(.held, Self.days(-1), [Attestation(person: Self.other)]) == .attestSession)
        #expect(kind(.held, Self.days(-1), [Attestation(person: Self.me)]) == nil)
        #expect(kind(.cancelled, Self.days(-1)) == nil)
        #expect(kind(.disputed, Self.days(-20)) == .resolveSession)
    }

    @Test func feedbackWaitsForItsReceiver() {
        func obligation(_ state: FeedbackItem.State, _ kind: FeedbackItem.Kind, to receiver: String) -> Obligation? {
            obligations.obligation(
                FeedbackItem(receiver: receiver, kind: kind, state: state, deliverTime: Self.days(-1)))
        }
        #expect(obligation(.delivered, .recognition, to: Self.me)?.kind == .acknowledgeFeedback)
        #expect(obligation(.delivered, .balanced, to: Self.me)?.dueTime == Self.days(2))
        #expect(obligation(.acknowledged, .balanced, to: Self.me)?.kind == .actOnFeedback)
        #expect(obligation(.discussed, .balanced, to: Self.me)?.dueTime == Self.days(13))
        #expect(obligation(.acknowledged, .recognition, to: Self.me) == nil)
        #expect(obligation(.delivered, .balanced, to: Self.other) == nil)
        #expect(obligation(.actedOn, .balanced, to: Self.me) == nil)
    }

    /// docs/domain.md rule 30 and §6.2: the reveal dates it, and the receiver's own tag counts.
    @Test func blindFeedbackWaitsFromItsReveal() {
        var item = FeedbackItem(
            receiver: Self.me, kind: .balanced, state: .acknowledged, deliverTime: Self.days(-5),
            revealTime: Self.days(-1))
        #expect(obligations.obligation(item)?.dueTime == Self.days(13))
        item.receiverKind = .recognition
        #expect(obligations.obligation(item) == nil)
    }

    @Test func aRequestWaitsForTheOneWhoIsAsked() {
        let request = FeedbackRequest(giver: Self.me, dueTime: Self.days(3), state: .open)
        #expect(obligations.obligation(request)?.dueTime == Self.days(3))
        #expect(obligations.obligation(FeedbackRequest(giver: Self.other, state: .open)) == nil)
        #expect(obligations.obligation(FeedbackRequest(giver: Self.me, state: .expired)) == nil)
    }

    @Test func aGoalWaitsForTheSecondSignature() {
        #expect(obligations.obligation(Goal(state: .proposed))?.kind == .signGoal)
        #expect(
            obligations.obligation(Goal(state: .proposed, signatures: [GoalSignature(person: Self.me)])) == nil)
        #expect(obligations.obligation(Goal(state: .active)) == nil)
    }

    @Test func theNearestComesFirstAndWhatHasNoDateLast() {
        let section = obligations.section(
            Fetched(
                state: .ok,
                content: [
                    Commitment(name: "b", owner: Self.me, dueTime: Self.days(2), state: .accepted),
                    Commitment(name: "d", owner: Self.me, state: .disputed),
                    Commitment(name: "a", owner: Self.me, dueTime: Self.days(2), state: .accepted),
                ]),
            Fetched(state: .ok, content: [Session(name: "s", startTime: Self.days(-1), state: .scheduled)]),
            Fetched(state: .unreachable, content: nil), Fetched(state: .ok, content: []),
            Fetched(state: .ok, content: [Goal(name: "c", state: .proposed)]))
        #expect(section.obligations.map(\.subject) == ["a", "b", "s", "c", "d"])
        #expect(section.state == .unreachable)
    }
}

@Suite struct QuestionTests {
    @Test func thereAreAlwaysThree() {
        #expect(Questions().three.map(\.text) == Questions.general)
        let many = (0..<9).map { Commitment(name: "c\($0)", state: .missed) }
        #expect(Questions(commitments: many).three.map(\.subject) == ["c0", "c1", "c2"])
    }

    @Test func oneOfEachSortComesBeforeASecondOfAny() {
        let questions = Questions(
            commitments: [Commitment(name: "c1", state: .missed), Commitment(name: "c2", state: .disputed)],
            goals: [Goal(name: "g1", state: .active)], feedback: [])
        #expect(questions.three.map(\.subject) == ["c1", "g1", "c2"])
    }

    @Test func whatIsBrokenComesBeforeWhatStandsInTheWay() {
        let questions = Questions(
            commitments: [Commitment(name: "c", state: .missed)], obstacles: [Obstacle(name: "o")],
            goals: [Goal(name: "g", state: .atRisk)], feedback: [FeedbackItem(name: "f")])
        #expect(questions.three.map(\.subject) == ["c", "o", "f"])
    }

    @Test func whatIsSettledAsksNothing() {
        let questions = Questions(commitments: [Commitment(name: "c", state: .kept)])
        #expect(questions.three.map(\.subject) == ["", "", ""])
    }
}

@Suite struct OptionTests {
    @Test(
        arguments: [
            (.requested, []), (.accepted, [.end]), (.active, [.pause, .end]), (.paused, [.resume, .end]),
            (.ending, [.end]), (.ended, []),
        ] as [(Relationship.State, [CoacheePair.Option])])
    func aStateHasItsOptions(_ state: Relationship.State, _ options: [CoacheePair.Option]) {
        #expect(Relationship(state: state, endedBy: "other").options(of: "me") == options)
    }

    @Test func whoHasAskedForTheEndWaitsForTheOther() {
        #expect(Relationship(state: .ending, endedBy: "me").options(of: "me") == [])
    }
}
