import Protobuf
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Feedback

@Suite("The trend of pulses")
struct PulseTrendTests {
    static let start = Pair.monday

    static func pulse(_ value: Int32, day: Int, item: Pulse.Item = .honest, scope: Pulse.Scope = .shared) -> Pulse {
        Pulse(item: item, value: value, scope: scope, createTime: start.adding(days: day).timestamp)
    }

    static func released(_ pulses: [Pulse], day: Int) throws -> [PulseTrend] {
        try PulseTrend.released(pulses, since: start, at: start.adding(days: day))
    }

    @Test("four answers are released at the end of 28 days, not before")
    func release() throws {
        let pulses = [(1, 0), (3, 7), (4, 14), (5, 21)].map { Self.pulse(Int32($0.0), day: $0.1) }
        #expect(try Self.released(pulses, day: 27).isEmpty)
        #expect(
            try Self.released(pulses, day: 28) == [
                PulseTrend(
                    item: .honest,
                    points: [PulsePoint(time: Self.start.adding(days: 28).timestamp, mean: 3.25, answers: 4)])
            ])
    }

    @Test("fewer wait for the next end, and no answer is part of two points")
    func waiting() throws {
        let pulses = (0..<11).map { Self.pulse(Int32($0 % 5 + 1), day: 10 * $0) }
        // Days 0, 10, 20 | 30, 40, 50 | 60, 70, 80 | 90, 100
        let points = try #require(try Self.released(pulses, day: 111).first).points
        #expect(points.map(\.answers) == [6])
        #expect(points.first?.time == Self.start.adding(days: 56).timestamp)
        let later = try #require(
            try Self.released(pulses + [Self.pulse(1, day: 105), Self.pulse(1, day: 112)], day: 112).first)
        #expect(later.points.first == points.first)
        #expect(later.points.map(\.answers) == [6, 6])
    }

    @Test("an answer at exactly the end belongs to the next 28 days")
    func boundary() throws {
        let pulses = [7, 14, 21, 28].map { Self.pulse(4, day: $0) }
        #expect(try Self.released(pulses, day: 28).isEmpty)
        #expect(try Self.released(pulses, day: 56).first?.points.map(\.answers) == [4])
    }

    @Test("SELF_ONLY answers are in one's own trend alone")
    func selfOnly() throws {
        let pulses = (0..<4).map { Self.pulse(2, day: 7 * $0, scope: $0 == 0 ? .selfOnly : .shared) }
        #expect(try Self.released(pulses, day: 500).isEmpty)
        #expect(PulseTrend.own(pulses).first?.points.map(\.answers) == [1, 1, 1, 1])
        #expect(PulseTrend.own(pulses).first?.points.first?.time == Self.start.timestamp)
    }

    @Test("items stand apart, in their order")
    func items() throws {
        let pulses = (0..<8).map { Self.pulse(3, day: 3 * $0, item: $0 % 2 == 0 ? .useful : .honest) }
        #expect(try Self.released(pulses, day: 28).map(\.item) == [.honest, .useful])
    }

    @Test("over the wire: the author sees each answer, the coach what is released, nobody else anything")
    func service() async throws {
        let pair = try await Pair()
        for value in [1, 2, 3, 4] {
            _ = try await pair.answer(.honest, Int32(value), scope: value == 4 ? .selfOnly : .shared)
            try await pair.host.advance(days: 7)
        }
        _ = try await pair.answer(.honest, 5)
        let trend = { try await pair.service.getPulseTrend(.init(parent: pair.name), $0).trends }
        #expect(try await trend(pair.coachee).first?.points.map(\.mean) == [1, 2, 3, 4, 5])
        #expect(try await trend(pair.coach).isEmpty)
        try await pair.host.advance(days: 28)
        #expect(try await trend(pair.coach).first?.points.map(\.mean) == [2.75])
        let level: String? = "PERMISSION_DENIED LEVEL_FORBIDDEN"
        #expect(await refusal { try await trend(pair.host.context(service: "gateway")) } == level)
        #expect(
            await refusal { try await trend(pair.host.context(person: "organizations/acme/people/x")) }
                == "PERMISSION_DENIED NOT_PARTY")
        let pulse = try #require(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses.first)
        #expect(try await pair.service.getPulse(.init(name: pulse.name), pair.coachee) == pulse)
        #expect(
            await refusal { try await pair.service.getPulse(.init(name: pulse.name), pair.coach) }
                == "NOT_FOUND NOT_FOUND")
    }

    @Test("S49: skipping changes nothing, however often")
    func skip() async throws {
        let pair = try await Pair()
        for _ in 0..<10 {
            _ = try await pair.service.skipPulse(.init(parent: pair.name, item: .motivated), pair.coachee)
        }
        #expect(try await pair.host.events().isEmpty)
        #expect(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses.isEmpty)
        _ = try await pair.answer(.motivated)
        #expect(
            await refusal { try await pair.service.skipPulse(.init(parent: pair.name), pair.coachee) }
                == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(
            await refusal { try await pair.service.skipPulse(.init(parent: pair.name, item: .fair), pair.coach) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
    }

    @Test("a stream tells of each answer what became of it")
    func stream() async throws {
        let pair = try await Pair()
        _ = try await pair.answer(.honest)
        let requests = [
            SubmitPulseRequest(parent: pair.name, item: .useful, value: 4),
            SubmitPulseRequest(parent: pair.name, item: .honest, value: 4),
            SubmitPulseRequest(parent: pair.name, item: .fair, value: 6),
            SubmitPulseRequest(parent: "organizations/acme/relationships/none", item: .fair, value: 1),
            SubmitPulseRequest(parent: pair.name, item: .fair, value: 1),
        ]
        let results = try await pair.service.submitPulses(pulses(requests), pair.coachee).results
        let reasons = results.map { result in
            if case .refusal(let refusal) = result.outcome { "\(refusal.code) \(refusal.reason)" } else { "stored" }
        }
        #expect(reasons == ["stored", "8 PULSE_TOO_SOON", "3 INVALID_FIELD", "7 NOT_PARTY", "stored"])
        #expect(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses.count == 3)
    }

    @Test("a stream of more than 64 answers is refused whole")
    func bound() async throws {
        let pair = try await Pair()
        let many = { Array(repeating: SubmitPulseRequest(parent: pair.name, item: .fair, value: 1), count: $0) }
        #expect(
            await refusal { try await pair.service.submitPulses(pulses(many(65)), pair.coachee) }
                == "RESOURCE_EXHAUSTED RATE_LIMIT")
        #expect(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses.isEmpty)
        #expect(try await pair.service.submitPulses(pulses(many(64)), pair.coachee).results.count == 64)
        #expect(try await pair.service.listPulses(.init(parent: pair.name), pair.coachee).pulses.count == 1)
        #expect(
            await refusal {
                try await pair.service.submitPulses(pulses(many(1)), ServerContext(method: "x/Y"))
            } == "UNAUTHENTICATED TOKEN_MISSING")
    }
}

private func pulses(_ answers: [SubmitPulseRequest]) -> RequestStream<SubmitPulsesRequest> {
    RequestStream(answers.map { SubmitPulsesRequest(answer: $0) })
}
