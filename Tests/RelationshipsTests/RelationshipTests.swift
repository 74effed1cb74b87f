import Schema
import ServiceKit
import Testing

@testable import Relationships

@Suite struct RelationshipTests {
    let programme = Programme(
        name: "organizations/acme/programmes/sales", kind: .coaching,
        cadencePolicy: CadencePolicy(intervalDays: 14, graceHours: 48))

    func request(
        _ draft: Relationship = Relationship(trustee: coach, trustor: coachee), in programme: Programme? = nil,
        reportingLine: [String] = []
    ) throws -> Relationship {
        try .requested(
            draft, name: pairName, programme: programme ?? self.programme, reportingLine: reportingLine, at: day(0))
    }

    @Test func aRequestTakesWhatItDoesNotSayFromTheProgramme() throws {
        let relationship = try request()
        #expect(relationship.state == .requested)
        #expect(relationship.kind == .coaching)
        #expect(relationship.cadenceDays == 14)
        #expect(relationship.graceHours == 48)
        #expect(!relationship.importing && relationship.importClock == nil)
    }

    @Test(arguments: [Programme.Kind.coaching, .mentoring, .peer, .reverseMentoring])
    func allKindsAreAlike(kind: Programme.Kind) throws {
        #expect(try request(Relationship(kind: kind, trustee: coach, trustor: coachee)).kind == kind)
    }

    @Test(arguments: [
        Relationship(trustee: coach, trustor: coach),
        Relationship(kind: .unrecognized(9), trustee: coach, trustor: coachee),
        Relationship(trustee: coach, trustor: coachee, cadenceDays: 91),
        Relationship(trustee: coach, trustor: coachee, cadenceDays: -1),
        Relationship(trustee: coach, trustor: coachee, plannedEndTime: day(0).timestamp),
        Relationship(trustee: coach, trustor: coachee, plannedEndTime: day(1831).timestamp),
    ])
    func aRequestIsChecked(draft: Relationship) {
        #expect(refusal { _ = try request(draft) } == "INVALID_FIELD")
    }

    @Test func nobodyCoachesTheOwnReportsWhereTheProgrammeExcludesIt() throws {
        let boss = "organizations/acme/people/boss"
        #expect(try request(reportingLine: [coach]).dualRole, "allowed, and flagged")
        #expect(try !request(reportingLine: [boss, coach]).dualRole, "only the line manager is flagged")
        var strict = programme
        strict.excludeReportingLine = true
        #expect(refusal { _ = try request(in: strict, reportingLine: [coach]) } == "REPORTING_LINE")
        #expect(refusal { _ = try request(in: strict, reportingLine: [boss, coach]) } == "REPORTING_LINE")
        #expect(refusal { _ = try request(in: strict, reportingLine: [boss]) } == nil)
    }

    @Test(arguments: Relationship.State.allCases)
    func theOtherPartyAcceptsARequest(state: Relationship.State) throws {
        var relationship = try request()
        relationship.state = state
        #expect(refusal { try relationship.accept(by: coachee, requester: coachee) } == "ROLE_FORBIDDEN")
        #expect(
            refusal { try relationship.accept(by: coach, requester: coachee) }
                == (state == .requested ? nil : "WRONG_STATE"))
        #expect(relationship.state == (state == .requested ? .accepted : state))
    }

    @Test(arguments: Relationship.State.allCases)
    func activationNeedsAcceptanceAndTwoSignatures(state: Relationship.State) throws {
        var relationship = try request()
        relationship.state = state
        let signed = Agreement(state: .signed)
        guard state == .accepted else {
            #expect(refusal { try relationship.activate(on: signed, at: day(1)) } == "WRONG_STATE")
            return
        }
        #expect(refusal { try relationship.activate(on: nil, at: day(1)) } == "AGREEMENT_NOT_SIGNED")
        #expect(
            refusal { try relationship.activate(on: Agreement(state: .draft), at: day(1)) } == "AGREEMENT_NOT_SIGNED")
        try relationship.activate(on: signed, at: day(1))
        #expect(relationship.state == .active)
        #expect(relationship.startTime == day(1).timestamp)
    }

    @Test(arguments: Relationship.State.allCases)
    func onlyAnOpenRequestExpires(state: Relationship.State) throws {
        var relationship = try request()
        relationship.state = state
        #expect(relationship.expire() == (state == .requested || state == .needsInfo))
    }

    @Test func anImportHasItsOwnClock() throws {
        var relationship = try request(Relationship(trustee: coach, trustor: coachee, importing: true))
        #expect(relationship.importClock == day(0).timestamp)
        relationship.finishImport()
        #expect(!relationship.importing && relationship.importClock == nil)
    }
}

@Suite struct AgreementTests {
    let draft = Agreement(purpose: "win back the quota", confidentialityClauses: ["all of it"], limits: "the law")

