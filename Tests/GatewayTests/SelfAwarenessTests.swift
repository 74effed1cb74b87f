import HTTP
import Protobuf
import RPC
import Schema
import ServiceKit
import Standard
import Testing

@testable import Gateway

/// docs/domain.md §1 S30: the gap card.
@Suite(.timeLimit(.minutes(1))) struct SelfAwarenessTests {
    private static let coach = TestServices.coach
    private static let coachee = TestServices.coachee
    private static let path = "/v1/\(pair):selfAwareness"

    private static func profile(shown: Bool = true) -> TrustProfile {
        TrustProfile(
            components: [
                ComponentOpinion(component: .reliability, interval: Interval(lower: 0.6, upper: 0.8)),
                ComponentOpinion(component: .integrity, interval: Interval(lower: 0.6, upper: 0.8)),
                ComponentOpinion(component: .competence, interval: Interval(lower: 0.6, upper: 0.8)),
                ComponentOpinion(component: .empathy, interval: Interval(lower: 0.6, upper: 0.8)),
            ], numberShown: shown)
    }

    private static func services() -> TestServices {
        var services = TestServices()
        services.commitments = [
            Commitment(name: "theirs", owner: coachee, state: .accepted),
            Commitment(name: "mine", owner: coach, state: .missed),
        ]
        services.selfRatings = [
            SelfRating(
                name: "older", dependable: 1, honest: 1, useful: 1, understood: 1, createTime: Timestamp(seconds: 1)),
            SelfRating(
                name: "latest", dependable: 5, honest: 4, useful: 3, understood: 1, createTime: Timestamp(seconds: 2)),
        ]
        services.trends = [
            PulseTrend(
                item: .honest,
                points: [
                    PulsePoint(time: Timestamp(seconds: 3), mean: 2, answers: 9),
                    PulsePoint(time: Timestamp(seconds: 4), mean: 4.25, answers: 4),
                ]),
            PulseTrend(item: .valued, points: [PulsePoint(time: Timestamp(seconds: 4), mean: 1, answers: 4)]),
        ]
        services.profile = profile()
        return services
    }

    @Test("S30: own promises first, then one's own rating beside what the coach may read of how the coachee sees them")
    func theCard() async throws {
        try await TestGateway.run(Self.services().methods) { test in
            let answer = try await test.send("GET", Self.path)
            #expect(answer.status == 200)
            #expect(answer["state"] == .string("OK"))
            #expect(answer["ownCommitments.commitments.0.name"] == .string("mine"))
            #expect(answer["ownCommitments.commitments.1"] == nil)
            #expect(answer["selfRating.name"] == .string("latest"))
            let readings = (0..<5).map { answer["comparisons.\($0).reading"] }
            #expect(readings == [.string("HIGHER"), .string("ALIKE"), .string("LOWER"), .string("LOWER"), nil])
            // The latest mean, and of the item of that component alone.
            #expect(answer["comparisons.1.rated"] == .number("4.25"))
            #expect(answer["comparisons.1.ratedAnswers"] == .number("4"))
            #expect(answer["comparisons.0.rated"] == nil)
        }
    }

    @Test("S30: the gap card is visible to the coach alone") func theCoachAlone() async throws {
        var services = Self.services()
        services.relationships = [
            Relationship(name: pair, trustee: "organizations/acme/people/x", trustor: Self.coach, state: .active)
        ]
        try await TestGateway.run(services.methods) { test in
            let answer = try await test.send("GET", Self.path)
            #expect(answer.status == 403 && answer.text.contains("ROLE_FORBIDDEN"))
        }
        services.relationships[0].trustor = Self.coachee
        try await TestGateway.run(services.methods) { test in
            let answer = try await test.send("GET", Self.path)
            #expect(answer.status == 403 && answer.text.contains("NOT_PARTY"))
        }
        // The coachee asks for none of it.
        #expect(services.calls.all["ListSelfRatings"] == nil && services.calls.all["GetPulseTrend"] == nil)
    }

    @Test("S30: the coach's view has it, without means of ratings") func theCoachsView() async throws {
        try await TestGateway.run(Self.services().methods) { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.0.selfAwareness.selfRating.name"] == .string("latest"))
            #expect(answer["pairs.0.selfAwareness.comparisons.0.reading"] == .string("HIGHER"))
            #expect(answer["pairs.0.selfAwareness.comparisons.1.rated"] == nil)
            #expect(answer["pairs.0.selfAwareness.ownCommitments"] == nil)
            let coachee = try await test.send("GET", "/v1/views/coachee")
            #expect(!coachee.text.contains("selfAwareness") && !coachee.text.contains("selfRating"))
        }
    }

    @Test func aServiceThatIsDownSpoilsNothingElse() async throws {
        var methods = Self.services().methods
        methods["trust-scoring"] = nil
        try await TestGateway.run(methods) { test in
            let answer = try await test.send("GET", Self.path)
            #expect(answer.status == 200 && answer["state"] == .string("UNREACHABLE"))
            #expect(answer["selfRating.name"] == .string("latest"))
            #expect(answer["comparisons.0.reading"] == .string("UNKNOWN"))
        }
    }

    // MARK: The rule

    @Test func aRatingInTheIntervalIsNoGap() {
        let interval = Interval(lower: 0.25, upper: 0.75)
        let readings = [0, 0.25, 0.5, 0.75, 1].map { SelfComparison.reading(of: $0, in: interval) }
        #expect(readings == [.lower, .alike, .alike, .alike, .higher])
        #expect(SelfComparison.reading(of: nil, in: interval) == .unknown)
        #expect(SelfComparison.reading(of: 1, in: nil) == .unknown)
    }

    @Test func withTooLittleEvidenceThereIsNoNumber() {
        let comparisons = SelfComparison(
            own: SelfRating(dependable: 5, honest: 5, useful: 5, understood: 5), trust: Self.profile(shown: false)
        ).all
        #expect(comparisons.map(\.component) == [.reliability, .integrity, .competence, .empathy])
        #expect(comparisons.allSatisfy { $0.trusted == nil && $0.reading == .unknown && $0.ownShare == 1 })
    }

    @Test func withoutARatingOfOnesOwnNothingIsCompared() {
        let comparisons = SelfComparison(trust: Self.profile()).all
        #expect(comparisons.allSatisfy { $0.own == 0 && $0.trusted != nil && $0.reading == .unknown })
    }
}
