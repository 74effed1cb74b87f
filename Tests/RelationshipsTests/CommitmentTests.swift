import Schema
import ServiceKit
import Testing

@testable import Relationships

@Suite struct CommitmentTests {
    /// The coach's promise, due on day 6, in a given state.
    func promise(_ state: Commitment.State, claimed: Instant? = nil) -> Commitment {
        var promise = Commitment(
            name: "\(pairName)/commitments/1", owner: coach, text: "review the call", dueTime: day(6).timestamp,
            state: state, claimTime: claimed?.timestamp)
        if state == .renegotiated {
            promise.proposedDueTime = day(13).timestamp
            promise.renegotiateTime = day(5).timestamp
        }
        return promise
    }

    @Test func aPromiseIsDueAfterItIsMade() throws {
        let draft = Commitment(text: "call", dueTime: day(6).timestamp)
        #expect(try Commitment.proposed(draft, name: "n", owner: coach, at: day(6)).state == .proposed)
        #expect(
            refusal { _ = try Commitment.proposed(draft, name: "n", owner: coach, at: day(6).next) }
                == "INVALID_FIELD")
    }

    @Test func aPromiseAskedForByAnotherResourceMayArriveLate() throws {
        let draft = Commitment(text: "call", dueTime: day(6).timestamp, source: "\(pairName)/supportActions/1")
        #expect(try Commitment.proposed(draft, name: "n", owner: coach, at: day(8)).state == .proposed)
    }

    @Test(arguments: [("", day(6)), (String(repeating: "x", count: 2001), day(6)), ("call", day(1831))])
    func textAndDueDateAreBounded(text: String, due: Instant) {
        let draft = Commitment(text: text, dueTime: due.timestamp)
        #expect(refusal { _ = try Commitment.proposed(draft, name: "n", owner: coach, at: day(0)) } == "INVALID_FIELD")
    }

    /// Which act is allowed in which state, and what it leads to.
    @Test(arguments: Commitment.State.allCases)
    func theBeneficiaryAccepts(state: Commitment.State) throws {
        var promise = promise(state)
        switch state {
        case .proposed:
            #expect(try promise.accept(by: coachee) == .promise)
            #expect(promise.state == .accepted)
        case .renegotiated:
            #expect(try promise.accept(by: coachee) == .renegotiation(asked: day(5)))
            #expect(promise.state == .accepted)
            #expect(promise.dueTime == day(13).timestamp)
            #expect(promise.proposedDueTime == nil)
            #expect(promise.renegotiations == 1)
        default:
            #expect(refusal { _ = try promise.accept(by: coachee) } == "WRONG_STATE")
        }
    }

    @Test(arguments: Commitment.State.allCases)
    func theOwnerRenegotiates(state: Commitment.State) throws {
        var promise = promise(state)
        let reason = refusal { try promise.renegotiate(to: day(20), by: coach, at: day(6)) }
        switch state {
        case .accepted, .renegotiated:
            #expect(reason == nil)
            #expect(promise.state == .renegotiated)
            #expect(promise.dueTime == day(6).timestamp, "the old due date runs on until the new one is accepted")
            #expect(promise.proposedDueTime == day(20).timestamp)
        case .proposed:
            #expect(reason == "NOT_ACCEPTED")
        default:
            #expect(reason == "WRONG_STATE")
        }
    }

    @Test func aDueDateIsMovedBeforeItHasPassedAndOnlyLater() {
        var promise = promise(.accepted)
        #expect(refusal { try promise.renegotiate(to: day(20), by: coach, at: day(6).next) } == "RETROACTIVE_REVISION")
        #expect(refusal { try promise.renegotiate(to: day(6), by: coach, at: day(5)) } == "INVALID_FIELD")
        #expect(refusal { try promise.renegotiate(to: day(2000), by: coach, at: day(5)) } == "INVALID_FIELD")
        #expect(refusal { try promise.renegotiate(to: day(6).next, by: coach, at: day(6)) } == nil)
    }

    @Test(arguments: Commitment.State.allCases)
    func theOwnerClaims(state: Commitment.State) throws {
        var promise = promise(state)
        let reason = refusal { try promise.claimKept(by: coach, at: day(6)) }
        switch state {
        case .accepted, .renegotiated:
            #expect(reason == nil)
            #expect(promise.state == .claimedKept)
            #expect(promise.claimTime == day(6).timestamp)
        case .missed:
            #expect(reason == nil)
            #expect(promise.state == .missed, "a late claim is notice; it is kept late when the other confirms")
            #expect(refusal { try promise.claimKept(by: coach, at: day(7)) } == "WRONG_STATE", "once")
        case .proposed:
            #expect(reason == "NOT_ACCEPTED")
        default:
            #expect(reason == "WRONG_STATE")
        }
    }

    @Test(arguments: Commitment.State.allCases)
    func theBeneficiaryConfirms(state: Commitment.State) throws {
        var promise = promise(state, claimed: day(9, hours: 23))
        let reason = refusal { try promise.confirmKept(by: coachee, at: day(11)) }
        switch state {
        case .claimedKept, .keptUnconfirmed, .disputed:
            #expect(reason == nil)
            #expect(promise.state == .kept)
            #expect(promise.claimTime == day(9, hours: 23).timestamp, "confirmation never moves the claim")
            #expect(try promise.daysLate == 0)
        case .missed:
            #expect(reason == nil)
            #expect(promise.state == .keptLate)
            #expect(try promise.daysLate == 3, "whole days from due to claim")
        case .proposed:
            #expect(reason == "NOT_ACCEPTED")
        default:
            #expect(reason == "WRONG_STATE")
        }
    }

    @Test func aMissWithoutAClaimCannotBeConfirmed() {
        var promise = promise(.missed)
        #expect(refusal { try promise.confirmKept(by: coachee, at: day(11)) } == "WRONG_STATE")
    }

    @Test func onlyTheOtherOneAcceptsAndConfirmsOnlyTheOwnerMovesAndClaims() {
        var proposed = promise(.proposed)
        #expect(refusal { _ = try proposed.accept(by: coach) } == "ROLE_FORBIDDEN")
        var accepted = promise(.accepted)
        #expect(refusal { try accepted.renegotiate(to: day(9), by: coachee, at: day(1)) } == "ROLE_FORBIDDEN")
        #expect(refusal { try accepted.claimKept(by: coachee, at: day(1)) } == "ROLE_FORBIDDEN")
        var claimed = promise(.claimedKept, claimed: day(5))
        #expect(refusal { try claimed.confirmKept(by: coach, at: day(6)) } == "ROLE_FORBIDDEN")
    }

    @Test(arguments: Commitment.State.allCases)
    func timeActsOnlyOnWhatIsOpen(state: Commitment.State) {
        var one = promise(state)
        #expect(one.lapse(at: day(6)) == (state == .proposed))
        var two = promise(state)
        #expect(two.miss() == (state == .accepted || state == .renegotiated))
        var three = promise(state)
        #expect(three.abandon(at: day(14)) == (state == .missed))
        var noticed = promise(state, claimed: day(8))
        let isAbandoned = noticed.abandon(at: day(14))
        #expect(!isAbandoned, "a late claim is notice")
        var four = promise(state, claimed: day(5))
        #expect(four.goUnconfirmed(at: day(12)) == (state == .claimedKept))
    }

    @Test(arguments: [(0, day(6)), (24, day(7)), (72, day(9))] as [(Int32, Instant)])
    func graceMovesTheMissAndTheNotice(hours: Int32, missed: Instant) throws {
        let promise = promise(.accepted)
        #expect(try promise.missDeadline(graceHours: hours) == missed)
        #expect(try promise.noticeDeadline(graceHours: hours) == missed.adding(days: 7))
    }

    @Test func aSourceBelongsToTheSameRelationshipAndFixesTheName() throws {
        let pair = Relationship(name: pairName)
        let source = "\(pairName)/supportActions/0193aaaa-0000-7000-8000-00000000000a"
        let name = try Commitment.name(askedBy: source, in: pair)
        #expect(try Commitment.name(askedBy: source, in: pair) == name)
        #expect(name.hasPrefix("\(pairName)/commitments/"))
        for foreign in ["", "organizations/acme/relationships/other/supportActions/1", pairName, "\(pairName)x/y"] {
            #expect(refusal { _ = try Commitment.name(askedBy: foreign, in: pair) } == "INVALID_FIELD")
        }
    }
}
