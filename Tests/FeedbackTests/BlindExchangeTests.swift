import FoundationEssentials
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Storage
import Testing

@testable import Feedback

@Suite("Asking for feedback")
struct FeedbackRequestTests {
    @Test("an answer is labelled as asked for, and closes the request")
    func answer() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach)
        #expect(request.state == .open && request.giver == pair.relationship.trustor)
        #expect(request.dueTime == pair.created(request).adding(days: 14).timestamp)
        let item = try await pair.answer(request, by: pair.coachee)
        #expect(item.feedbackRequest == request.name && item.blindExchange.isEmpty)
        let answered = try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach)
        #expect(answered.state == .answered && answered.feedbackItem == item.name)
        #expect(
            await refusal { try await pair.answer(request, by: pair.coachee) } == "FAILED_PRECONDITION WRONG_STATE")
        #expect(
            try await pair.host.events().map(\.type) == ["feedback.requested.v1", "feedback.delivered.v1"])
        try await pair.host.advance(days: 20)
        #expect(try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach) == answered)
    }

    @Test("a draft answers nothing yet, and two drafts cannot both be delivered")
    func drafts() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach)
        let first = try await pair.draft(answering: request, by: pair.coachee)
        let second = try await pair.draft(answering: request, by: pair.coachee)
        #expect(try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach).state == .open)
        _ = try await pair.service.deliverFeedback(.init(name: first.name), pair.coachee)
        #expect(
            await refusal { try await pair.service.deliverFeedback(.init(name: second.name), pair.coachee) }
                == "FAILED_PRECONDITION WRONG_STATE")
        #expect(try await pair.service.getFeedback(.init(name: second.name), pair.coachee).state == .draft)
    }

    @Test("only the one who was asked answers or declines")
    func roles() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coachee)
        #expect(
            await refusal { try await pair.answer(request, by: pair.coachee) } == "PERMISSION_DENIED ROLE_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.declineFeedbackRequest(.init(name: request.name), pair.coachee) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
        let declined = try await pair.service.declineFeedbackRequest(
            .init(name: request.name, reason: "I was not there"), pair.coach)
        #expect(declined.state == .declined && declined.declineReason == "I was not there")
        #expect(await refusal { try await pair.answer(request, by: pair.coach) } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("expires at its due date by itself, at exactly that instant, and a late answer is still an answer")
    func expiry() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach)
        try await pair.host.advance(days: 13, hours: 23)
        #expect(try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach).state == .open)
        try await pair.host.advance(hours: 2)
        let expired = try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach)
        #expect(expired.state == .expired && expired.updateTime == expired.dueTime)
        let item = try await pair.answer(request, by: pair.coachee)
        let late = try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach)
        #expect(late.state == .expired && late.feedbackItem == item.name)
        #expect(
            await refusal { try await pair.answer(request, by: pair.coachee) } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("a refusal at exactly the due date beats it", arguments: [(Int64(0), true), (1, false)])
    func exactly(offset: Int64, declined: Bool) async throws {
        let pair = try await Pair(importing: true)
        let request = try await pair.ask(by: pair.coach, at: Pair.monday)
        let instant = Pair.monday.adding(days: 14).adding(microseconds: offset)
        let refused = await refusal {
            try await pair.service.declineFeedbackRequest(
                .init(name: request.name, occurredAt: instant.timestamp), pair.coachee)
        }
        #expect(refused == (declined ? nil : "FAILED_PRECONDITION WRONG_STATE"))
    }

    @Test("has a question of 1 to 2000 characters and a due date within 90 days")
    func limits() async throws {
        let pair = try await Pair()
        let now = pair.host.clock.now
        func ask(_ question: String, due: ServiceKit.Instant? = nil) async -> String? {
            await refusal {
                try await pair.service.requestFeedback(
                    .init(
                        parent: pair.name,
                        feedbackRequest: FeedbackRequest(question: question, dueTime: due?.timestamp)), pair.coach)
            }
        }
        let invalid = "INVALID_ARGUMENT INVALID_FIELD"
        #expect(await ask("") == invalid)
        #expect(await ask("  ") == invalid)
        #expect(await ask(String(repeating: "x", count: 2001)) == invalid)
        #expect(await ask(String(repeating: "x", count: 2000)) == nil)
        #expect(await ask("How?", due: now) == invalid)
        #expect(await ask("How?", due: now.adding(days: 91)) == invalid)
        #expect(await ask("How?", due: now.adding(days: 90)) == nil)
        #expect(
            await refusal { try await pair.service.requestFeedback(.init(parent: pair.name), pair.coach) } == invalid)
    }

    @Test("a request of another pair cannot be answered here")
    func stranger() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach)
        let other = try await pair.host.relationship(
            trustor: "organizations/acme/people/third", trustee: pair.relationship.trustee)
        let words = FeedbackItem(kind: .neutral, impact: "x", feedbackRequest: request.name)
        #expect(
            await refusal {
                try await pair.service.createFeedback(
                    .init(parent: other.name, feedbackItem: words), pair.host.context(person: other.trustor))
            } == "INVALID_ARGUMENT INVALID_FIELD")
    }
}

