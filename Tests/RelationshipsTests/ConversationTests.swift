import Schema
import ServiceKit
import Testing

@testable import Relationships

@Suite struct DecisionTests {
    func record(_ draft: Decision, at now: Instant = day(14)) throws -> Decision {
        try .recorded(draft, name: "d", author: coach, parties: [coach, coachee], at: now)
    }

    @Test func aReasonGivenAtOnceIsVisibleAtOnce() throws {
        let decision = try record(Decision(what: "territory", why: "fairness", affects: [coachee]))
        #expect(decision.decideTime == day(14).timestamp)
        #expect(decision.explainTime == day(14).timestamp)
        #expect(try decision.isExplainedInTime())
    }

    @Test func fortyEightHoursAreAllowedToTheLastInstant() throws {
        let silent = try record(Decision(what: "territory", affects: [coachee]))
        #expect(try !silent.isExplainedInTime())
        #expect(try silent.explanationDeadline() == day(16))
        var inTime = silent
        try inTime.explain("fairness", by: coach, at: day(16))
        #expect(try inTime.isExplainedInTime())
        var late = silent
        try late.explain("fairness", by: coach, at: day(16).next)
        #expect(try !late.isExplainedInTime())
    }

    @Test func aDecisionRecordedLateWasNotExplainedBefore() throws {
        let decision = try record(
            Decision(what: "territory", why: "fairness", affects: [coachee], decideTime: day(11).timestamp))
        #expect(try !decision.isExplainedInTime())
    }

    @Test func theAuthorExplainsOnce() throws {
        var decision = try record(Decision(what: "territory", affects: [coachee]))
        #expect(refusal { try decision.explain("why", by: coachee, at: day(15)) } == "ROLE_FORBIDDEN")
        #expect(refusal { try decision.explain("", by: coach, at: day(15)) } == "INVALID_FIELD")
        #expect(refusal { try decision.explain("why", by: coach, at: day(15)) } == nil)
        #expect(refusal { try decision.explain("why", by: coach, at: day(15)) } == "WRONG_STATE")
    }

    @Test(arguments: [
        Decision(affects: [coachee]),
        Decision(what: "w"),
        Decision(what: "w", affects: [coachee, coachee]),
        Decision(what: "w", affects: ["organizations/acme/people/else"]),
        Decision(what: "w", why: String(repeating: "x", count: 2001), affects: [coachee]),
        Decision(what: "w", alternatives: Array(repeating: "a", count: 11), affects: [coachee]),
        Decision(what: "w", alternatives: [""], affects: [coachee]),
        Decision(what: "w", affects: [coachee], decideTime: day(14).next.timestamp),
    ])
    func aDecisionIsChecked(draft: Decision) {
        #expect(refusal { _ = try record(draft) } == "INVALID_FIELD")
    }
}

@Suite struct ReflectBackTests {
    @Test func itIsJudgedOnce() throws {
        var reflectBack = try ReflectBack.recorded(ReflectBack(heard: "the split hurt"), name: "r")
        try reflectBack.judge(.confirmed, correction: "", at: day(7))
        #expect(reflectBack.verdict == .confirmed && reflectBack.judgeTime == day(7).timestamp)
        #expect(refusal { try reflectBack.judge(.corrected, correction: "no", at: day(8)) } == "WRONG_STATE")
    }

    @Test func aCorrectionBelongsToCorrected() throws {
        var reflectBack = try ReflectBack.recorded(ReflectBack(heard: "the split hurt"), name: "r")
        #expect(refusal { try reflectBack.judge(.confirmed, correction: "but", at: day(7)) } == "INVALID_FIELD")
        #expect(refusal { try reflectBack.judge(.unspecified, correction: "", at: day(7)) } == "INVALID_FIELD")
        try reflectBack.judge(.corrected, correction: "the migration did", at: day(7))
        #expect(reflectBack.correction == "the migration did")
    }

    @Test func somethingWasHeard() {
        #expect(refusal { _ = try ReflectBack.recorded(ReflectBack(), name: "r") } == "INVALID_FIELD")
    }
}

@Suite struct AdviceTests {
    func advice(in template: Session.Template, heard: Bool) throws -> Advice {
        try .added(Advice(text: "ask about pain"), name: "a", in: Session(name: "s", template: template), heard: heard)
    }

    @Test func listeningComesFirstWhereTheTemplateSaysSo() {
        #expect(refusal { _ = try advice(in: .listenFirst, heard: false) } == "LISTEN_FIRST")
        #expect(refusal { _ = try advice(in: .listenFirst, heard: true) } == nil)
        #expect(refusal { _ = try advice(in: .open, heard: false) } == nil)
    }

    @Test func aRatingMayChangeForSevenDays() throws {
        var advice = try advice(in: .open, heard: false)
        #expect(try advice.rate(.helpful, at: day(28)))
        #expect(try !advice.rate(.helpful, at: day(29)), "the same again says nothing new")
        #expect(try advice.rate(.unhelpful, at: day(35)))
        #expect(advice.rateTime == day(28).timestamp)
        #expect(refusal { _ = try advice.rate(.helpful, at: day(35).next) } == "WRONG_STATE")
        #expect(refusal { _ = try advice.rate(.unspecified, at: day(29)) } == "INVALID_FIELD")
    }

    @Test func theLastRestatementCounts() throws {
        var advice = try advice(in: .open, heard: false)
        try advice.restate("first")
        try advice.restate("second")
        #expect(advice.teachBack == "second")
        #expect(refusal { try advice.restate("") } == "INVALID_FIELD")
    }
}

@Suite struct ContextChangeTests {
    @Test func itTakesEffectNowUnlessSaid() throws {
        let draft = ContextChange(type: .market, effect: "recall", external: true)
        let change = try ContextChange.recorded(draft, name: "c", author: coachee, at: day(14))
        #expect(change.effectiveTime == day(14).timestamp && change.external && change.author == coachee)
    }

    @Test(arguments: [
        ContextChange(effect: "recall"),
        ContextChange(type: .unrecognized(9), effect: "recall"),
        ContextChange(type: .market),
        ContextChange(type: .market, effectiveTime: day(2000).timestamp, effect: "recall"),
    ])
    func itIsChecked(draft: ContextChange) {
        #expect(
            refusal { _ = try ContextChange.recorded(draft, name: "c", author: coach, at: day(14)) } == "INVALID_FIELD")
    }
}
