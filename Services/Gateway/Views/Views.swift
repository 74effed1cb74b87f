import Protobuf
import RPC
import Schema
import ServiceKit

/// The views that the gateway composes (docs/domain.md §6.5): one file each, of sections in files of their own.
struct Views: ViewsServiceHandlers {
    /// Pairs in one view.
    static let pairLimit: Int32 = 50

    let upstreams: Upstreams
    let clock: ServiceClock

    func getCoachView(_ request: GetCoachViewRequest, _ context: ServerContext) async throws -> CoachView {
        let (view, person) = try personal(context)
        let page = try await view.relationships(of: person, as: "trustee")
        return CoachView(
            pairs: await view.each(page.content?.relationships ?? [], view.coachPair), state: page.state,
            truncated: page.content?.nextPageToken.isEmpty == false)
    }

    func getCoacheeView(_ request: GetCoacheeViewRequest, _ context: ServerContext) async throws -> CoacheeView {
        let (view, person) = try personal(context)
        let page = try await view.relationships(of: person, as: "trustor")
        return CoacheeView(
            pairs: await view.each(page.content?.relationships ?? [], view.coacheePair), state: page.state,
            truncated: page.content?.nextPageToken.isEmpty == false)
    }

    func getSessionBrief(_ request: GetSessionBriefRequest, _ context: ServerContext) async throws -> SessionBrief {
        let (view, person) = try personal(context)
        return try await view.sessionBrief(of: request.name, for: person)
    }

    func getSelfAwareness(_ request: GetSelfAwarenessRequest, _ context: ServerContext) async throws -> SelfAwareness {
        let (view, person) = try personal(context)
        return try await view.selfAwareness(of: request.name, for: person)
    }

    private func personal(_ context: ServerContext) throws -> (ViewRequest, person: String) {
        guard let person = try context.caller.person else { throw Refusal.roleForbidden("only people have views") }
        return (ViewRequest(upstreams: upstreams, context: context, now: clock.now), person)
    }
}

extension ViewRequest {
    /// Those that have not ended, in the order of their creation.
    /// - Throws: UNAUTHENTICATED; any other failure is the view's state.
    fileprivate func relationships(
        of person: String, as party: String
    ) async throws -> Fetched<ListRelationshipsResponse> {
        do {
            let organization = try context.caller.organization
            return Fetched(
                state: .ok,
                content: try await call(OpenRelationships(organization: organization, person: person, party: party)))
        } catch let error as RPCError where error.code == .unauthenticated {
            throw error
        } catch {
            return Fetched(state: ViewRequest.state(of: error), content: nil)
        }
    }

    /// All pairs side by side, answered in their order.
    fileprivate func each<Pair: Sendable>(
        _ relationships: [Relationship], _ make: @escaping @Sendable (Relationship) async -> Pair
    ) async -> [Pair] {
        await withTaskGroup(of: (Int, Pair).self) { group in
            for (index, relationship) in relationships.enumerated() {
                group.addTask { (index, await make(relationship)) }
            }
            return await group.reduce(into: [(Int, Pair)]()) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
