import HTTP
import Protobuf
import RPC
import Schema
import ServiceKit
import Standard
import Testing

@testable import Gateway

/// docs/domain.md §6.5: one section failing never fails the view.
@Suite(.timeLimit(.minutes(1))) struct CoachViewTests {
    private static let coach = TestServices.coach
    private static let coachee = TestServices.coachee

    private static func services() -> TestServices {
        let now = ServiceClock().now
        var services = TestServices()
        services.relationships += [
            Relationship(name: "p2", trustee: "organizations/acme/people/x", trustor: coach, state: .active),
            Relationship(name: "p3", trustee: coach, trustor: "organizations/acme/people/y", state: .paused),
            Relationship(name: "p4", trustee: coach, trustor: "organizations/acme/people/z", state: .ended),
        ]
        services.commitments = [
            Commitment(name: "theirs", owner: coachee, state: .accepted),
            Commitment(name: "kept", owner: coach, state: .kept),
            Commitment(name: "mine", owner: coach, state: .proposed),
        ]
        services.sessions = [
            Session(name: "later", startTime: now.adding(days: 6).timestamp, state: .scheduled),
            Session(name: "held", startTime: now.adding(days: -1).timestamp, state: .held),
            Session(name: "next", startTime: now.adding(days: 1).timestamp, state: .scheduled),
            Session(name: "far", startTime: now.adding(days: 8).timestamp, state: .scheduled),
        ]
        services.goals = [Goal(name: "done", state: .achieved), Goal(name: "running", state: .active)]
        return services
    }

    @Test func sectionsFailAlone() async throws {
        var methods = Self.services().methods
        methods["feedback"] = [
            .unary(feedback, "ListFeedback") { (_: ListFeedbackRequest, _) -> ListFeedbackResponse in
                throw RPCError(.permissionDenied, reason: "NOT_PARTY", "no")
            }
        ]
        methods["trust-scoring"] = nil
        try await TestGateway.run(methods) { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer.status == 200)
            #expect(answer["state"] == .string("OK"))
            #expect(answer["pairs.0.relationship.name"] == .string(pair))
            #expect(answer["pairs.1.relationship.name"] == .string("p3"))
            #expect(answer["pairs.2"] == nil)
            for pair in ["pairs.0", "pairs.1"] {
                #expect(answer["\(pair).commitments.state"] == .string("OK"))
                #expect(answer["\(pair).commitments.commitments.0.name"] == .string("mine"))
                #expect(answer["\(pair).commitments.commitments.1.name"] == .string("theirs"))
                #expect(answer["\(pair).commitments.commitments.2"] == nil)
                #expect(answer["\(pair).sessions.sessions.0.name"] == .string("next"))
                #expect(answer["\(pair).sessions.sessions.1.name"] == .string("later"))
                #expect(answer["\(pair).sessions.sessions.2"] == nil)
                #expect(answer["\(pair).goals.goals.0.name"] == .string("running"))
                #expect(answer["\(pair).goals.goals.1"] == nil)
                #expect(answer["\(pair).feedback.state"] == .string("NOT_PERMITTED"))
                #expect(answer["\(pair).trust.state"] == .string("UNREACHABLE"))
                // What waits is known in part only.
                #expect(answer["\(pair).obligations.state"] == .string("NOT_PERMITTED"))
                #expect(answer["\(pair).obligations.obligations.0.subject"] == .string("held"))
            }
            // The same as gRPC.
            try await test.withChannel { channel, options in
                let view = try await ViewsServiceClient(channel).getCoachView(GetCoachViewRequest(), options: options)
                #expect(view.pairs.map { $0.relationship?.name } == [pair, "p3"])
            }
        }
    }

    @Test func aSlowSectionHasOneSecond() async throws {
        var methods = Self.services().methods
        methods["trust-scoring"] = [
            .unary(trust, "GetTrustProfile") { (_: GetTrustProfileRequest, _) -> TrustProfile in
                try await Task.sleep(for: .seconds(60))
                return TrustProfile()
            }
        ]
        try await TestGateway.run(methods, timeouts: Timeouts(read: .seconds(40), write: .seconds(50))) { test in
            let start = ContinuousClock.now
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.0.trust.state"] == .string("UNREACHABLE"))
            #expect(answer["pairs.0.commitments.state"] == .string("OK"))
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    @Test func aCoachIsToldWhatCouldBeDoneNext() async throws {
        var services = Self.services()
        services.index = SustainingIndex(value: 0.6, weakest: .reflection)
        services.actions = [SuggestedAction(kind: "recognition.given"), SuggestedAction(kind: "decision.explained")]
        services.requests = [
            FeedbackRequest(name: "asked", giver: Self.coach, state: .open),
            FeedbackRequest(name: "declined", giver: Self.coach, state: .declined),
        ]
        try await TestGateway.run(services.methods) { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.0.sustaining.index.weakest"] == .string("REFLECTION"))
            #expect(answer["pairs.0.actions.actions.1.kind"] == .string("decision.explained"))
            #expect(answer["pairs.0.obligations.state"] == .string("OK"))
            #expect(answer.text.contains(#"{"kind":"ANSWER_FEEDBACK_REQUEST","subject":"asked""#))
            #expect(!answer.text.contains("declined"))
        }
    }

    @Test func whatNeedsAConversationAndWhatAReminder() async throws {
        var services = Self.services()
        services.alerts = [
            Alert(name: "a1", level: .alert, state: .resolved), Alert(name: "a2", level: .alert, state: .planSet),
            Alert(name: "a3", level: .watch, state: .open),
        ]
        services.monitors = [
            Monitor(name: "m1", kind: .contactGap, status: .fine), Monitor(name: "m2", kind: .staleGoal, status: .due),
        ]
        try await TestGateway.run(services.methods) { test in
            for path in ["/v1/views/coach", "/v1/views/coachee"] {
                let answer = try await test.send("GET", path)
                #expect(answer["pairs.0.alerts.alerts.0.name"] == .string("a2"))
                #expect(answer["pairs.0.alerts.alerts.1.name"] == .string("a3"))
                #expect(answer["pairs.0.alerts.alerts.2"] == nil)
                #expect(answer["pairs.0.reminders.monitors.0.name"] == .string("m2"))
                #expect(answer["pairs.0.reminders.monitors.1"] == nil)
            }
        }
    }

    @Test func suppressedIsNotForbidden() async throws {
        var methods = Self.services().methods
        methods["feedback"] = [
            .unary(feedback, "ListFeedback") { (_: ListFeedbackRequest, _) -> ListFeedbackResponse in
                throw RPCError(.permissionDenied, reason: "SUPPRESSED", "too few")
            }
        ]
        try await TestGateway.run(methods) { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.0.feedback.state"] == .string("SUPPRESSED"))
        }
    }

    /// A view must not cost more the longer a pair knows each other.
    @Test func aPairCostsABoundedNumberOfCalls() async throws {
        var services = Self.services()
        services.relationships.removeAll { $0.name != pair }
        services.commitments = (0..<2000).map { Commitment(name: "c\($0)", owner: Self.coach, state: .accepted) }
        try await TestGateway.run(services.methods) { [services] test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.0.commitments.commitments.99"] != nil)
            #expect(answer["pairs.0.commitments.commitments.100"] == nil)
            // At most: a call that its deadline overtakes on a busy machine never arrives.
            #expect(services.calls.all.values.allSatisfy { $0 == 1 })
            #expect(services.calls.all.count <= 12)
        }
    }

    @Test func moreThanFiftyPairsAreCut() async throws {
        var services = TestServices()
        services.relationships = (0..<51).map { Relationship(name: "p\($0)", trustee: Self.coach, state: .active) }
        try await TestGateway.run(["relationships": services.relationshipsMethods]) { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.49.relationship.name"] == .string("p49"))
            #expect(answer["pairs.50"] == nil)
            #expect(answer["truncated"] == .bool(true))
        }
    }

    @Test func withoutRelationshipsTheViewSaysWhy() async throws {
        try await TestGateway.run { test in
            for path in ["/v1/views/coach", "/v1/views/coachee"] {
                let answer = try await test.send("GET", path)
                #expect(answer.status == 200)
                #expect(answer["state"] == .string("UNREACHABLE"))
                #expect(answer["pairs"] == .array([]))
            }
        }
    }

    @Test(arguments: ["/v1/views/coach", "/v1/views/coachee", "/v1/\(pair):sessionBrief"])
    func aViewNeedsAPerson(_ path: String) async throws {
        try await TestGateway.run { test in
            let client = try await TestClient(test.endpoint)
            defer { client.close() }
            for try await part in client.request("GET", path, [:], body: []) {
                if case .head(let head) = part { #expect(head.status == 401) }
            }
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct CoacheeViewTests {
    private static let coach = TestServices.coach
    private static let coachee = TestServices.coachee

    /// docs/domain.md §6.5: what my coach promised and kept.
    @Test func aCoacheeSeesWhatTheCoachPromised() async throws {
        let now = ServiceClock().now
        var services = TestServices()
        services.relationships.append(
            Relationship(name: "p2", trustee: Self.coachee, trustor: Self.coach, state: .active))
        services.commitments = [
            Commitment(name: "own", owner: Self.coachee, state: .accepted),
            Commitment(name: "open", owner: Self.coach, state: .accepted),
            Commitment(name: "kept", owner: Self.coach, state: .kept, resolveTime: now.adding(days: -27).timestamp),
            Commitment(name: "old", owner: Self.coach, state: .kept, resolveTime: now.adding(days: -29).timestamp),
        ]
        services.feedback = [
            FeedbackItem(name: "mine", receiver: Self.coachee, kind: .constructive, state: .acknowledged),
            FeedbackItem(name: "thanks", receiver: Self.coachee, kind: .recognition, state: .acknowledged),
            FeedbackItem(name: "theirs", receiver: Self.coach, kind: .constructive, state: .delivered),
        ]
        services.explanations[Self.coachee] = Explanation(
            change: 0.2, lines: (0..<9).map { Explanation.Line(contribution: 1 / Double($0 + 1)) })
        try await TestGateway.run(services.methods) { test in
            let answer = try await test.send(
                "GET", "/v1/views/coachee", ["authorization": "Bearer \(try await test.token(Self.coachee))"])
            #expect(answer["pairs.0.relationship.name"] == .string(pair))
            #expect(answer["pairs.1"] == nil)
            #expect(answer["pairs.0.promises.commitments.0.name"] == .string("open"))
            #expect(answer["pairs.0.promises.commitments.1.name"] == .string("kept"))
            #expect(answer["pairs.0.promises.commitments.2"] == nil)
            #expect(answer["pairs.0.feedback.items.0.name"] == .string("mine"))
            #expect(answer["pairs.0.feedback.items.1"] == nil)
            #expect(answer["pairs.0.obligations.obligations.0.subject"] == .string("mine"))
            #expect(answer["pairs.0.obligations.obligations.1.subject"] == .string("own"))
            #expect(answer["pairs.0.obligations.obligations.2"] == nil)
            #expect(answer["pairs.0.options"] == .array([.string("PAUSE"), .string("END")]))
            #expect(answer["pairs.0.change.explanation.change"] == .number("0.2"))
            #expect(answer["pairs.0.change.explanation.lines.4"] != nil)
            #expect(answer["pairs.0.change.explanation.lines.5"] == nil)
        }
    }
}

/// docs/domain.md §6.5 and U8: the same content for both.
@Suite(.timeLimit(.minutes(1))) struct SessionBriefTests {
    private static let coach = TestServices.coach
    private static let coachee = TestServices.coachee
    private static let path = "/v1/\(pair):sessionBrief"

    private static func services() -> TestServices {
        let now = ServiceClock().now
        var services = TestServices()
        services.commitments = (0..<12).map { index in
            Commitment(
                name: "c\(index)", owner: coach, state: index == 3 ? .missed : .kept,
                updateTime: now.adding(hours: -index).timestamp)
        }
        services.sessions = [
            Session(name: "old", startTime: now.adding(days: -20).timestamp, state: .held),
            Session(name: "last", startTime: now.adding(days: -10).timestamp, state: .held),
        ]
        services.goals = [
            Goal(name: "draft", state: .draft),
            Goal(name: "far", dueTime: now.adding(days: 30).timestamp, state: .active),
            Goal(name: "risk", dueTime: now.adding(days: 40).timestamp, state: .atRisk),
            Goal(name: "near", dueTime: now.adding(days: 3).timestamp, state: .active),
        ]
        services.feedback = [
            FeedbackItem(name: "draft", author: coach, kind: .balanced, state: .draft),
            FeedbackItem(name: "blind", author: coach, kind: .balanced, state: .delivered, blindExchange: "x"),
            FeedbackItem(name: "open", author: coach, kind: .balanced, state: .delivered),
        ]
        services.obstacles = [
            Obstacle(name: "old", level: .pair, acknowledged: true, createTime: now.adding(days: -29).timestamp),
            Obstacle(name: "waiting", level: .pair, createTime: now.adding(days: -30).timestamp),
            Obstacle(name: "new", level: .pair, acknowledged: true, createTime: now.adding(days: -1).timestamp),
            Obstacle(name: "sealed", level: .sealed, createTime: now.adding(days: -1).timestamp),
        ]
        services.index = SustainingIndex(
            value: 0.5,
            practices: [
                .init(practice: .communication, value: 0.9), .init(practice: .recognizing, value: 1),
                .init(practice: .flexibility, value: 1), .init(practice: .reflection, value: 0.05),
            ], weakest: .reflection)
        services.alerts = [
            Alert(name: "watched", level: .watch, state: .open), Alert(name: "told", level: .alert, state: .open),
        ]
        services.agreements = [
            Agreement(name: "a1", revision: 1, confidentialityClauses: ["old"], state: .superseded),
            Agreement(
                name: "a2", revision: 2, confidentialityClauses: ["What we say stays here"], sharingRules: ["Dates"],
                limits: "Harm", state: .signed),
        ]
        // One rating of 1 and one of 5, as the trustor and as the trustee are told (docs/domain.md rule 19).
        let promise = Explanation.Line(
            cause: .event, component: .reliability, kind: "commitment.kept", evidence: "e1", contribution: 0.01,
            text: "A promise was kept")
        services.explanations[coachee] = Explanation(
            change: 0.1,
            lines: [
                Explanation.Line(
                    cause: .event, component: .empathy, kind: "pulse.understood", evidence: "e2",
                    contribution: -0.026738,
                    text: "A rating of being understood"),
                promise,
                Explanation.Line(
                    cause: .event, component: .empathy, kind: "pulse.understood", evidence: "e3", contribution: 0.005,
                    text: "A rating of being understood"),
            ])
        services.explanations[coach] = Explanation(
            change: 0.1,
            lines: [
                Explanation.Line(
                    cause: .ratings, component: .empathy, contribution: -0.026738 + 0.005,
                    text: "Ratings of empathy, all together"),
                promise,
            ])
        return services
    }

    @Test func bothPartiesReadTheSame() async throws {
        try await TestGateway.run(Self.services().methods) { test in
            var texts: [String] = []
            for person in [Self.coach, Self.coachee] {
                let answer = try await test.send(
                    "GET", Self.path, ["authorization": "Bearer \(try await test.token(person))"])
                #expect(answer.status == 200)
                // The change is measured from the session that was held last, to now.
                #expect(answer["change.explanation.lines.0.text"] == .string("Ratings of empathy, all together"))
                #expect(answer["change.explanation.lines.0.contribution"] == .number("-0.021738"))
                #expect(answer["change.explanation.lines.2"] == nil)
                #expect(!answer.text.contains("pulse.") && !answer.text.contains("e2"))
                texts.append(answer.text)
            }
            #expect(texts[0] == texts[1])
        }
    }

    @Test func theBriefHasItsSections() async throws {
        try await TestGateway.run(Self.services().methods) { test in
            let answer = try await test.send("GET", Self.path)
            #expect(answer["name"] == .string(pair))
            #expect(answer["relationship.relationship.trustee"] == .string(Self.coach))
            #expect(answer["commitments.commitments.0.name"] == .string("c0"))
            #expect(answer["commitments.commitments.9.name"] == .string("c9"))
            #expect(answer["commitments.commitments.10"] == nil)
            #expect(answer["goals.goals.0.name"] == .string("near"))
            #expect(answer["goals.goals.1.name"] == .string("risk"))
            #expect(answer["goals.goals.2"] == nil)
            #expect(answer["feedback.items.0.name"] == .string("open"))
            #expect(answer["feedback.items.1"] == nil)
            #expect(answer["questions.questions.0.subject"] == .string("c3"))
            #expect(answer["questions.questions.1.subject"] == .string("new"))
            #expect(answer["questions.questions.2.subject"] == .string("open"))
            #expect(answer["questions.questions.3"] == nil)
            #expect(answer["obstacles.obstacles.0.name"] == .string("new"))
            #expect(answer["obstacles.obstacles.1.name"] == .string("waiting"))
            #expect(answer["obstacles.obstacles.2"] == nil)
            #expect(answer["sustaining.index.practices.0.practice"] == .string("REFLECTION"))
            #expect(answer["sustaining.index.practices.1.practice"] == .string("COMMUNICATION"))
            #expect(answer["sustaining.index.practices.2"] == nil)
            #expect(answer["alerts.alerts.0.name"] == .string("told"))
            #expect(answer["alerts.alerts.1"] == nil)
            #expect(answer["confidentiality.agreement"] == .string("a2"))
            #expect(answer["confidentiality.clauses"] == .array([.string("What we say stays here")]))
            #expect(answer["confidentiality.limits"] == .string("Harm"))
            #expect(answer["confidentiality.withheld.2"] == .string("RATINGS"))
        }
    }

    @Test func itCostsTenCallsAtMost() async throws {
        let services = Self.services()
        try await TestGateway.run(services.methods) { test in
            _ = try await test.send("GET", Self.path)
            #expect(services.calls.all.values.reduce(0, +) <= 10)
        }
    }

    @Test func othersAreRefused() async throws {
        try await TestGateway.run(Self.services().methods) { test in
            let token = try await test.token("organizations/acme/people/manager")
            let answer = try await test.send("GET", Self.path, ["authorization": "Bearer \(token)"])
            #expect(answer.status == 403)
            #expect(answer["error.details.0.reason"] == .string("NOT_PARTY"))
            let unknown = try await test.send("GET", "/v1/organizations/acme/relationships/r2:sessionBrief")
            #expect(unknown.status == 403)
            #expect(unknown["error.message"] == answer["error.message"])
        }
    }

    @Test func sectionsFailAlone() async throws {
        var methods = Self.services().methods
        methods["relationships"] = nil
        methods["goals"] = nil
        try await TestGateway.run(methods) { test in
            let answer = try await test.send("GET", Self.path)
            #expect(answer.status == 200)
            for section in ["relationship", "commitments", "goals", "obstacles", "confidentiality"] {
                #expect(answer["\(section).state"] == .string("UNREACHABLE"), "\(section)")
            }
            #expect(answer["feedback.items.0.name"] == .string("open"))
            #expect(answer["change.state"] == .string("OK"))
            #expect(answer["questions.questions.0.subject"] == .string("open"))
            #expect(answer["questions.questions.2.subject"] == .string(""))
        }
    }
}