    @Test func twoSignaturesMakeItHold() throws {
        var agreement = try Agreement.drafted(draft, name: "a", revision: 1)
        #expect(try !agreement.sign(by: coach, at: day(0)))
        #expect(agreement.state == .draft)
        #expect(refusal { _ = try agreement.sign(by: coach, at: day(0)) } == "WRONG_STATE", "one person signs once")
        #expect(try agreement.sign(by: coachee, at: day(1)))
        #expect(agreement.state == .signed)
        #expect(agreement.signatures.map(\.signTime) == [day(0).timestamp, day(1).timestamp])
    }

    @Test(arguments: [Agreement.State.signed, .superseded])
    func whatIsSignedOrReplacedTakesNoSignature(state: Agreement.State) throws {
        var agreement = try Agreement.drafted(draft, name: "a", revision: 1)
        agreement.state = state
        #expect(refusal { _ = try agreement.sign(by: coach, at: day(0)) } == "WRONG_STATE")
    }

    @Test(arguments: [
        Agreement(),
        Agreement(purpose: String(repeating: "x", count: 2001)),
        Agreement(purpose: "p", confidentialityClauses: Array(repeating: "c", count: 21)),
        Agreement(purpose: "p", confidentialityClauses: [""]),
        Agreement(purpose: "p", sharingRules: Array(repeating: "c", count: 21)),
        Agreement(purpose: "p", sharingRules: [""]),
        Agreement(purpose: "p", limits: String(repeating: "x", count: 2001)),
    ])
    func textsAreBounded(draft: Agreement) {
        #expect(refusal { _ = try Agreement.drafted(draft, name: "a", revision: 1) } == "INVALID_FIELD")
    }

    @Test func revisionsAreBounded() {
        #expect(refusal { _ = try Agreement.drafted(draft, name: "a", revision: 200) } == nil)
        #expect(refusal { _ = try Agreement.drafted(draft, name: "a", revision: 201) } == "CAPACITY_FULL")
    }

    @Test func aDraftBringsNoSignaturesAlong() throws {
        var forged = draft
        forged.signatures = [Signature(person: coach), Signature(person: coachee)]
        forged.state = .signed
        let agreement = try Agreement.drafted(forged, name: "a", revision: 1)
        #expect(agreement.signatures.isEmpty && agreement.state == .draft)
    }
}

@Suite struct BreachTests {
    func breachCase(_ state: BreachCase.State) -> BreachCase {
        BreachCase(kind: .commitment, state: state, confirmTime: day(34).timestamp)
    }

    @Test(arguments: BreachCase.State.allCases)
    func theTrusteeAcknowledgesOnce(state: BreachCase.State) {
        var breachCase = breachCase(state)
        let reason = refusal { try breachCase.acknowledge(what: "w", effect: "e", change: "c", at: day(35)) }
        switch state {
        case .confirmed:
            #expect(reason == nil)
            #expect(breachCase.state == .acknowledged)
            #expect(breachCase.acknowledgement?.acknowledgeTime == day(35).timestamp)
        case .reported, .notConfirmed:
            #expect(reason == "BREACH_NOT_CONFIRMED")
        default:
            #expect(reason == "WRONG_STATE")
        }
    }

    @Test(arguments: BreachCase.State.allCases)
    func theTrustorAcceptsTheRepairOfWhatIsAcknowledged(state: BreachCase.State) {
        var breachCase = breachCase(state)
        let reason = refusal { try breachCase.acceptRepair(at: day(36)) }
        switch state {
        case .acknowledged:
            #expect(reason == nil)
            #expect(breachCase.state == .repaired)
            #expect(breachCase.repairTime == day(36).timestamp)
        case .reported, .notConfirmed:
            #expect(reason == "BREACH_NOT_CONFIRMED")
        default:
            #expect(reason == "WRONG_STATE")
        }
    }

    @Test(arguments: BreachCase.State.allCases)
    func onlyAnOpenCaseGoesUnrepaired(state: BreachCase.State) {
        var breachCase = breachCase(state)
        #expect(breachCase.goUnrepaired() == (state == .confirmed || state == .acknowledged))
    }

    @Test func theTimeForRepairIsNinetyDays() throws {
        #expect(try breachCase(.confirmed).repairDeadline() == day(124))
    }

    @Test(arguments: [("", "e", "c"), ("w", "", "c"), ("w", "e", ""), ("w", "e", String(repeating: "x", count: 2001))])
    func anAcknowledgementSaysAllThree(what: String, effect: String, change: String) {
        var breachCase = breachCase(.confirmed)
        #expect(
            refusal { try breachCase.acknowledge(what: what, effect: effect, change: change, at: day(35)) }
                == "INVALID_FIELD")
    }
}
