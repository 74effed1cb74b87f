import RPC
import Schema
import ServiceKit
import Standard
import TrustModel

extension TrustScoringService {
    /// From a week before `to`, or the start, unless it says otherwise.
    func explainChange(_ request: ExplainChangeRequest, _ context: ServerContext) async throws -> Schema.Explanation {
        let view = try await view(context, of: ResourceName(request.name, "organizations", "relationships"))
        let to = try request.to.map { try view.instant($0, "to") } ?? view.now
        let from = try request.from.map { try view.instant($0, "from") } ?? max(view.start, to.advanced(byDays: -7))
        guard from <= to else { throw Refusal.invalid("from", "must not lie after to") }
        let history = try await scores.history(of: view.name)
        let explanation = try Replay.state(of: history.log, start: view.start, policy: scores.policy)
            .explanation(from: from, to: to)
        return message(explanation, of: history, view)
    }

    /// Pure: nothing is written, nobody else learns of it.
    func whatIf(_ request: WhatIfRequest, _ context: ServerContext) async throws -> WhatIfResponse {
        let view = try await view(context, of: ResourceName(request.name, "organizations", "relationships"))
        guard request.events.count <= WhatIf.maximumHypotheses else {
            throw Refusal(
                .outOfRange, "TOO_MANY_HYPOTHESES", "at most \(WhatIf.maximumHypotheses) hypothetical events at once")
        }
        let instant = try request.asOf.map { try view.instant($0, "as_of") } ?? view.now
        let hypotheses = try request.events.enumerated().map { number, event in
            try event.evidence(number, in: view.access.relationship, start: view.start, at: instant)
        }
        let history = try await scores.history(of: view.name)
        let state = try Replay.state(of: history.log, start: view.start, policy: scores.policy)
        guard let before = state.profile(at: instant) else { throw StateError.needsReplay }
        let answer = try state.whatIf(hypotheses, at: instant)
        return WhatIfResponse(
            before: TrustProfile(before, of: view.name, now: view.now),
            after: TrustProfile(answer.profile, of: view.name, now: view.now),
            explanation: message(answer.explanation, of: history, view))
    }

    /// The running state against the whole log folded anew, now (docs/domain.md §3.9).
    func verifyReplay(_ request: VerifyReplayRequest, _ context: ServerContext) async throws -> VerifyReplayResponse {
        let view = try await view(context, of: ResourceName(request.name, "organizations", "relationships"))
        let comparison = try await scores.comparison(of: view.name, start: view.start, now: view.now)
        let fingerprint = try comparison.history.fingerprint(
            at: comparison.instant, start: view.start, policy: scores.policy)
        return VerifyReplayResponse(
            largestDifference: comparison.difference, equal: comparison.isEqual,
            evidenceCount: Int64(comparison.evidenceCount), stateHash: fingerprint.stateHash)
    }

    /// As the caller may see it: single ratings are the trustor's own (docs/domain.md rule 19).
    private func message(
        _ explanation: Explanation, of history: EvidenceHistory, _ view: View
    ) -> Schema.Explanation {
        Schema.Explanation(
            view.access.role == .trustee ? explanation.foldingRatings() : explanation,
            about: Dictionary(history.records.map { ($0.evidence.id, $0) }) { first, _ in first }, of: view.name)
    }
}
