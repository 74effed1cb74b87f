import RPC
import Schema
import ServiceKit
import Standard

/// What a coach needs before a session, fetched side by side. A section that fails says so and spoils nothing else.
struct CoachViews: ViewsServiceHandlers {
    static let rpc = "rapport.gateway.v1.ViewsService/GetCoachView"
    /// For each call of a section, and for the list of relationships before.
    static let sectionTimeout = Duration.seconds(1)
    /// Pairs in one view.
    static let pairLimit = 50
    /// Pages of 500 that a section reads to find what is open.
    static let pageLimit = 10

    let upstreams: Upstreams

    func getCoachView(_ request: GetCoachViewRequest, _ context: ServerContext) async throws -> CoachView {
        let caller = try context.caller
        guard let person = caller.person else { throw Refusal.roleForbidden("only people have a coach's view") }
        let relationships: [Relationship]
        do {
            relationships = try await self.relationships(of: person, in: caller.organization, context)
        } catch let error as RPCError {
            if error.code == .unauthenticated { throw error }
            return CoachView(state: CoachViews.state(of: error))
        }
        let pairs = await withTaskGroup(of: (Int, CoachPair).self) { group in
            for (index, relationship) in relationships.enumerated() {
                group.addTask { (index, await pair(relationship, context)) }
            }
            return await group.reduce(into: [(Int, CoachPair)]()) { $0.append($1) }
        }
        return CoachView(pairs: pairs.sorted { $0.0 < $1.0 }.map(\.1), state: .ok)
    }

    /// Those in which the person is the trustee, in the order of their creation.
    private func relationships(
        of person: String, in organization: String, _ context: ServerContext
    ) async throws -> [Relationship] {
        let client = RelationshipsServiceClient(try channel(of: "rapport.relationships.v1.RelationshipsService"))
        let options = try await upstreams.options(for: context, timeout: CoachViews.sectionTimeout)
        let mine = try await CoachViews.all { token in
            let page = try await client.listRelationships(
                ListRelationshipsRequest(parent: organization, pageSize: 500, pageToken: token), options: options)
            return (page.relationships.filter { $0.trustee == person }, page.nextPageToken)
        }
        return Array(mine.prefix(CoachViews.pairLimit))
    }

    private func pair(_ relationship: Relationship, _ context: ServerContext) async -> CoachPair {
        async let commitments = commitments(relationship, context)
        async let sessions = sessions(relationship, context)
        async let feedback = feedback(relationship, context)
        async let goals = goals(relationship, context)
        async let trust = trust(relationship, context)
        return await CoachPair(
            relationship: relationship, commitments: commitments, sessions: sessions, feedback: feedback, goals: goals,
            trust: trust)
    }

    private func commitments(_ pair: Relationship, _ context: ServerContext) async -> CommitmentsSection {
        let (state, open) = await section("rapport.relationships.v1.RelationshipsService", context) {
            channel, options in
            try await CoachViews.all { token in
                let page = try await RelationshipsServiceClient(channel).listCommitments(
                    ListCommitmentsRequest(parent: pair.name, pageSize: 500, pageToken: token), options: options)
                return (page.commitments.filter(\.isOpen), page.nextPageToken)
            }
        }
        let own = open.filter { $0.owner == pair.trustee }
        return CommitmentsSection(state: state, commitments: own + open.filter { $0.owner != pair.trustee })
    }

    private func sessions(_ pair: Relationship, _ context: ServerContext) async -> SessionsSection {
        let (state, planned) = await section("rapport.relationships.v1.RelationshipsService", context) {
            channel, options in
            try await CoachViews.all { token in
                let page = try await RelationshipsServiceClient(channel).listSessions(
                    ListSessionsRequest(parent: pair.name, pageSize: 500, pageToken: token), options: options)
                return (page.sessions.filter { $0.state == .scheduled }, page.nextPageToken)
            }
        }
        return SessionsSection(
            state: state, sessions: planned.sorted { $0.startTime?.seconds ?? 0 < $1.startTime?.seconds ?? 0 })
    }

    private func feedback(_ pair: Relationship, _ context: ServerContext) async -> FeedbackSection {
        let (state, items) = await section("rapport.feedback.v1.FeedbackService", context) { channel, options in
            try await CoachViews.all { token in
                let page = try await FeedbackServiceClient(channel).listFeedback(
                    ListFeedbackRequest(parent: pair.name, pageSize: 500, pageToken: token), options: options)
                return (page.feedbackItems.filter { $0.state == .delivered }, page.nextPageToken)
            }
        }
        return FeedbackSection(state: state, items: items)
    }

    private func goals(_ pair: Relationship, _ context: ServerContext) async -> GoalsSection {
        let (state, goals) = await section("rapport.goals.v1.GoalsService", context) { channel, options in
            try await CoachViews.all { token in
                let page = try await GoalsServiceClient(channel).listGoals(
                    ListGoalsRequest(parent: pair.name, pageSize: 500, pageToken: token), options: options)
                return (page.goals.filter(\.isUnfinished), page.nextPageToken)
            }
        }
        return GoalsSection(state: state, goals: goals)
    }

    private func trust(_ pair: Relationship, _ context: ServerContext) async -> TrustSection {
        let (state, profiles) = await section("rapport.trust.v1.TrustService", context) { channel, options in
            let name = "\(pair.name)/trustProfile"
            return [
                try await TrustServiceClient(channel).getTrustProfile(
                    GetTrustProfileRequest(name: name), options: options)
            ]
        }
        return TrustSection(state: state, profile: profiles.first)
    }

    /// One section within its own deadline. What the pair does not have yet (no profile before activation) is OK and
    /// empty.
    private func section<Element>(
        _ service: String, _ context: ServerContext, _ fetch: (Channel, CallOptions) async throws -> [Element]
    ) async -> (SectionState, [Element]) {
        do {
            let options = try await upstreams.options(for: context, timeout: CoachViews.sectionTimeout)
            return (.ok, try await fetch(try channel(of: service), options))
        } catch {
            return (CoachViews.state(of: error), [])
        }
    }

    private func channel(of service: String) throws -> Channel {
        guard let upstream = upstreams[service] else { throw RPCError(.unavailable, "\(service) is not configured") }
        return upstream.channel
    }

    static func state(of error: any Error) -> SectionState {
        switch (error as? RPCError)?.code {
        case .permissionDenied, .unauthenticated: .notPermitted
        case .notFound, .failedPrecondition: .ok
        default: .unreachable
        }
    }

    private static func all<Element>(
        _ page: (String) async throws -> (elements: [Element], next: String)
    ) async throws -> [Element] {
        var elements: [Element] = []
        var token = ""
        for _ in 0..<pageLimit {
            let answer = try await page(token)
            elements += answer.elements
            token = answer.next
            if token.isEmpty { break }
        }
        return elements
    }
}

extension Commitment {
    /// Something is still to be done or said about it.
    fileprivate var isOpen: Bool {
        [.proposed, .accepted, .renegotiated, .claimedKept, .disputed].contains(state)
    }
}

extension Goal {
    fileprivate var isUnfinished: Bool {
        [.draft, .proposed, .active, .atRisk].contains(state)
    }
}
