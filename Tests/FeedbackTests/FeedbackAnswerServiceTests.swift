import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Storage
import Testing

@testable import Feedback

@Suite("What the two do with delivered feedback")
struct FeedbackAnswerServiceTests {
    @Test("from delivery to action, each step announced as docs/domain.md §6.6 has it")
    func lifecycle() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(.constructive, by: pair.coach)
        _ = try await pair.service.tagFeedback(.init(name: item.name, kind: .criticismOnly), pair.coachee)
        _ = try await pair.acknowledge(item, by: pair.coachee)
        _ = try await pair.service.discussFeedback(.init(name: item.name), pair.coach)
        let done = try await pair.service.recordAction(
            .init(name: item.name, outcome: .actedOn, action: "I count to three"), pair.coachee)
        #expect(done.state == .actedOn)
        #expect(done.kind == .constructive && done.receiverKind == .criticismOnly)
        #expect(done.action == "I count to three")
        #expect(done.behaviour == item.behaviour)
        let events = try await pair.host.events()
        #expect(
            events.map(\.type) == [
                "feedback.delivered.v1", "feedback.tagged.v1", "feedback.acknowledged.v1", "feedback.acted_on.v1",
            ])
        #expect(events.map { $0.feedback?.kind } == Array(repeating: .constructive, count: 4))
        #expect(
            events.map { $0.feedback?.effectiveKind } == [
                .constructive, .criticismOnly, .criticismOnly, .criticismOnly,
            ])
        #expect(events.last?.feedback?.state == .actedOn)
        #expect(
            await refusal { try await pair.service.tagFeedback(.init(name: item.name, kind: .neutral), pair.coachee) }
                == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("declining with a reason is an action as well")
    func decline() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coachee)
        _ = try await pair.acknowledge(item, by: pair.coach)
        _ = try await pair.service.discussFeedback(.init(name: item.name), pair.coachee)
        let request = RecordActionRequest(name: item.name, outcome: .declinedWithReason, action: "The line was bad")
        #expect(
            await refusal { try await pair.service.recordAction(request, pair.coachee) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
        _ = try await pair.service.recordAction(request, pair.coach)
        #expect(try await pair.events("feedback.acted_on.v1").map { $0.feedback?.state } == [.declinedWithReason])
    }

    @Test("a withdrawal is announced once and takes the duty with it", arguments: [0, 24])
    func withdrawal(hours: Int) async throws {
        let pair = try await Pair(importing: true)
        let item = try await pair.deliver(by: pair.coachee, at: Pair.monday)
        let instant = Pair.monday.adding(hours: hours)
        let request = WithdrawFeedbackRequest(name: item.name, occurredAt: instant.timestamp)
        let gone = try await pair.service.withdrawFeedback(request, pair.coachee)
        #expect(gone.state == .withdrawn && gone.behaviour.isEmpty)
        #expect(try await pair.service.getFeedback(.init(name: item.name), pair.coach) == gone)
        _ = try await pair.deliver(.neutral, by: pair.coach, at: Pair.monday.adding(days: 30))
        #expect(
            try await pair.host.events().map(\.type) == [
                "feedback.delivered.v1", "feedback.withdrawn.v1", "feedback.delivered.v1",
            ])
        let event = try #require(try await pair.events("feedback.withdrawn.v1").first?.feedback)
        #expect(event.authorRole == .trustor && !event.complete && !event.hasNextStep)
    }

    @Test("24 hours and a microsecond are too late")
    func tooLate() async throws {
        let pair = try await Pair(importing: true)
        let item = try await pair.deliver(by: pair.coach, at: Pair.monday)
        let late = Pair.monday.adding(hours: 24).adding(microseconds: 1)
        #expect(
            await refusal {
                try await pair.service.withdrawFeedback(
                    .init(name: item.name, occurredAt: late.timestamp), pair.coach)
            } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("a pause moves the 72 and the 24 hours by its length")
    func pause() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coachee)
        let other = try await pair.deliver(by: pair.coachee)
        // What the event of the resumption does to the deadlines.
        try await pair.host.runtime.database.write { [name = pair.name] in
            try $0.due.shift(
                organization: .text("organizations/acme"), scope: name, by: 10 * Instant.microsecondsPerDay)
        }
        try await pair.host.advance(days: 10, hours: 23)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
        _ = try await pair.service.withdrawFeedback(.init(name: other.name), pair.coachee)
        try await pair.host.advance(hours: 48)
        _ = try await pair.acknowledge(item, by: pair.coach)
        #expect(try await pair.events("feedback.acknowledged.v1").map { $0.feedback?.inTime } == [true])
        try await pair.host.advance(days: 30)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
    }

    @Test("nothing falls due after the end; what fell due before it does")
    func end() async throws {
        let pair = try await Pair()
        _ = try await pair.deliver(by: pair.coachee)
        try await pair.host.advance(hours: 48)
        _ = try await pair.deliver(by: pair.coachee)
        let ended = pair.host.clock.now.adding(hours: 30)
        var relationship = pair.relationship
        relationship.state = .ended
        relationship.updateTime = ended.timestamp
        try await pair.host.put(relationship)
        try await pair.host.advance(days: 30)
        #expect(
            try await pair.events("feedback.unacknowledged.v1").map(\.occurredAt) == [
                try Instant(#require(try await pair.events("feedback.delivered.v1").first?.occurredAt)).adding(
                    hours: 72
                )
                .timestamp
            ])
    }

    @Test("the author is advised when writing and delivering, and nobody reads the advice later")
    func hints() async throws {
        let pair = try await Pair()
        for _ in 0..<3 { _ = try await pair.deliver(by: pair.coach) }
        let words = FeedbackItem(
            kind: .constructive, situation: "The call", behaviour: "You are lazy", impact: "It ended", nextStep: "Try")
        let draft = try await pair.service.createFeedback(.init(parent: pair.name, feedbackItem: words), pair.coach)
        let codes: [LintFinding.Code] = [.personFocused]
        #expect(draft.hints.map(\.code) == codes)
        let lint = LintFeedbackRequest(parent: pair.name, feedbackItem: words)
        #expect(try await pair.service.lintFeedback(lint, pair.coach).findings.map(\.code) == codes)
        let delivered = try await pair.service.deliverFeedback(.init(name: draft.name), pair.coach)
        #expect(delivered.hints.map(\.code) == codes)
        for reader in [pair.coach, pair.coachee] {
            #expect(try await pair.service.getFeedback(.init(name: draft.name), reader).hints.isEmpty)
        }
    }

    @Test("three without a strength are noticed at the fourth, of the same author alone")
    func balance() async throws {
        let pair = try await Pair()
        let words = FeedbackItem(
            kind: .constructive, situation: "s", behaviour: "b", impact: "i", nextStep: "n")
        func give(_ giver: ServerContext) async throws -> [LintFinding.Code] {
            let draft = try await pair.service.createFeedback(.init(parent: pair.name, feedbackItem: words), giver)
            let item = try await pair.service.deliverFeedback(.init(name: draft.name), giver)
            #expect(item.hints == draft.hints)
            return item.hints.map(\.code)
        }
        for _ in 0..<3 { #expect(try await give(pair.coach).isEmpty) }
        #expect(try await give(pair.coach) == [.noStrengthInLast3])
        #expect(try await give(pair.coachee).isEmpty)
        _ = try await pair.service.giveRecognition(.init(parent: pair.name, behaviour: "You waited"), pair.coach)
        #expect(try await give(pair.coach).isEmpty)
    }

    @Test("lint is for the pair, and has the limits of feedback")
    func lintLimits() async throws {
        let pair = try await Pair()
        let long = FeedbackItem(impact: String(repeating: "x", count: 4001))
        #expect(
            await refusal {
                try await pair.service.lintFeedback(.init(parent: pair.name, feedbackItem: long), pair.coach)
            } == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(
            await refusal { try await pair.service.lintFeedback(.init(parent: pair.name), pair.coach) }
                == "INVALID_ARGUMENT INVALID_FIELD")
        let stranger = pair.host.context(person: "organizations/globex/people/x")
        #expect(
            await refusal {
                try await pair.service.lintFeedback(.init(parent: pair.name, feedbackItem: long), stranger)
            }
                == "PERMISSION_DENIED NOT_PARTY")
    }

    @Test("a goal it is about belongs to the same pair")
    func goal() async throws {
        let pair = try await Pair()
        func create(_ goal: String) async throws -> FeedbackItem {
            try await pair.service.createFeedback(
                .init(parent: pair.name, feedbackItem: FeedbackItem(kind: .neutral, impact: "x", goal: goal)),
                pair.coach)
        }
        #expect(try await create("\(pair.name)/goals/g").goal == "\(pair.name)/goals/g")
        #expect(await refusal { try await create("\(pair.name)0/goals/g") } == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(await refusal { try await create("g") } == "INVALID_ARGUMENT BAD_NAME")
    }

    @Test("a stale etag changes nothing")
    func etag() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coach)
        #expect(
            await refusal {
                try await pair.service.withdrawFeedback(.init(name: item.name, etag: "\"1\""), pair.coach)
            } == "ABORTED ETAG_MISMATCH")
        _ = try await pair.service.withdrawFeedback(.init(name: item.name, etag: item.etag), pair.coach)
    }
}
