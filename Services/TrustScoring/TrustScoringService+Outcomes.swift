import RPC
import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

extension TrustScoringService {
    /// Weekly points of one answer: two years.
    static let maximumWeeks = 104
    /// How far apart two sustaining indexes may be compared, in days.
    static let comparisonDays = 366

    /// What trust leads to, beside it on one axis of time (docs/domain.md §3.12).
    func getOutcomes(_ request: GetOutcomesRequest, _ context: ServerContext) async throws -> Outcomes {
        let view = try await view(context, of: request.name, singleton: "outcomes")
        let instant = try view.past(request.asOf, "as_of")
        try Check.range(Int(request.weekCount), "week_count", 0...Self.maximumWeeks)
        let instants = (0..<Int(request.weekCount)).reversed().map { instant.advanced(byDays: -7 * $0) }
            .filter { $0 >= view.start }
        let earliest = min(instants.first ?? instant, instant.advanced(byDays: -Outcome.changeDays))
        let from = earliest.advanced(byDays: -OutcomeFacts.memoryDays)
        let (observations, history) = try await runtime.database.read { snapshot in
            (
                try ObservationStore(view.name).observations(from: from, to: instant, in: snapshot),
                try EvidenceStore(view.name).history(in: snapshot)
            )
        }
        let inputs = OutcomeInputs(observations)
        let state = try Replay.state(of: history.log, start: view.start, policy: scores.policy)
        let withRatings = view.access.role != .trustee
        return Outcomes(
            inputs, tally: history.log.tally(at: instant), at: instant, of: view.name, withRatings: withRatings,
            weeks: instants.compactMap { state.profile(at: $0) }.map {
                OutcomeWeek($0, inputs, withRatings: withRatings)
            })
    }

    /// Reads the 56 days before each of the two instants, and no more.
    func getSustainingIndex(
        _ request: GetSustainingIndexRequest, _ context: ServerContext
    ) async throws -> Schema.SustainingIndex {
        let view = try await view(context, of: request.name, singleton: "sustainingIndex")
        let instant = try view.past(request.asOf, "as_of")
        let usual = instant.advanced(byDays: -Outcome.changeDays)
        let compared = try request.compareTo.map { try view.past($0, "compare_to") } ?? usual
        guard compared <= instant, instant <= compared.advanced(byDays: Self.comparisonDays) else {
            throw Refusal.invalid("compare_to", "must lie at most \(Self.comparisonDays) days before as_of")
        }
        let relationship = view.access.relationship
        return try await runtime.database.read { snapshot in
            func index(_ instant: Instant) throws -> SustainingIndex {
                SustainingIndex(
                    try SustainingInputs.read(relationship, start: view.start, at: instant, in: snapshot).facts,
                    at: instant)
            }
            return Schema.SustainingIndex(
                try index(instant), at: instant, of: view.name,
                since: compared >= view.start ? (try index(compared), compared) : nil)
        }
    }

    /// For the coach alone: what they could do next (docs/domain.md S14).
    func suggestActions(
        _ request: SuggestActionsRequest, _ context: ServerContext
    ) async throws -> SuggestActionsResponse {
        let view = try await view(context, of: ResourceName(request.name, "organizations", "relationships"))
        let relationship = view.access.relationship
        guard view.access.role != .trustor else { throw Refusal.roleForbidden("only the coach may do this") }
        guard relationship.state == .active else { throw Refusal.notActive }
        let inputs = try await runtime.database.read { snapshot in
            try SustainingInputs.read(relationship, start: view.start, at: view.now, in: snapshot)
        }
        let state = try await scores.state(of: view.name, start: view.start, at: view.now)
        guard let profile = state.profile(at: view.now) else { throw StateError.needsReplay }
        let component = profile.mostUncertain
        let acts = NextActs(inputs, at: view.now)
        let suggestions = try state.suggestions(
            of: acts.kinds(of: component), by: relationship.source, at: view.now)
        return SuggestActionsResponse(
            asOf: view.now.timestamp, component: Schema.Component(component), score: profile.score,
            interval: Schema.Interval(profile.interval),
            actions: suggestions.prefix(NextActs.maximum).map { SuggestedAction($0, reason: acts.reason(of: $0.kind)) })
    }
}

extension View {
    /// Neither before the start nor ahead; now where nothing is given.
    func past(_ timestamp: Timestamp?, _ field: String) throws -> Instant {
        guard let timestamp else { return now }
        let instant = try instant(timestamp, field)
        guard instant <= now else {
            throw Refusal(.outOfRange, "AS_OF_TOO_FAR", "\(field) lies ahead", field: field)
        }
        return instant
    }
}
