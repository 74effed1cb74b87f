import Schema
import ServiceKitTesting
import Testing

@testable import Feedback
@testable import ServiceKit

/// What Feedback forgets of a person (docs/domain.md §6.5, §6.8).
@Suite struct ErasureTests {
    private let secret = "sesame-\(UInt64.random(in: .min ... .max))"

    /// The event comes; Relationships, which wants to hear that it is done, does not answer.
    private func erase(_ person: String, at host: TestHost<FeedbackService>) async throws {
        let event = Event(payload: .personErased(PersonErased(person: person, erasure: "\(person)/erasures/one")))
        try await host.runtime.database.write { try ErasureJobs.take(event, in: $0) }
        await #expect(throws: (any Error).self) { try await RunningErasure(host.service, host.runtime).runAll() }
    }

    private func isStored(_ host: TestHost<FeedbackService>) throws -> Bool {
        try host.storedBytes().firstRange(of: Array(secret.utf8)) != nil
    }

    @Test func theWordsOfOneGoAndTheAnswerOfTheOtherStays() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coach)
        _ = try await pair.service.acknowledgeFeedback(
            AcknowledgeFeedbackRequest(name: item.name, note: "I will count"), pair.coachee)
        let asked = try await pair.service.requestFeedback(
            RequestFeedbackRequest(parent: pair.name, feedbackRequest: FeedbackRequest(question: secret)), pair.coach)
        #expect(try isStored(pair.host))
        try await erase(pair.relationship.trustee, at: pair.host)
        #expect(try !isStored(pair.host))
        let left = try await pair.service.getFeedback(.init(name: item.name), pair.coachee)
        #expect(left.behaviour == "[erased]" && left.nextStep == "[erased]" && left.note == "I will count")
        let question = try await pair.service.getFeedbackRequest(.init(name: asked.name), pair.coachee).question
        #expect(question == "[erased]")
    }

    @Test func ratingsGoWithTheirAuthor() async throws {
        let pair = try await Pair()
        _ = try await pair.answer(.honest)
        try await erase(pair.relationship.trustor, at: pair.host)
        let left = try await pair.host.runtime.database.read {
            try Tables.allPulses(under: ResourceName(pair.name, "organizations", "relationships"), in: $0)
        }
        #expect(left.isEmpty)
    }

    @Test func aRoundGoesWithItsSubjectAndAnAnswerWithItsRater() async throws {
        let table = try await RoundTable()
        let round = try await table.open { $0.questions[0].text = secret }
        for rater in 0..<6 { try await table.respond(round, by: rater) }
        func responses() async throws -> Int64? {
            try await table.host.runtime.database.read {
                try $0.first("SELECT count(*) FROM round_response")?.int64(0)
            }
        }
        try await erase(RoundTable.rater(0), at: table.host)
        #expect(try await responses() == 5)
        #expect(try isStored(table.host))
        try await erase(RoundTable.person("sam"), at: table.host)
        #expect(try await responses() == 0)
        #expect(try !isStored(table.host))
        // Nothing is left to close.
        try await table.host.advance(days: 15)
    }
}
