import RPC
import Schema
import ServiceKit
import Storage

/// How the trustee sees themselves, for their own eyes: no event tells of it, and no service reads it (docs/domain.md §1 S30,
/// rule 38).
extension FeedbackService {
    func createSelfRating(_ request: CreateSelfRatingRequest, _ context: ServerContext) async throws -> SelfRating {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await runtime.mutate(request, context, under: parent.text, answering: Tables.selfRatings) { change in
            guard change.role == .trustee else { throw Refusal.notTheCoach }
            try change.requireActive()
            let stored = try change.list(Tables.selfRatings, parent: parent.text, limit: SelfRating.maximum)
            guard stored.count < SelfRating.maximum else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "at most \(SelfRating.maximum) self-ratings of one relationship: delete some")
            }
            return try change.insert(
                Tables.selfRatings,
                SelfRating.rated(
                    request.selfRating ?? SelfRating(), named: change.newName("selfRatings", in: parent.text),
                    by: change.actor, at: change.now))
        }
    }

    /// For the other one it does not exist.
    func getSelfRating(_ request: GetSelfRatingRequest, _ context: ServerContext) async throws -> SelfRating {
        try await runtime.get(context, Tables.selfRatings, request.name) { $0.author == $1.caller.person }
    }

    func listSelfRatings(
        _ request: ListSelfRatingsRequest, _ context: ServerContext
    ) async throws -> ListSelfRatingsResponse {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        guard try await runtime.access(context, under: parent).role == .trustee else { throw Refusal.notTheCoach }
        let page = try await runtime.list(context, Tables.selfRatings, request) { $0.author == $1.caller.person }
        return ListSelfRatingsResponse(selfRatings: page.items, nextPageToken: page.nextPageToken)
    }

    /// In whatever state the relationship is: what is for oneself can always be taken out.
    func deleteSelfRating(_ request: DeleteSelfRatingRequest, _ context: ServerContext) async throws -> SelfRating {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.selfRatings) { change in
            guard change.role == .trustee else { throw Refusal.notTheCoach }
            let rating = try change.get(Tables.selfRatings, request.name)
            guard rating.author == change.actor else { throw Refusal.notFound(request.name) }
            try change.delete(Tables.selfRatings, rating.name)
            return rating
        }
    }

    /// What coaches say of themselves goes with the notes, when these were kept long enough after the end (docs/domain.md
    /// §6.10).
    static func endRetention(of relationship: ResourceName, in transaction: Transaction) throws {
        while case let ratings = try Tables.selfRatings.list(
            parent: relationship, after: nil, limit: SelfRating.maximum, in: transaction), !ratings.isEmpty
        {
            for rating in ratings { try Tables.selfRatings.remove(rating.name, in: transaction) }
        }
    }
}

extension Refusal {
    fileprivate static let notTheCoach = Refusal.roleForbidden("how a coach rates themselves is for that coach alone")
}
