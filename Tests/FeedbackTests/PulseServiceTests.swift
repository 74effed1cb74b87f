import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("Pulses of the coachee")
struct PulseServiceTests {
    @Test("an answer is stored and told to those who weigh it")
    func answer() async throws {
        let pair = try await Pair()
        let pulse = try await pair.answer(.understood, 5, scope: .unspecified)
        #expect(pulse.author == pair.relationship.trustor)
        #expect(pulse.scope == .shared)
        let event = try #require(try await pair.host.events().first)
        #expect(event.type == "pulse.answered.v1")
        #expect(event.actorRole == .trustor)
        #expect(event.occurredAt == pulse.createTime)
        #expect(
            event.payload
                == .pulseAnswered(PulseAnswered(pulse: pulse.name, item: .understood, value: 5, scope: .shared)))
    }

    @Test("an answer for oneself stays with oneself")
    func selfOnly() async throws {
        let pair = try await Pair()
        let pulse = try await pair.answer(.honest, 1, scope: .selfOnly)
        #expect(try await pair.host.events().isEmpty)
        #expect(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses == [pulse])
    }

    @Test("only the coachee answers, with 1 to 5")
    func refusals() async throws {
        let pair = try await Pair()
        #expect(await refusal { try await pair.answer(.honest, by: pair.coach) } == "PERMISSION_DENIED ROLE_FORBIDDEN")
        for value in [Int32(0), 6, -1] {
            #expect(await refusal { try await pair.answer(.honest, value) } == "INVALID_ARGUMENT INVALID_FIELD")
        }
        #expect(await refusal { try await pair.answer(.unspecified) } == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(try await pair.host.events().isEmpty)
    }

    @Test("an item rests 168 hours, exactly then it may be answered again; other items do not wait")
    func rest() async throws {
        let pair = try await Pair(importing: true)
        let day = { (days: Int) in Pair.monday.adding(days: days) }
        _ = try await pair.answer(.understood, at: day(2))
        _ = try await pair.answer(.honest, at: day(2))
        let early = day(9).adding(microseconds: -1)
        let tooSoon: String? = "RESOURCE_EXHAUSTED PULSE_TOO_SOON"
        #expect(await refusal { try await pair.answer(.understood, at: early) } == tooSoon)
        _ = try await pair.answer(.understood, at: day(9))
        #expect(await refusal { try await pair.answer(.understood, at: day(15)) } == tooSoon)
        _ = try await pair.answer(.understood, at: day(16))
        #expect(try await pair.events("pulse.answered.v1").count == 4)
    }

    @Test("another pair's answers do not count for the rest")
    func pairs() async throws {
        let pair = try await Pair()
        _ = try await pair.answer(.fair)
        let other = try await pair.host.relationship(
            trustor: pair.relationship.trustor, trustee: "organizations/acme/people/mentor")
        _ = try await pair.service.submitPulse(.init(parent: other.name, item: .fair, value: 2), pair.coachee)
        #expect(await refusal { try await pair.answer(.fair) } == "RESOURCE_EXHAUSTED PULSE_TOO_SOON")
    }

    @Test("a repeated request is answered as before, not refused as too soon")
    func idempotency() async throws {
        let pair = try await Pair()
        var request = SubmitPulseRequest(parent: pair.name, item: .useful, value: 3)
        request.requestId = "0d0e8b1c-3f0e-4f4f-8f7d-26f0a2d6a001"
        let first = try await pair.service.submitPulse(request, pair.coachee)
        #expect(try await pair.service.submitPulse(request, pair.coachee) == first)
        #expect(try await pair.host.events().count == 1)
    }

    @Test("values are read by their author alone")
    func readers() async throws {
        let pair = try await Pair()
        let pulse = try await pair.answer(.dependable, 2)
        #expect(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses == [pulse])
        #expect(
            await refusal { try await pair.service.listPulses(.init(parent: pair.name), pair.coach) }
                == "PERMISSION_DENIED LEVEL_FORBIDDEN")
    }
}
