import RPC
import Schema
import Standard
import Testing

@testable import rapport

extension EndToEnd {
    @Suite("What is refused, with which reason; nothing changes")
    struct RefusalTests {
        /// The call fails with this code and reason.
        private func expect(
            _ code: StatusCode, _ reason: String?, sourceLocation: SourceLocation = #_sourceLocation,
            _ call: () async throws -> some Sendable
        ) async throws {
            do {
                let answer = try await call()
                Issue.record("answered \(answer)", sourceLocation: sourceLocation)
            } catch let error as RPCError {
                #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
                if let reason { #expect(error.reason == reason, sourceLocation: sourceLocation) }
                #expect(!error.message.isEmpty, sourceLocation: sourceLocation)
            }
        }

        private func pulse(_ pair: Pair, value: Int32 = 4, occurredAt: Timestamp? = nil) -> SubmitPulseRequest {
            SubmitPulseRequest(parent: pair.name, item: .motivated, value: value, occurredAt: occurredAt)
        }

        @Test("No token, a damaged one, one signed with a key of somebody else")
        func tokens() async throws {
            let pair = try await Shared.pair()
            let request = GetProfileAtRequest(name: "\(pair.name)/trustProfile", asOf: pair.day(87))
            try await expect(.unauthenticated, nil) { try await pair.trust.getProfileAt(request) }

            let suite = try await Shared.suite.running()
            let token = try await TokenMint(home: suite.home).token(for: .coachee)
            let damaged = String(token.dropLast(20)) + "AAAAAAAAAAAAAAAAAAAA"
            let elsewhere = Home("\(suite.home.path)/another")
            try elsewhere.create()
            let foreign = try await TokenMint(home: elsewhere).token(for: .coachee)
            for wrong in [damaged, foreign] {
                let options = CallOptions(metadata: ["authorization": "Bearer \(wrong)"], timeout: .seconds(20))
                try await expect(.unauthenticated, "TOKEN_INVALID") {
                    try await pair.trust.getProfileAt(request, options: options)
                }
            }
        }

        @Test(
            "A stranger, the programme's administrator and the line manager see no trust",
            arguments: [
                DemoRole.manager, .programmeAdmin, .hrLead,
            ])
        func strangers(_ role: DemoRole) async throws {
            let pair = try await Shared.pair()
            try await expect(.permissionDenied, nil) { try await pair.profile(at: 87, as: role) }
            try await expect(.permissionDenied, nil) { try await pair.evidence(as: role) }
        }

        @Test("The coach cannot answer a pulse, nor the coachee state an intent")
        func roles() async throws {
            let pair = try await Shared.pair()
            try await expect(.permissionDenied, nil) {
                try await pair.feedback.submitPulse(pulse(pair), options: pair.options(.coach))
            }
            let sessions = try await pair.relationships.listSessions(
                ListSessionsRequest(parent: pair.name), options: pair.options(.coachee)
            ).sessions
            let session = try #require(sessions.last)
            try await expect(.permissionDenied, nil) {
                try await pair.relationships.stateIntent(
                    StateIntentRequest(name: session.name, intent: "x"), options: pair.options(.coachee))
            }
        }

        @Test("A kept promise is not claimed again, a repaired breach not repaired again")
        func states() async throws {
            let pair = try await Shared.pair()
            let commitments = try await pair.relationships.listCommitments(
                ListCommitmentsRequest(parent: pair.name, pageSize: 500), options: pair.options(.coach)
            ).commitments
            let coach = Cast.coach.name
            let kept = try #require(commitments.first { $0.state == .kept && $0.owner == coach })
            try await expect(.failedPrecondition, nil) {
                try await pair.relationships.claimKept(
                    ClaimKeptRequest(name: kept.name), options: pair.options(.coach))
            }
            let after = try await pair.relationships.getCommitment(
                GetCommitmentRequest(name: kept.name), options: pair.options(.coach))
            #expect(after == kept)

            let breaches = try await pair.relationships.listBreachCases(
                ListBreachCasesRequest(parent: pair.name), options: pair.options(.coachee)
            ).breachCases
            #expect(breaches.map(\.state) == [.repaired])
            try await expect(.failedPrecondition, nil) {
                try await pair.relationships.acceptRepair(
                    AcceptRepairRequest(name: try #require(breaches.first).name), options: pair.options(.coachee))
            }
        }

        @Test("A date needs the import scope, and lies at most five minutes ahead")
        func dates() async throws {
            let pair = try await Shared.pair()
            let ahead = Timestamp(seconds: Timestamp.now.seconds + 600)
            try await expect(.permissionDenied, "ROLE_FORBIDDEN") {
                try await pair.feedback.submitPulse(
                    pulse(pair, occurredAt: pair.day(50)), options: pair.options(.coachee))
            }
            try await expect(.invalidArgument, "FUTURE_EVENT") {
                try await pair.feedback.submitPulse(
                    pulse(pair, occurredAt: ahead), options: pair.options(.coachee, scopes: ["import"]))
            }
        }

        @Test("The relationship's past has a beginning, its future an end, and what-if a limit")
        func ranges() async throws {
            let pair = try await Shared.pair()
            try await expect(.outOfRange, "AS_OF_BEFORE_START") { try await pair.profile(at: -2) }
            try await expect(.outOfRange, nil) { try await pair.profile(at: 600) }
            let many = [HypotheticalEvent](repeating: HypotheticalEvent(kind: "commitment.kept"), count: 51)
            try await expect(.outOfRange, "TOO_MANY_HYPOTHESES") {
                try await pair.trust.whatIf(
                    WhatIfRequest(name: pair.name, events: many), options: pair.options(.coachee))
            }
        }

        @Test("The same request id takes effect once; with another body it is refused")
        func requestIDs() async throws {
            let pair = try await Shared.pair()
            let options = try await pair.options(.coachee)
            var request = pulse(pair)
            request.item = .valued
            request.requestId = "3f0c8f7e-6f5d-4f0c-9a51-0a1b2c3d4e5f"
            let first = try await pair.feedback.submitPulse(request, options: options)
            #expect(try await pair.feedback.submitPulse(request, options: options).name == first.name)
            request.value = 1
            try await expect(.alreadyExists, "REQUEST_ID_REUSED") {
                try await pair.feedback.submitPulse(request, options: options)
            }
            request.requestId = ""
            try await expect(.resourceExhausted, "PULSE_TOO_SOON") {
                try await pair.feedback.submitPulse(request, options: options)
            }
        }
    }
}
