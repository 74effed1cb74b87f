import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §4.4 a and §4.5 M7: a coach's own view.
@Suite struct FairnessViewTests {
    private func view(_ pair: Pair, _ context: ServerContext? = nil) async throws -> FairnessView {
        try await pair.service.getFairnessView(
            GetFairnessViewRequest(name: "\(coach)/fairnessView"), context ?? pair.context(coach))
    }

    /// Five coachees of one coach, the third of whom waits so many times as long for an answer.
    private func five(slow: Double) async throws -> (Pair, [Relationship]) {
        let pair = try await Pair(now: 150)
        var relationships = [pair.relationship]
        for number in 1..<5 {
            var relationship = try await pair.host.relationship(
                trustor: "organizations/acme/people/coachee\(number)", trustee: coach)
            relationship.startTime = day(-1).timestamp
            relationship.etag = "\"2\""
            try await pair.host.put(relationship)
            relationships.append(relationship)
        }
        for (number, relationship) in relationships.enumerated() {
            let facts = Facts(relationship: relationship.name)
            for item in 0..<14 {
                let at = Double(item * 10 + 1)
                let hours = Double(3 + (item * 5 + number * 3) % 9) * (number == 2 ? slow : 1)
                try await pair.tell(
                    [
                        facts.feedback(
                            "feedback.delivered.v1", .constructive, "f\(item)", at: day(at), author: .trustor),
                        facts.feedback(
                            "feedback.acknowledged.v1", .constructive, "f\(item)", at: day(at + hours / 24),
                            author: .trustor),
                    ], from: "feedback")
            }
        }
        return (pair, relationships)
    }

    @Test func whoWaitsLongerStandsOut() async throws {
        let (pair, relationships) = try await five(slow: 4)
        let comparison = try #require(try await view(pair).comparisons.first)
        #expect(comparison.kind == .responseTime && comparison.verdict == .uneven)
        #expect(comparison.relationship == relationships[2].name && comparison.ratio >= 1.5)
        #expect(comparison.coacheeCount == 5 && comparison.actCount == 70)
        #expect(try #require(comparison.pValue).value <= 0.01)
    }

    @Test func evenTreatmentIsEven() async throws {
        let (pair, _) = try await five(slow: 1)
        #expect(try await view(pair).comparisons.map(\.verdict) == [.even, .insufficient])
    }

    @Test func sharesOfWhatWasAgreed() async throws {
        let (pair, relationships) = try await five(slow: 1)
        for (number, relationship) in relationships.enumerated() {
            let facts = Facts(relationship: relationship.name)
            let sessions = number == 0 ? 2 : 6
            try await pair.tell((0..<sessions).map { facts.held("s\($0)", start: day(100 + Double($0) * 7)) })
        }
        let view = try await view(pair)
        #expect(view.sharesAreUneven && view.shares.count == 5)
        #expect(view.shares.first { $0.relationship == relationships[0].name }?.heldSessions == 2)
    }

    @Test func oneCoacheeIsTooFew() async throws {
        let pair = try await Pair(now: 100)
        let view = try await view(pair)
        #expect(view.comparisons.map(\.verdict) == [.insufficient, .insufficient])
        #expect(!view.sharesAreUneven && view.shares.count == 1)
    }

    @Test func nobodyElse() async throws {
        let pair = try await Pair(now: 100)
        #expect(await reason { try await view(pair, pair.context(coachee)) } == "NOT_PARTY")
        #expect(
            await reason { try await view(pair, pair.context(coach, purpose: "programme_admin")) } == "PURPOSE_MISSING")
    }
}
