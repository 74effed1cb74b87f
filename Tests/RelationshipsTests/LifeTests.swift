import Schema
import ServiceKit
import Testing

@testable import Relationships

/// From the request to the work together, and who judges the time (docs/domain.md §6.1, rule 1).
@Suite struct LifeTests {
    @Test func aPairBeginsWithTwoSignatures() async throws {
        let pair = try await Pair.accepted(importing: true)
        let activate = ActivateRelationshipRequest(name: pair.name, occurredAt: day(-1).timestamp)
        #expect(
            await refusal { try await pair.service.activateRelationship(activate, pair.by(pair.coach)) }
                == "AGREEMENT_NOT_SIGNED")
        let draft = try await pair.service.reviseAgreement(
            ReviseAgreementRequest(
                parent: pair.name, agreement: Agreement(purpose: "quota"), occurredAt: day(-1).timestamp),
            pair.by(pair.coach))
        _ = try await pair.service.signAgreement(
            SignAgreementRequest(name: draft.name, occurredAt: day(-1).timestamp), pair.by(pair.coach))
        #expect(
            await refusal { try await pair.service.activateRelationship(activate, pair.by(pair.coach)) }
                == "AGREEMENT_NOT_SIGNED")
        _ = try await pair.service.signAgreement(
            SignAgreementRequest(name: draft.name, occurredAt: day(-1).timestamp), pair.by(pair.coachee))
        let active = try await pair.service.activateRelationship(activate, pair.by(pair.coach))
        #expect(active.state == .active && active.startTime == day(-1).timestamp)
        #expect(
            try await pair.events("relationship.") == [
                Fact("relationship.requested.v1", day(-2)), Fact("relationship.accepted.v1", day(-1)),
                Fact("relationship.activated.v1", day(-1)),
            ])
        #expect(
            try await pair.events("agreement.") == [
                Fact("agreement.revised.v1", day(-1)), Fact("agreement.signed.v1", day(-1)),
            ])
        guard case .relationshipChanged(let payload) = try await pair.lastEvent("relationship.activated.v1")?.payload
        else { throw Refusal.notFound("payload") }
        #expect(payload.relationship == active, "whole and with its etag: projections take it as it is")
    }

    @Test func nothingIsPromisedBeforeThePairIsActive() async throws {
        let pair = try await Pair.accepted(importing: true)
        #expect(await refusal { try await pair.promise(pair.coach, due: day(6), at: day(0)) } == "NOT_ACTIVE")
        #expect(await refusal { try await pair.session(on: day(7), at: day(0)) } == "NOT_ACTIVE")
        #expect(await refusal { try await pair.reach(day(0)) } == "NOT_ACTIVE")
    }

    @Test func aNewRevisionHoldsOnceBothHaveSignedIt() async throws {
        let pair = try await Pair.active(importing: true)
        let first = ReviseAgreementRequest(
            parent: pair.name, agreement: Agreement(purpose: "new role"), occurredAt: day(10).timestamp)
        _ = try await pair.service.reviseAgreement(first, pair.by(pair.coachee))
        let list = ListAgreementsRequest(parent: pair.name)
        let during = try await pair.service.listAgreements(list, pair.by(pair.coach)).agreements
        #expect(during.map(\.state) == [.signed, .draft], "the signed one holds until then")
        try await pair.signAgreement(at: day(11), purpose: "new manager")
        let after = try await pair.service.listAgreements(list, pair.by(pair.coach)).agreements
        #expect(after.map(\.state) == [.superseded, .superseded, .signed])
        #expect(after.map(\.revision) == [1, 2, 3])
        #expect(after.map(\.purpose) == ["win back the quota", "new role", "new manager"], "texts never change")
    }

    @Test func theOtherPartyAccepts() async throws {
        var pair = try await Pair.strangers()
        let name = try await pair.request().name
        let accept = AcceptRequestRequest(name: name)
        #expect(
            await refusal { try await pair.service.acceptRequest(accept, pair.by(pair.coachee)) } == "ROLE_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.acceptRequest(accept, pair.by(pair.person("other"))) } == "NOT_PARTY"
        )
        #expect(try await pair.service.acceptRequest(accept, pair.by(pair.coach)).state == .accepted)
        // What an administrator asks for, either party may accept: both sign the agreement anyway.
        pair = try await Pair.strangers()
        let asked = try await pair.service.requestRelationship(
            RequestRelationshipRequest(
                parent: pair.organization,
                relationship: Relationship(programme: pair.programme, trustee: pair.coach, trustor: pair.coachee)),
            pair.admin)
        #expect(
            try await pair.service.acceptRequest(AcceptRequestRequest(name: asked.name), pair.by(pair.coachee)).state
                == .accepted)
    }

    @Test func aRequestExpiresAfterFourteenDaysAndMayThenBeMadeAgain() async throws {
        let pair = try await Pair.strangers()
        let name = try await pair.request().name
        #expect(await refusal { try await pair.request() } == "DUPLICATE_RELATIONSHIP")
        #expect(await refusal { try await pair.request(trustee: pair.coachee, trustor: pair.coach) } == nil, "ordered")
        try await pair.host.advance(days: 13)
        #expect(await refusal { try await pair.request() } == "DUPLICATE_RELATIONSHIP")
        try await pair.host.advance(days: 1)
        let expired = try await pair.service.getRelationship(GetRelationshipRequest(name: name), pair.by(pair.coach))
        #expect(expired.state == .expired)
        #expect(
            await refusal {
                try await pair.service.acceptRequest(AcceptRequestRequest(name: name), pair.by(pair.coach))
            }
                == "WRONG_STATE")
        #expect(await refusal { try await pair.request() } == nil)
    }

    @Test func anAcceptanceOnTheFourteenthDayIsInTime() async throws {
        let pair = try await Pair.strangers(importing: true)
        let name = try await pair.request(at: day(0)).name
        let late = AcceptRequestRequest(name: name, occurredAt: day(14).next.timestamp)
        #expect(await refusal { try await pair.service.acceptRequest(late, pair.by(pair.coach)) } == "WRONG_STATE")
        let inTime = AcceptRequestRequest(name: name, occurredAt: day(14).timestamp)
        #expect(try await pair.service.acceptRequest(inTime, pair.by(pair.coach)).state == .accepted)
    }

    @Test func aRequestNamesPeopleAndAProgrammeOfTheOrganisation() async throws {
        let pair = try await Pair.strangers()
        for (field, value) in [
            ("trustee", "organizations/acme/people/nobody"), ("trustee", "organizations/else/people/coach"),
            ("programme", "organizations/acme/programmes/none"), ("programme", "organizations/else/programmes/sales"),
        ] {
            var draft = Relationship(programme: pair.programme, trustee: pair.coach, trustor: pair.coachee)
            if field == "trustee" { draft.trustee = value } else { draft.programme = value }
            #expect(
                await refusal {
                    try await pair.service.requestRelationship(
                        RequestRelationshipRequest(parent: pair.organization, relationship: draft),
                        pair.by(pair.coachee))
                } == "INVALID_FIELD")
        }
        #expect(await refusal { try await pair.request(by: pair.person("other")) } == "NOT_PARTY")
    }

    @Test func theReportingLineIsFollowedUpwards() async throws {
        let pair = try await Pair.strangers(
            programme: Programme(displayName: "Sales", kind: .coaching, excludeReportingLine: true))
        #expect(await refusal { try await pair.request(trustee: pair.person("lead")) } == "REPORTING_LINE")
        #expect(await refusal { try await pair.request(trustee: pair.person("boss")) } == "REPORTING_LINE")
        #expect(await refusal { try await pair.request(trustee: pair.coach) } == nil)
        let open = try await Pair.strangers()
        #expect(try await open.request(trustee: open.person("lead")).dualRole)
    }

    // MARK: Which clock

    @Test func theWallClockJudgesWhatIsNotImported() async throws {
        let pair = try await Pair.active()
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.host.advance(days: 8)
        #expect(try await pair.commitment(promise).state == .accepted, "day 6")
        try await pair.host.advance(days: 1)
        #expect(try await pair.commitment(promise).state == .missed, "day 7")
        try await pair.host.advance(days: 7)
        #expect(try await pair.commitment(promise).state == .abandoned, "day 14")
        #expect(
            try await pair.events("commitment.").suffix(2) == [
                Fact("commitment.missed.v1", day(7)), Fact("commitment.abandoned.v1", day(14)),
            ])
    }

    @Test func anImportKnowsNoWallClockUntilItEnds() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.host.advance(days: 30)
        #expect(try await pair.commitment(promise).state == .accepted)
        let finish = FinishImportRequest(name: pair.name)
        let stranger = pair.host.context(person: pair.coach)
        #expect(await refusal { try await pair.service.finishImport(finish, stranger) } == "ROLE_FORBIDDEN")
        let finished = try await pair.service.finishImport(finish, pair.by(pair.coach))
        #expect(!finished.importing)
        #expect(try await pair.commitment(promise).state == .abandoned)
        #expect(
            try await pair.events("commitment.").suffix(2) == [
                Fact("commitment.missed.v1", day(7)), Fact("commitment.abandoned.v1", day(14)),
            ], "at their own instants")
        #expect(try await pair.events("breach.unrepaired") == [Fact("breach.unrepaired.v1", day(97))])
        #expect(try await pair.service.finishImport(finish, pair.by(pair.coach)).etag == finished.etag, "once")
        let live = CreateCommitmentRequest(
            parent: pair.name, commitment: Commitment(text: "next", dueTime: day(440).timestamp))
        #expect(await refusal { try await pair.service.createCommitment(live, pair.by(pair.coach)) } == nil)
        try await pair.host.advance(days: 30)
        #expect(try await pair.events("commitment.lapsed") == [Fact("commitment.lapsed.v1", day(440))])
    }

    @Test func anImportMayEndAtAnInstantOfThePast() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        _ = try await pair.service.finishImport(
            FinishImportRequest(name: pair.name, occurredAt: day(3).timestamp), pair.by(pair.coach))
        #expect(try await pair.commitment(promise).state == .accepted)
        try await pair.host.advance()
        #expect(try await pair.commitment(promise).state == .abandoned, "the wall clock shows day 400")
    }

    @Test func datesNeedTheImportScope() async throws {
        let pair = try await Pair.active(importing: true)
        let plain = pair.host.context(person: pair.coach)
        let commitment = Commitment(text: "review", dueTime: day(6).timestamp)
        #expect(
            await refusal {
                try await pair.service.createCommitment(
                    CreateCommitmentRequest(parent: pair.name, commitment: commitment, occurredAt: day(0).timestamp),
                    plain)
            } == "ROLE_FORBIDDEN")
        #expect(
            await refusal {
                try await pair.service.createCommitment(
                    CreateCommitmentRequest(parent: pair.name, commitment: commitment), plain)
            } == "IMPORTING")
        #expect(
            await refusal {
                try await pair.service.createCommitment(
                    CreateCommitmentRequest(parent: pair.name, commitment: commitment, occurredAt: day(401).timestamp),
                    pair.by(pair.coach))
            } == "FUTURE_EVENT")
        let imported = Relationship(
            programme: pair.programme, trustee: pair.coachee, trustor: pair.coach, importing: true)
        #expect(
            await refusal {
                try await pair.service.requestRelationship(
                    RequestRelationshipRequest(parent: pair.organization, relationship: imported), plain)
            } == "ROLE_FORBIDDEN")
        #expect(
            await refusal {
                try await pair.service.requestRelationship(
                    RequestRelationshipRequest(parent: pair.organization, relationship: imported), pair.by(pair.coach))
            } == "IMPORTING")
    }

    // MARK: Once

    @Test func aRepeatedRequestTakesEffectOnce() async throws {
        let pair = try await Pair.active(importing: true)
        var request = CreateCommitmentRequest(
            parent: pair.name, commitment: Commitment(text: "review", dueTime: day(6).timestamp),
            requestId: "0f8fad5b-d9cb-469f-a165-70867728950e", occurredAt: day(0).timestamp)
        let first = try await pair.service.createCommitment(request, pair.by(pair.coach))
        let again = try await pair.service.createCommitment(request, pair.by(pair.coach))
        #expect(again == first)
        #expect(try await pair.events("commitment.").count == 1)
        request.commitment?.text = "another"
        #expect(
            await refusal { try await pair.service.createCommitment(request, pair.by(pair.coach)) }
                == "REQUEST_ID_REUSED")
    }
}
