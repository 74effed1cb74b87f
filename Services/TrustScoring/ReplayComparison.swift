import RPC
import Schema
import ServiceKit
import TrustModel

/// A running state beside its whole log folded anew (docs/domain.md §3.9).
struct ReplayComparison: Sendable {
    /// What two sums of the same evidence may differ by.
    static let tolerance = 1e-9

    /// The largest of any R or S.
    var difference: Double
    /// Pieces of evidence that count.
    var evidenceCount: Int
    /// The log that was folded, and up to when.
    var history: EvidenceHistory
    var instant: Instant

    var isEqual: Bool { difference < Self.tolerance }
}

extension RelationshipScores {
    /// - Throws: `Refusal` ABORTED, CONCURRENT_CHANGE while evidence keeps coming; `StateError` for a log that does not fold.
    func comparison(of name: ResourceName, start: Instant, now: Instant) async throws -> ReplayComparison {
        let (running, history) = try await runningState(of: name, start: start)
        let now = max(now, running.settledBefore ?? now)
        let replayed = try Replay.profile(of: history.log, start: start, policy: policy, asOf: now)
        guard let profile = running.profile(at: now) else { throw StateError.needsReplay }
        let difference =
            Component.allCases.flatMap { component in
                let (left, right) = (profile.components[component].opinion, replayed.components[component].opinion)
                return [abs(left.positive - right.positive), abs(left.negative - right.negative)]
            }.max() ?? 0
        return ReplayComparison(
            difference: difference, evidenceCount: replayed.evidenceCount, history: history, instant: now)
    }
}

extension TrustScoringService {
    /// Relationships between two reports.
    static let replaysPerReport = 100
    /// Names of relationships that differ in one report.
    static let differentNamed = 100

    func verifyReplays(_ report: (ReplayProgress) async throws -> Void) async throws {
        let begun = (runtime.projection?.all ?? []).filter { $0.startTime != nil }.sorted { $0.name < $1.name }
        var progress = ReplayProgress(relationshipsTotal: Int64(begun.count))
        try await report(progress)
        for relationship in begun {
            try await compare(relationship, into: &progress)
            if progress.relationships % Int64(Self.replaysPerReport) == 0 { try await report(progress) }
        }
        try await report(progress)
    }

    private func compare(_ relationship: Relationship, into progress: inout ReplayProgress) async throws {
        guard let startTime = relationship.startTime else { return }
        progress.relationships += 1
        do {
            let name = try ResourceName(relationship.name, "organizations", "relationships")
            let start = try Instant(startTime)
            let now = max(start, Instant(runtime.clock.now))
            let comparison = try await scores.comparison(of: name, start: start, now: now)
            progress.evidenceCount += Int64(comparison.evidenceCount)
            progress.largestDifference = max(progress.largestDifference, comparison.difference)
            guard !comparison.isEqual else { return }
        } catch let error as CancellationError {
            throw error
        } catch let refusal as Refusal where refusal.reason == "CONCURRENT_CHANGE" {
            progress.unsettledCount += 1
            return
        } catch {
            runtime.logger.error("a log cannot be folded", metadata: ["error": "\(error)"])
        }
        progress.differentCount += 1
        if progress.different.count < Self.differentNamed { progress.different.append(relationship.name) }
    }
}
