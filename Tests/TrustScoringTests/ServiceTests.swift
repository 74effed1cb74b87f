import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// Who may ask what, and within which limits (docs/domain.md §6.4, §6.7, §6.9).
@Suite struct ServiceTests {
    private func told() async throws -> Pair {
        let pair = try await Pair(now: 87)
        let events = CaseStudyEvents(pair.facts)
        try await pair.tell(events.relationships + events.feedback + events.goals)
        return pair
    }

    @Test func onlyTheTwoAndServicesForThePurposeOfCoaching() async throws {
        let pair = try await told()
        let request = GetTrustProfileRequest(name: pair.profileName)
        func asked(_ context: ServerContext) async -> String? {
            await reason { try await pair.service.getTrustProfile(request, context) }
        }
        #expect(await asked(pair.context(coach)) == nil)
        #expect(await asked(pair.context(coachee)) == nil)
        #expect(await asked(pair.host.context(service: "gateway")) == nil)
        #expect(await asked(pair.context("organizations/acme/people/hr")) == "NOT_PARTY")
        #expect(
            await asked(
                pair.context("organizations/acme/people/admin", purpose: "programme_admin", roles: ["programme_admin"]))
                == "NOT_PARTY")
        #expect(await asked(pair.context("organizations/other/people/coach")) == "NOT_PARTY")
        for purpose in ["", "programme_admin", "privacy", "audit", "appraisal"] {
            #expect(await asked(pair.context(coachee, purpose: purpose)) == "PURPOSE_MISSING")
        }
        #expect(await asked(ServerContext(method: "test.Service/Method")) == "TOKEN_MISSING")
    }

    @Test func everyAnswerAboutTrustNeedsThePurpose() async throws {
        let pair = try await told()
        let (service, name) = (pair.service, pair.relationship.name)
        let context = pair.context(coachee, purpose: "audit")
        let evidence = try #require(try await pair.evidence().first?.name)
        let calls: [() async throws -> any Sendable] = [
            {
                try await service.getProfileAt(
                    GetProfileAtRequest(name: pair.profileName, asOf: day(3).timestamp), context)
            },
            { try await service.explainChange(ExplainChangeRequest(name: name), context) },
            { try await service.whatIf(WhatIfRequest(name: name), context) },
            { try await service.listEvidence(ListEvidenceRequest(parent: name), context) },
            { try await service.getEvidence(GetEvidenceRequest(name: evidence), context) },
            { try await service.verifyReplay(VerifyReplayRequest(name: name), context) },
            {
                try await service.watchTrustProfile(
                    WatchTrustProfileRequest(name: pair.profileName), context, ResponseWriter { _ in })
                return 0
            },
        ]
        for call in calls {
            #expect(
                await reason {
                    _ = try await call()
                    return 0
                } == "PURPOSE_MISSING")
        }
    }

    @Test func fromTheStartToFourHundredDaysAhead() async throws {
        let pair = try await told()
        func asked(_ instant: Instant?) async -> String? {
            await reason {
                try await pair.service.getProfileAt(
                    GetProfileAtRequest(name: pair.profileName, asOf: instant?.timestamp), pair.context())
            }
        }
        #expect(await asked(day(-1)) == nil)
        #expect(await asked(Instant(microseconds: day(-1).microseconds - 1)) == "AS_OF_BEFORE_START")
        #expect(await asked(day(87 + 400)) == nil)
        #expect(await asked(day(87 + 401)) == "AS_OF_TOO_FAR")
        #expect(await asked(nil) == "INVALID_FIELD")
        let vacuous = try await pair.profile(at: day(-1))
        #expect(vacuous.score == 0.5 && vacuous.band == .insufficientEvidence && vacuous.evidenceCount == 0)
        #expect(vacuous.components.allSatisfy { $0.observedRate == nil })
    }

    @Test func nothingToMeasureBeforeTheRelationshipBegins() async throws {
        let pair = try await Pair(now: 0)
        var relationship = pair.relationship
        relationship.startTime = nil
        relationship.etag = "\"3\""
        try await pair.host.put(relationship)
        try await pair.tell(pair.facts.held("s", start: day(0)))
        #expect(await reason { try await pair.profile() } == "NOT_ACTIVE")
        // Its start comes with a later event: what was known before counts.
        relationship.startTime = day(-1).timestamp
        relationship.etag = "\"4\""
        try await pair.host.put(relationship)
        #expect(try await pair.profile().evidenceCount == 1)
    }

    @Test func malformedNamesAndUnknownResources() async throws {
        let pair = try await told()
        #expect(
            await reason {
                try await pair.service.getTrustProfile(
                    GetTrustProfileRequest(name: pair.relationship.name), pair.context())
            } == "BAD_NAME")
        let missing = pair.facts.name("evidence", "01900000-0000-7000-8000-000000000000")
        #expect(
            await reason { try await pair.service.getEvidence(GetEvidenceRequest(name: missing), pair.context()) }
                == "NOT_FOUND")
        #expect(
            await reason {
                try await pair.service.getEvidence(
                    GetEvidenceRequest(name: pair.facts.name("evidence", "first")), pair.context())
            } == "NOT_FOUND")
    }

    @Test func explainsTheLastWeekUnlessAskedOtherwise() async throws {
        let pair = try await told()
        let explanation = try await pair.service.explainChange(
            ExplainChangeRequest(name: pair.relationship.name), pair.context())
        let to = try Instant(#require(explanation.to))
        #expect(explanation.from == to.advanced(byDays: -7).timestamp)
        #expect(near(explanation.scoreTo - explanation.scoreFrom, explanation.change, 1e-15))
        pair.set(now: 2)
        let young = try await pair.service.explainChange(
            ExplainChangeRequest(name: pair.relationship.name), pair.context())
        #expect(young.from == day(-1).timestamp)
        #expect(
            await reason {
                try await pair.service.explainChange(
                    ExplainChangeRequest(name: pair.relationship.name, from: day(2).timestamp, to: day(1).timestamp),
                    pair.context())
            } == "INVALID_FIELD")
        #expect(
            await reason {
                try await pair.service.explainChange(
                    ExplainChangeRequest(name: pair.relationship.name, from: day(-2).timestamp), pair.context())
            } == "AS_OF_BEFORE_START")
    }

    @Test func everyLineSaysSomething() async throws {
        let pair = try await told()
        let explanation = try await pair.service.explainChange(
            ExplainChangeRequest(name: pair.relationship.name, from: day(0).timestamp, to: day(87).timestamp),
            pair.context())
        #expect(explanation.lines.count > 40)
        for line in explanation.lines {
            #expect(!line.text.isEmpty && !line.text.contains("_") && !line.text.contains("."))
        }
    }

    @Test func theLimitsOfHypotheses() async throws {
        let pair = try await told()
        func supposed(_ events: [HypotheticalEvent]) async -> String? {
            await reason {
                try await pair.service.whatIf(
                    WhatIfRequest(name: pair.relationship.name, events: events, asOf: day(87).timestamp), pair.context()
                )
            }
        }
        let kept = HypotheticalEvent(kind: "commitment.kept")
        #expect(await supposed([]) == nil)
        #expect(await supposed(Array(repeating: kept, count: 50)) == nil)
        #expect(await supposed(Array(repeating: kept, count: 51)) == "TOO_MANY_HYPOTHESES")
        #expect(await supposed([HypotheticalEvent(kind: "commitment.forgotten")]) == "UNKNOWN_KIND")
        #expect(await supposed([HypotheticalEvent(kind: "commitment.kept", value: 1)]) == "INVALID_FIELD")
        #expect(await supposed([HypotheticalEvent(kind: "pulse.honest")]) == "INVALID_FIELD")
        #expect(await supposed([HypotheticalEvent(kind: "goal.gas", value: 3)]) == "INVALID_FIELD")
        #expect(await supposed([HypotheticalEvent(kind: "commitment.kept_late", value: 3)]) == nil)
        #expect(await supposed([HypotheticalEvent(kind: "goal.gas", value: -2, occurredAt: day(80).timestamp)]) == nil)
        #expect(
            await supposed([HypotheticalEvent(kind: "commitment.kept", occurredAt: day(88).timestamp)])
                == "INVALID_FIELD")
        #expect(
            await supposed([HypotheticalEvent(kind: "commitment.kept", occurredAt: day(-2).timestamp)])
                == "INVALID_FIELD")
    }

    @Test func evidencePageByPage() async throws {
        let pair = try await told()
        let all = try await pair.evidence().map(\.name)
        var pages: [[String]] = []
        var token = ""
        repeat {
            let page = try await pair.service.listEvidence(
                ListEvidenceRequest(parent: pair.relationship.name, pageSize: 7, pageToken: token), pair.context())
            pages.append(page.evidence.map(\.name))
            token = page.nextPageToken
        } while !token.isEmpty
        #expect(pages.flatMap(\.self) == all)
        #expect(pages.map(\.count) == [7, 7, 7, 7, 7, 7, 7, 7, 5])
        let ordinary = try await pair.service.listEvidence(
            ListEvidenceRequest(parent: pair.relationship.name), pair.context())
        #expect(ordinary.evidence.count == 50)
        func refused(_ size: Int32, _ token: String) async -> String? {
            await reason {
                try await pair.service.listEvidence(
                    ListEvidenceRequest(parent: pair.relationship.name, pageSize: size, pageToken: token),
                    pair.context())
            }
        }
        #expect(await refused(-1, "") == "INVALID_FIELD")
        #expect(await refused(0, "nonsense") == "BAD_PAGE_TOKEN")
    }

    @Test func thePolicyInForce() async throws {
        let pair = try await told()
        let policy = try await pair.service.getPolicy(
            GetPolicyRequest(name: "organizations/acme/policies/standard-1"),
            pair.context("organizations/acme/people/hr", purpose: "audit"))
        #expect(policy.state == .active)
        #expect(policy.components.map(\.halfLifeDays) == [90, 180, 120, 90])
        #expect(policy.components.map(\.negativity) == [1.5, 2, 1, 1.25])
        #expect(policy.components.map(\.repair) == [0.35, 0.10, 0.35, 0.35])
        #expect(policy.components.allSatisfy { $0.baseRate == 0.5 && $0.weight == 0.25 })
        #expect(policy.priorWeight == 2)
        #expect(
            await reason {
                try await pair.service.getPolicy(
                    GetPolicyRequest(name: "organizations/acme/policies/mine"), pair.context())
            } == "NOT_FOUND")
        #expect(
            await reason {
                try await pair.service.getPolicy(
                    GetPolicyRequest(name: "organizations/other/policies/standard-1"), pair.context())
            } == "NOT_PARTY")
    }
}
