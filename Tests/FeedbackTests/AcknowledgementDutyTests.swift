import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("72 hours to acknowledge")
struct AcknowledgementDutyTests {
    @Test("upward feedback that nobody acknowledges is said to be unanswered, once, at delivery + 72 h, by time itself")
    func missing() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coachee)
        try await pair.host.advance(hours: 71)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
        try await pair.host.advance(hours: 2)
        try await pair.host.advance(days: 30)
        let events = try await pair.events("feedback.unacknowledged.v1")
        #expect(events.count == 1)
        let event = try #require(events.first)
        let delivered = try Instant(#require(item.deliverTime))
        #expect(event.occurredAt == delivered.adding(hours: 72).timestamp)
        #expect(event.actor.isEmpty)
        #expect(event.feedback?.authorRole == .trustor)
        #expect(event.feedback?.deliverTime == item.deliverTime)
        #expect(event.feedback?.inTime == false)
    }

    @Test("acknowledged in time, nothing is missing")
    func inTime() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coachee)
        try await pair.host.advance(hours: 71)
        _ = try await pair.acknowledge(item, by: pair.coach)
        try await pair.host.advance(days: 10)
        #expect(try await pair.events("feedback.acknowledged.v1").first?.feedback?.inTime == true)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
    }

    @Test("acknowledged late, both facts stand at their own instants")
    func late() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coachee)
        // The clock moves and nothing looks at it before the acknowledgement does.
        pair.host.clock.advance(by: 73 * Instant.microsecondsPerHour)
        _ = try await pair.acknowledge(item, by: pair.coach)
        try await pair.host.advance(days: 10)
        #expect(try await pair.events("feedback.acknowledged.v1").map { $0.feedback?.inTime } == [false])
        let missing = try await pair.events("feedback.unacknowledged.v1")
        #expect(missing.map(\.occurredAt) == [try Instant(#require(item.deliverTime)).adding(hours: 72).timestamp])
    }

    @Test("downward feedback has no such duty")
    func downward() async throws {
        let pair = try await Pair()
        _ = try await pair.deliver(by: pair.coach)
        try await pair.host.advance(days: 10)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
    }

    @Test("a recognition of the coach is to be acknowledged as well")
    func recognition() async throws {
        let pair = try await Pair()
        _ = try await pair.service.giveRecognition(.init(parent: pair.name, behaviour: "You waited"), pair.coachee)
        try await pair.host.advance(hours: 73)
        #expect(try await pair.events("feedback.unacknowledged.v1").count == 1)
    }

    @Test("a fact at exactly the deadline beats it", arguments: [(Int64(-1), true), (0, true), (1, false)])
    func exactly(offset: Int64, inTime: Bool) async throws {
        let pair = try await Pair(importing: true)
        let item = try await pair.deliver(by: pair.coachee, at: Pair.monday)
        let deadline = Pair.monday.adding(hours: 72)
        _ = try await pair.acknowledge(item, by: pair.coach, at: deadline.adding(microseconds: offset))
        #expect(try await pair.events("feedback.acknowledged.v1").map { $0.feedback?.inTime } == [inTime])
        let missing = try await pair.events("feedback.unacknowledged.v1")
        #expect(missing.map(\.occurredAt) == (inTime ? [] : [deadline.timestamp]))
        #expect(missing.allSatisfy { $0.importClock != nil })
    }

    @Test("while history is imported the relationship's clock fires it, before the next request is judged")
    func imported() async throws {
        let pair = try await Pair(importing: true)
        _ = try await pair.deliver(by: pair.coachee, at: Pair.monday)
        _ = try await pair.deliver(.neutral, by: pair.coach, at: Pair.monday.adding(hours: 72))
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
        _ = try await pair.deliver(.neutral, by: pair.coach, at: Pair.monday.adding(hours: 73))
        #expect(
            try await pair.host.events().map(\.type) == [
                "feedback.delivered.v1", "feedback.delivered.v1", "feedback.unacknowledged.v1", "feedback.delivered.v1",
            ])
    }

    @Test("while history is imported the wall clock fires nothing")
    func held() async throws {
        let pair = try await Pair(importing: true)
        let item = try await pair.deliver(by: pair.coachee, at: Pair.monday)
        try await pair.host.advance(days: 1)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
        _ = try await pair.acknowledge(item, by: pair.coach, at: Pair.monday.adding(hours: 1))
        try await pair.host.advance(days: 1)
        #expect(try await pair.events("feedback.unacknowledged.v1").isEmpty)
    }

    @Test("while history is imported each request says when; otherwise only an importer may")
    func dates() async throws {
        let importing = try await Pair(importing: true)
        #expect(await refusal { try await importing.deliver(by: importing.coach) } == "FAILED_PRECONDITION IMPORTING")
        let live = try await Pair()
        let plain = live.host.context(person: live.relationship.trustee)
        #expect(
            await refusal { try await live.deliver(by: plain, at: Pair.monday) } == "PERMISSION_DENIED ROLE_FORBIDDEN")
        #expect(
            await refusal { try await live.deliver(by: live.coach, at: Pair.monday.adding(hours: 1)) }
                == "INVALID_ARGUMENT FUTURE_EVENT")
    }
}
