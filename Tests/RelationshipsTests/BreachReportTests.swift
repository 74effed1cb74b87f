import Schema
import ServiceKit
import Testing

@testable import Relationships

/// Reported breaches, disclosures and credentials (docs/domain.md rules 9 and 25).
@Suite struct BreachReportTests {
    func report(
        _ pair: Pair, _ kind: BreachCase.Kind = .confidentiality, subject: String = "", by person: String,
        at instant: Instant = day(5)
    ) async throws -> BreachCase {
        try await pair.service.reportBreach(
            ReportBreachRequest(
                parent: pair.name, breachCase: BreachCase(kind: kind, subject: subject, statement: "told my manager"),
                occurredAt: pair.at(instant)), pair.by(person))
    }

    func find(
        _ pair: Pair, _ breachCase: BreachCase, _ confirmed: Bool, by person: String, at instant: Instant = day(6)
    ) async throws -> BreachCase {
        try await pair.service.recordFinding(
            RecordFindingRequest(name: breachCase.name, confirmed: confirmed, occurredAt: pair.at(instant)),
            pair.by(person))
    }

    @Test func bothPartiesConfirmWhatWasReported() async throws {
        let pair = try await Pair.active(importing: true)
        let reported = try await report(pair, by: pair.coachee)
        #expect(reported.state == .reported && reported.reportedBy == pair.coachee)
        #expect(await refusal { try await pair.acknowledge(reported.name, at: day(6)) } == "BREACH_NOT_CONFIRMED")
        #expect(try await find(pair, reported, true, by: pair.coachee).state == .reported)
        #expect(try await find(pair, reported, false, by: pair.coach).state == .reported, "they differ")
        #expect(try await pair.events("breach.").isEmpty, "a report is no evidence")
        #expect(try await find(pair, reported, true, by: pair.coach, at: day(7)).state == .confirmed)
        #expect(try await pair.events("breach.") == [Fact("breach.confirmed.v1", day(7))])
        #expect(await refusal { try await find(pair, reported, true, by: pair.coach) } == "WRONG_STATE")
        try await pair.reach(day(97))
        #expect(try await pair.breachCases().map(\.state) == [.confirmed])
        try await pair.reach(day(97).next)
        #expect(try await pair.events("breach.unrepaired") == [Fact("breach.unrepaired.v1", day(97))])
        #expect(await refusal { try await pair.acknowledge(reported.name, at: day(98)) } == "WRONG_STATE")
    }

    @Test(
        "D3 T1 and T2: a confirmed breach of confidence is said aloud in the transaction of the finding; the coach's own report is not"
    )
    func aConfirmedBreachOfConfidenceIsATransparencyMatter() async throws {
        for (kind, rule) in [
            (BreachCase.Kind.confidentiality, TransparencyRule.sharedOutsideAgreement),
            (.recordAltered, .changedInSilence),
        ] {
            for isCoachees in [true, false] {
                let pair = try await Pair.active(importing: true)
                let reported = try await report(pair, kind, by: isCoachees ? pair.coachee : pair.coach)
                for person in [pair.coach, pair.coachee] { _ = try await find(pair, reported, true, by: person) }
                let broken = try await pair.lastEvent("transparency.broken.v1")
                guard isCoachees else {
                    #expect(broken == nil)
                    continue
                }
                guard case .transparencyBroken(let told)? = broken?.payload else { throw Refusal.notFound("the event") }
                #expect(told.rule == rule && told.subject == reported.name && broken?.occurredAt == day(6).timestamp)
            }
        }
    }

    @Test func theProgrammesOmbudspersonFindsAlone() async throws {
        let pair = try await Pair.active()
        let reported = try await report(pair, .recordAltered, by: pair.coachee)
        let own = try await pair.agreed(pair.coach, due: day(0), at: day(0))
        let other = pair.person("other")
        let get = GetBreachCaseRequest(name: reported.name)
        #expect(await refusal { try await find(pair, reported, true, by: other) } == "NOT_PARTY")
        #expect(await refusal { try await pair.service.getBreachCase(get, pair.by(other)) } == "NOT_PARTY")
        _ = try await pair.service.updateProgramme(
            UpdateProgrammeRequest(
                programme: Programme(name: pair.programme, ombudsperson: other),
                updateMask: .init(paths: ["ombudsperson"])), pair.admin)
        #expect(try await pair.service.getBreachCase(get, pair.by(other)).statement == "told my manager")
        #expect(try await find(pair, reported, true, by: other).state == .confirmed)
        let event = try #require(try await pair.lastEvent("breach.confirmed.v1"))
        #expect(event.actor == other && event.actorRole == .other)
        // What opens by itself is the pair's alone.
        try await pair.host.advance(days: 3)
        let missed = GetBreachCaseRequest(name: try await pair.commitment(own).breachCase)
        #expect(await refusal { try await pair.service.getBreachCase(missed, pair.by(other)) } == "NOT_PARTY")
    }

