import Schema
import ServiceKit
import Testing

@testable import Relationships

@Suite struct SessionTests {
    func session(_ words: [(String, Attestation.Outcome, Instant)] = []) throws -> Session {
        var session = try Session.scheduled(
            Session(startTime: day(7).timestamp, durationMinutes: 60, mode: .video), name: "\(pairName)/sessions/1",
            relationshipStart: day(-1), at: day(0))
        for (person, outcome, instant) in words { _ = try session.attest(outcome, by: person, at: instant) }
        return session
    }

    @Test func aTemplateIsOpenUnlessSaid() throws {
        #expect(try session().template == .open)
    }

    @Test(arguments: [
        Session(durationMinutes: 60, mode: .video),
        Session(startTime: day(-2).timestamp, durationMinutes: 60, mode: .video),
        Session(startTime: day(1831).timestamp, durationMinutes: 60, mode: .video),
        Session(startTime: day(7).timestamp, durationMinutes: 4, mode: .video),
        Session(startTime: day(7).timestamp, durationMinutes: 481, mode: .video),
        Session(startTime: day(7).timestamp, durationMinutes: 60),
        Session(startTime: day(7).timestamp, durationMinutes: 60, mode: .unrecognized(9)),
        Session(startTime: day(7).timestamp, durationMinutes: 60, mode: .video, template: .unrecognized(9)),
    ])
    func aPlanIsChecked(draft: Session) {
        #expect(
            refusal { _ = try Session.scheduled(draft, name: "n", relationshipStart: day(-1), at: day(0)) }
                == "INVALID_FIELD")
    }

    @Test func theFirstIntentIsDatedAndStays() throws {
        var session = try session()
        #expect(try session.state(intent: "listen", at: day(1)))
        #expect(try !session.state(intent: "listen more", at: day(2)))
        #expect(session.intent == "listen more")
        #expect(session.intentTime == day(1).timestamp)
    }

    @Test func anIntentComesBeforeTheSession() throws {
        var session = try session()
        #expect(refusal { _ = try session.state(intent: "listen", at: day(7).next) } == "WRONG_STATE")
        #expect(refusal { _ = try session.state(intent: "listen", at: day(7)) } == nil)
        var held = try self.session([(coach, .held, day(7))])
        #expect(refusal { _ = try held.state(intent: "listen", at: day(7)) } == "WRONG_STATE")
        #expect(refusal { _ = try held.state(intent: "", at: day(7)) } == "INVALID_FIELD")
    }

    @Test func nobodyAttestsBeforeTheStart() throws {
        var session = try session()
        #expect(
            refusal { _ = try session.attest(.held, by: coach, at: day(7).adding(microseconds: -1)) } == "WRONG_STATE")
        #expect(refusal { _ = try session.attest(.held, by: coach, at: day(7)) } == nil)
    }

    @Test func silenceAboutTheOutcomeMeansHeld() throws {
        #expect(try session([(coach, .unspecified, day(7))]).state == .held)
        #expect(refusal { _ = try session([(coach, .unrecognized(9), day(7))]) } == "INVALID_FIELD")
    }

    /// What two words make of a session; nil is silence.
    @Test(
        arguments: [
            (nil, nil, Session.State.scheduled, nil),
            (.held, nil, .held, nil),
            (nil, .held, .held, .held),
            (.held, .held, .held, .held),
            (.trusteeNoShow, nil, .noShow, nil),
            (nil, .trusteeNoShow, .noShow, .trusteeNoShow),
            (nil, .trustorNoShow, .noShow, .trustorNoShow),
            (.trusteeNoShow, .trusteeNoShow, .noShow, .trusteeNoShow),
            (.held, .trusteeNoShow, .disputed, nil),
            (.held, .trustorNoShow, .disputed, nil),
            (.trustorNoShow, .trusteeNoShow, .disputed, nil),
        ] as [(Attestation.Outcome?, Attestation.Outcome?, Session.State, Attestation.Outcome?)])
    func theTwoWordsDecide(
        trustee: Attestation.Outcome?, trustor: Attestation.Outcome?, state: Session.State, firm: Attestation.Outcome?
    ) throws {
        let words = [trustee.map { (coach, $0, day(7)) }, trustor.map { (coachee, $0, day(8)) }].compactMap { $0 }
        let session = try session(words)
        #expect(session.state == state)
        #expect(session.firmOutcome(trustor: coachee) == firm)
        let reversed = try self.session(words.reversed())
        #expect(reversed.state == state, "whoever speaks first")
    }

    @Test func sayingItAgainChangesNothing() throws {
        var session = try session([(coach, .held, day(7))])
        let before = session
        #expect(try !session.attest(.held, by: coach, at: day(8)))
        #expect(session == before)
    }

    @Test func aContradictionComesWithinSevenDaysOfTheWord() throws {
        let session = try session([(coach, .held, day(8))])
        var late = session
        #expect(refusal { _ = try late.attest(.trusteeNoShow, by: coachee, at: day(15).next) } == "WRONG_STATE")
        var inTime = session
        #expect(refusal { _ = try inTime.attest(.trusteeNoShow, by: coachee, at: day(15)) } == nil)
        var agreeing = session
        #expect(
            refusal { _ = try agreeing.attest(.held, by: coachee, at: day(60)) } == nil, "agreement has no deadline")
    }

    @Test func aDisputeEndsWhenOneComesRound() throws {
        var session = try session([(coach, .held, day(7)), (coachee, .trusteeNoShow, day(8))])
        #expect(session.state == .disputed)
        #expect(try session.attest(.trusteeNoShow, by: coach, at: day(9)))
        #expect(session.state == .noShow)
        #expect(session.attestations.count == 2, "one word a party, the last one counts")
    }

    @Test(arguments: [Session.State.cancelled, .void])
    func whatDidNotTakePlaceIsNotAttested(state: Session.State) throws {
        var session = try session()
        session.state = state
        #expect(refusal { _ = try session.attest(.held, by: coach, at: day(7)) } == "WRONG_STATE")
    }
}
