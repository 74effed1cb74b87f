import RPC
import Schema
import ServiceKit

extension ViewRequest {
    /// Days in which a promise of one's own that has ended is still shown.
    private static let promiseDays = 28

    /// The card of one pair, of five calls: for its coach alone (docs/domain.md §1 S30, rule 38).
    /// - Throws: what GetRelationship throws; `Refusal` NOT_PARTY, and ROLE_FORBIDDEN for the coachee.
    func selfAwareness(of name: String, for person: String) async throws -> SelfAwareness {
        let relationship = try await call(Pair(name: try ResourceName(name, "organizations", "relationships").text))
        guard relationship.trustee == person else {
            throw relationship.trustor == person
                ? Refusal.roleForbidden("how a coach sees themselves is for the coach alone") : Refusal.notParty
        }
        async let promises = fetch(Commitments.open(of: name, orEndedSince: now.adding(days: -Self.promiseDays)))
        async let rating = fetch(LatestSelfRating(pair: name))
        async let trust = fetch(Profile(pair: name))
        async let ratings = fetch(ReleasedRatings(pair: name))
        var card = await SelfAwareness.card(name, rating, trust, ratings)
        card.ownCommitments = await promises.map { $0.filter { $0.owner == person } }.message
        return card
    }
}

extension SelfAwareness {
    /// - Parameter ratings: nil where they are not asked for.
    static func card(
        _ name: String, _ rating: Fetched<SelfRating?>, _ trust: Fetched<TrustProfile>,
        _ ratings: Fetched<[PulseTrend]>? = nil
    ) -> SelfAwareness {
        let own = rating.content ?? nil
        return SelfAwareness(
            name: name, state: .of(rating.state, trust.state, ratings?.state ?? .ok), selfRating: own,
            comparisons: SelfComparison(own: own, trust: trust.content, ratings: ratings?.content ?? []).all)
    }
}