    @Test func whatIsNotConfirmedHasNoConsequence() async throws {
        let pair = try await Pair.active(importing: true)
        let reported = try await report(pair, by: pair.coach)
        for person in [pair.coach, pair.coachee] { _ = try await find(pair, reported, false, by: person) }
        #expect(try await pair.breachCases().map(\.state) == [.notConfirmed])
        #expect(try await pair.events("breach.") == [Fact("breach.not_confirmed.v1", day(6))])
    }

    @Test func aReportIsChecked() async throws {
        let pair = try await Pair.active(importing: true)
        for kind in [BreachCase.Kind.commitment, .attendance, .unspecified, .unrecognized(9)] {
            #expect(await refusal { try await report(pair, kind, by: pair.coachee) } == "INVALID_FIELD")
        }
        #expect(
            await refusal { try await report(pair, subject: "organizations/acme/people/x", by: pair.coachee) }
                == "INVALID_FIELD")
        #expect(await refusal { try await report(pair, by: pair.person("other")) } == "NOT_PARTY")
        #expect(
            try await report(pair, subject: "\(pair.name)/decisions/1", by: pair.coachee).subject.hasSuffix("/1"))
    }

    @Test func aConflictIsToldAndReadByBoth() async throws {
        let pair = try await Pair.active(importing: true)
        let disclosure = try await pair.service.discloseConflict(
            DiscloseConflictRequest(
                parent: pair.name, conflictDisclosure: ConflictDisclosure(text: "your manager is my brother"),
                occurredAt: day(1).timestamp), pair.by(pair.coach))
        #expect(disclosure.author == pair.coach)
        let list = ListConflictDisclosuresRequest(parent: pair.name)
        #expect(
            try await pair.service.listConflictDisclosures(list, pair.by(pair.coachee)).conflictDisclosures
                == [disclosure])
        #expect(
            try await pair.service.getConflictDisclosure(
                GetConflictDisclosureRequest(name: disclosure.name), pair.by(pair.coachee)) == disclosure)
        #expect(await refusal { try await pair.service.listConflictDisclosures(list, pair.admin) } == "NOT_PARTY")
        let event = try #require(try await pair.lastEvent("conflict.disclosed.v1"))
        #expect(event.actorRole == .trustee && !"\(event)".contains("brother"))
    }

    @Test func anAdministratorVerifiesACredentialOnce() async throws {
        let pair = try await Pair.active()
        let verify = VerifyCredentialRequest(parent: pair.name, credential: Credential(title: "ICF PCC"))
        #expect(
            await refusal { try await pair.service.verifyCredential(verify, pair.by(pair.coach)) } == "ROLE_FORBIDDEN")
        let coach = pair.host.context(person: pair.coach, roles: ["programme_admin"])
        #expect(await refusal { try await pair.service.verifyCredential(verify, coach) } == "ROLE_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.verifyCredential(verify, pair.by(pair.person("other"))) }
                == "NOT_PARTY")
        let credential = try await pair.service.verifyCredential(verify, pair.admin)
        #expect(credential.person == pair.coach && credential.verifier == pair.person("admin"))
        #expect(await refusal { try await pair.service.verifyCredential(verify, pair.admin) } == "WRONG_STATE")
        let list = ListCredentialsRequest(parent: pair.name)
        #expect(try await pair.service.listCredentials(list, pair.by(pair.coachee)).credentials == [credential])
        #expect(
            try await pair.service.getCredential(GetCredentialRequest(name: credential.name), pair.by(pair.coach))
                == credential)
        guard case .credentialVerified(let payload) = try await pair.lastEvent("credential.verified.v1")?.payload
        else { throw Refusal.notFound("payload") }
        #expect(payload.person == pair.coach)
    }
}