@Suite("A blind exchange")
struct BlindExchangeTests {
    @Test("is revealed when both have delivered: evidence and clocks begin there")
    func both() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach, blind: true)
        let first = try await pair.answer(request, by: pair.coachee)
        #expect(first.state == .delivered && first.revealTime == nil && first.blindExchange == request.blindExchange)
        try await pair.host.advance(days: 5)
        #expect(try await pair.host.events().map(\.type) == ["feedback.requested.v1"])
        let second = try await pair.answer(request, by: pair.coach)
        let reveal = try #require(second.revealTime)
        #expect(reveal == second.deliverTime)
        let seen = try await pair.service.getFeedback(.init(name: first.name), pair.coach)
        #expect(seen.behaviour == first.behaviour && seen.revealTime == reveal)
        #expect(
            try await pair.service.getFeedback(.init(name: second.name), pair.coachee).behaviour == "You interrupted")
        let events = try await pair.events("feedback.delivered.v1")
        #expect(Set(events.map { $0.feedback?.feedbackItem }) == [first.name, second.name])
        #expect(events.allSatisfy { $0.occurredAt == reveal && $0.feedback?.revealTime == reveal })
        #expect(Set(events.map { $0.feedback?.authorRole }) == [.trustor, .trustee])
        // 72 hours from the reveal, not from the delivery.
        try await pair.host.advance(hours: 71)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
        try await pair.host.advance(hours: 2)
        let missing = try await pair.events("feedback.unacknowledged.v1")
        #expect(missing.map(\.occurredAt) == [try Instant(reveal).adding(hours: 72).timestamp])
        #expect(
            try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach).feedbackItem == first.name)
    }

    @Test("is revealed 7 days after the first, once, by time itself", arguments: [true, false])
    func alone(byGiver: Bool) async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach, blind: true)
        let (author, other) = byGiver ? (pair.coachee, pair.coach) : (pair.coach, pair.coachee)
        let item = try await pair.answer(request, by: author)
        try await pair.host.advance(days: 6, hours: 23)
        #expect(
            await refusal { try await pair.service.getFeedback(.init(name: item.name), other) } == "NOT_FOUND NOT_FOUND"
        )
        try await pair.host.advance(hours: 2)
        try await pair.host.advance(days: 1)
        let seen = try await pair.service.getFeedback(.init(name: item.name), other)
        let reveal = try Instant(#require(item.deliverTime)).adding(days: 7).timestamp
        #expect(seen.revealTime == reveal)
        #expect(try await pair.events("feedback.delivered.v1").map(\.occurredAt) == [reveal])
        let state = try await pair.service.getFeedbackRequest(.init(name: request.name), other).state
        #expect(state == (byGiver ? .answered : .open))
        if !byGiver {
            // The giver answers what is not blind any more.
            let answer = try await pair.answer(request, by: other)
            #expect(answer.revealTime == answer.deliverTime)
        }
    }

    @Test("before the reveal nothing tells the other one that something waits")
    func secrecy() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach, blind: true)
        for _ in 0..<3 { _ = try await pair.deliver(.neutral, by: pair.coachee) }
        let before = try await pair.everything(seenBy: pair.coach)
        let item = try await pair.answer(request, by: pair.coachee)
        for _ in 0..<1 { _ = try await pair.draft(answering: request, by: pair.coachee) }
        #expect(try await pair.everything(seenBy: pair.coach) == before)
        for filter in ["state = DELIVERED", "blind_exchange = \"\(request.blindExchange)\"", "kind = CONSTRUCTIVE"] {
            let page = try await pair.service.listFeedback(.init(parent: pair.name, filter: filter), pair.coach)
            #expect(!page.feedbackItems.contains { $0.name == item.name })
        }
        // A page token can be read: it must not name what is hidden behind the page.
        _ = try await pair.deliver(.neutral, by: pair.coachee)
        let page = try await pair.service.listFeedback(.init(parent: pair.name, pageSize: 3), pair.coach)
        let padded = page.nextPageToken.replacing("-", with: "+").replacing("_", with: "/")
        let bytes = try #require(
            Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4)))
        let id = try #require(item.name.split(separator: "/").last)
        let token = String(decoding: bytes, as: UTF8.self)
        #expect(!page.nextPageToken.isEmpty)
        #expect(!token.contains(id))
        #expect(token.contains(try #require(page.feedbackItems.last?.name.split(separator: "/").last)))
        // No verb of the receiver finds it.
        let missing: String? = "NOT_FOUND NOT_FOUND"
        #expect(await refusal { try await pair.acknowledge(item, by: pair.coach) } == missing)
        #expect(await refusal { try await pair.service.discussFeedback(.init(name: item.name), pair.coach) } == missing)
        #expect(
            await refusal { try await pair.service.tagFeedback(.init(name: item.name, kind: .neutral), pair.coach) }
                == missing)
        #expect(
            await refusal { try await pair.service.withdrawFeedback(.init(name: item.name), pair.coach) } == missing)
        #expect(
            await refusal {
                try await pair.service.getFeedback(.init(name: item.name), pair.host.context(service: "trust-scoring"))
            } == missing)
        // Its author reads it.
        #expect(try await pair.service.getFeedback(.init(name: item.name), pair.coachee).name == item.name)
    }

    @Test("its request expires as if nothing waited, and what waits is revealed in its time")
    func expiry() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach, blind: true)
        try await pair.host.advance(days: 10)
        let item = try await pair.answer(request, by: pair.coachee)
        try await pair.host.advance(days: 5)
        #expect(try await pair.service.getFeedbackRequest(.init(name: request.name), pair.coach).state == .expired)
        #expect(
            await refusal { try await pair.service.getFeedback(.init(name: item.name), pair.coach) }
                == "NOT_FOUND NOT_FOUND")
        try await pair.host.advance(days: 3)
        #expect(try await pair.service.getFeedback(.init(name: item.name), pair.coach).name == item.name)
    }

    @Test("each writes once, and may take it back unseen")
    func once() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach, blind: true)
        let item = try await pair.answer(request, by: pair.coachee)
        #expect(await refusal { try await pair.answer(request, by: pair.coachee) } == "FAILED_PRECONDITION WRONG_STATE")
        let before = try await pair.everything(seenBy: pair.coach)
        try await pair.host.advance(days: 2)
        let gone = try await pair.service.withdrawFeedback(.init(name: item.name), pair.coachee)
        #expect(gone.state == .withdrawn && gone.behaviour.isEmpty)
        try await pair.host.advance(days: 10)
        #expect(try await pair.everything(seenBy: pair.coach) == before)
        #expect(
            await refusal { try await pair.service.getFeedback(.init(name: item.name), pair.coach) }
                == "NOT_FOUND NOT_FOUND")
        #expect(try await pair.host.events().map(\.type) == ["feedback.requested.v1"])
        let second = try await pair.answer(request, by: pair.coachee)
        #expect(second.revealTime == nil)
    }

    @Test("while history is imported its own clock reveals it")
    func imported() async throws {
        let pair = try await Pair(importing: true)
        let request = try await pair.ask(by: pair.coachee, blind: true, at: Pair.monday)
        let item = try await pair.answer(request, by: pair.coach, at: Pair.monday.adding(days: 1))
        try await pair.host.advance(days: 1)
        #expect(try await pair.events("feedback.delivered.v1").isEmpty)
        _ = try await pair.deliver(.neutral, by: pair.coach, at: Pair.monday.adding(days: 9))
        let events = try await pair.events("feedback.delivered.v1")
        #expect(events.first?.feedback?.feedbackItem == item.name)
        #expect(events.first?.occurredAt == Pair.monday.adding(days: 8).timestamp)
        #expect(events.first?.actor == "")
    }
}

