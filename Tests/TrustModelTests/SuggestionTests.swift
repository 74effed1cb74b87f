import Testing

@testable import TrustModel

/// docs/domain.md S14: the what-if with the largest gain where least is known.
@Suite struct SuggestionTests {
    @Test func theLargestGainFirst() throws {
        let state = try CaseStudy().state()
        let profile = try #require(state.profile(at: day(87)))
        // S + R of empathy is the smallest on day 87.
        #expect(profile.mostUncertain == .empathy)
        let kinds: [EvidenceKind] = [.recognitionGiven, .reflectionConfirmed, .supportAdapted]
        let suggestions = try state.suggestions(of: kinds, by: { _ in "people/coach" }, at: day(87))
        #expect(suggestions.map(\.kind) == [.reflectionConfirmed, .supportAdapted, .recognitionGiven])
        #expect(suggestions.allSatisfy { $0.change > 0 && $0.widthChange < 0 })
        for suggestion in suggestions {
            let act = try Evidence.make(
                suggestion.kind, id: EventID(high: 7, low: 7), sourceID: "people/coach", occurredAt: day(87),
                recordedAt: day(87))
            let answer = try state.whatIf([act], at: day(87))
            #expect(near(suggestion.change, answer.explanation.change, 1e-12))
            #expect(suggestion.interval == answer.profile.interval)
        }
        // Nothing was written.
        #expect(state.profile(at: day(87)) == profile)
    }

    @Test func withoutEvidenceEverythingIsUncertain() throws {
        let state = try RelationshipState(start: origin, policy: .standard)
        #expect(try #require(state.profile(at: day(1))).mostUncertain == .reliability)
    }

    @Test func whatCountsIsCounted() throws {
        var study = try CaseStudy()
        #expect(try study.profile(at: 87).evidenceCount == 61)
        #expect(try study.profile(at: -1).evidenceCount == 0)
        // The same where the past is settled into sums.
        let running = try RelationshipState(start: study.start, policy: .standard, log: study.log)
        #expect(running.settledBefore != nil)
        #expect(try #require(running.profile(at: day(87))).evidenceCount == 61)
        study.evidence.removeLast()
        #expect(try study.profile(at: 87).evidenceCount == 60)
    }
}
