import RPC
import Schema
import ServiceKit
import Storage
import Synchronization
import Testing
import TrustModel

@testable import TrustScoring

/// An operator lets every relationship be folded anew (docs/domain.md §3.9, rapport.admin.v1).
@Suite struct ReplayComparisonTests {
    private func reports(_ pair: Pair) async throws -> [ReplayProgress] {
        let reports = Mutex<[ReplayProgress]>([])
        try await pair.service.verifyReplays { report in reports.withLock { $0.append(report) } }
        return reports.withLock { $0 }
    }

    private func remembered() async throws -> Pair {
        let pair = try await Pair(now: 40)
        try await pair.tell(
            (1...5).map {
                pair.facts.commitment("commitment.kept.v1", "c\($0)", at: day(Double($0)), claim: day(Double($0)))
            })
        #expect(try await pair.profile().evidenceCount == 5)
        return pair
    }

    @Test func whatRunsIsWhatTheLogSays() async throws {
        let pair = try await remembered()
        let reports = try await reports(pair)
        #expect(reports.map(\.relationships) == [0, 1])
        #expect(reports.allSatisfy { $0.relationshipsTotal == 1 })
        #expect(reports.last?.evidenceCount == 5)
        #expect(reports.last?.differentCount == 0)
        #expect(reports.last.map { $0.largestDifference < 1e-9 } == true)
    }

    @Test func aLogThatWasChangedBehindTheServiceIsFound() async throws {
        let pair = try await remembered()
        try await pair.host.runtime.database.write {
            _ = try $0.execute(
                "UPDATE evidence SET weight = 0.5 WHERE occurred_at = ?", [.integer(day(3).microseconds)])
        }
        let last = try #require(try await reports(pair).last)
        #expect(last.differentCount == 1)
        #expect(last.different == [pair.relationship.name])
        #expect(last.largestDifference > 0.1)
    }

    @Test func aRelationshipThatHasNotBegunHasNothingToFold() async throws {
        let pair = try await remembered()
        var coming = try await pair.host.relationship(trustor: coachee, trustee: coach, state: .requested)
        coming.startTime = nil
        coming.etag = "\"2\""
        try await pair.host.put(coming)
        #expect(try await reports(pair).last?.relationshipsTotal == 1)
    }
}