extension Pair {
    func ask(
        by asker: ServerContext, blind: Bool = false, at instant: ServiceKit.Instant? = nil
    ) async throws -> FeedbackRequest {
        try await service.requestFeedback(
            RequestFeedbackRequest(
                parent: name, feedbackRequest: FeedbackRequest(question: "What should I do less of?", blind: blind),
                occurredAt: instant?.timestamp), asker)
    }

    func created(_ request: FeedbackRequest) -> ServiceKit.Instant {
        request.createTime.flatMap { try? Instant($0) } ?? Pair.monday
    }

    func draft(
        answering request: FeedbackRequest, by giver: ServerContext, at instant: ServiceKit.Instant? = nil
    ) async throws -> FeedbackItem {
        let words = FeedbackItem(
            kind: .constructive, situation: "The call", behaviour: "You interrupted", impact: "They closed up",
            nextStep: "Count to three", feedbackRequest: request.name)
        return try await service.createFeedback(
            .init(parent: name, feedbackItem: words, occurredAt: instant?.timestamp), giver)
    }

    func answer(
        _ request: FeedbackRequest, by giver: ServerContext, at instant: ServiceKit.Instant? = nil
    ) async throws -> FeedbackItem {
        let draft = try await draft(answering: request, by: giver, at: instant)
        return try await service.deliverFeedback(.init(name: draft.name, occurredAt: instant?.timestamp), giver)
    }

    /// All that one of them can read of requests and items, tokens and etags included.
    func everything(seenBy reader: ServerContext) async throws -> [String] {
        var seen: [String] = []
        for order in ["", "create_time desc", "kind, deliver_time desc"] {
            var token = ""
            repeat {
                let page = try await service.listFeedback(
                    .init(parent: name, pageSize: 2, pageToken: token, orderBy: order), reader)
                seen += page.feedbackItems.map { "\($0)" } + [page.nextPageToken]
                token = page.nextPageToken
            } while !token.isEmpty
        }
        let requests = try await service.listFeedbackRequests(.init(parent: name), reader).feedbackRequests
        return seen + requests.filter { $0.state != .expired }.map { "\($0)" }
    }
}
