import RPC
import Schema
import ServiceKit

extension ViewRequest {
    /// Commitments that a brief shows.
    private static let briefCommitments: Int32 = 10
    /// Days ahead in which a goal's due date is near.
    private static let goalDays = 14

    /// The same for both parties (docs/domain.md U8): it says nothing that only one of them may see, and nothing from
    /// the point of view of one. Ten calls at most.
    /// - Throws: what GetRelationship throws, except when its service is unreachable; `Refusal` NOT_PARTY.
    func sessionBrief(of name: String, for person: String) async throws -> SessionBrief {
        let pair = try ResourceName.relationship(of: name)
        guard pair.text == name else { throw Refusal.invalid("name", "is no relationship", reason: "BAD_NAME") }
        let relationship = try await party(person, of: name)
        async let commitments = fetch(Commitments.latest(Self.briefCommitments, of: name))
        async let feedback = fetch(OpenFeedback(pair: name))
        async let goals = fetch(UnfinishedGoals(pair: name))
        async let obstacles = fetch(OpenObstacles(pair: name, since: now.adding(days: -OpenObstacles.days)))
        async let sustaining = fetch(Sustaining(pair: name))
        async let agreement = fetch(SignedAgreement(pair: name))
        async let alerts = fetch(Alerts(pair: name, isShared: true))
        async let change = changeSinceLastSession(of: name)
        let shared = await feedback.map { $0.filter(\.isShared) }
        let near = await goals.map { $0.near(now, days: Self.goalDays) }
        return await SessionBrief(
            name: name, relationship: relationship.message, commitments: commitments.message, goals: near.message,
            feedback: shared.message, change: change.map { $0.foldingRatings().top }.message,
            questions: QuestionsSection(
                state: .ok,
                questions: Questions(
                    commitments: commitments.content ?? [], obstacles: obstacles.content ?? [],
                    goals: near.content ?? [], feedback: shared.content ?? []
                ).three),
            confidentiality: agreement.message, obstacles: obstacles.message,
            sustaining: sustaining.map(\.gaps).message, alerts: alerts.message)
    }

    private func party(_ person: String, of name: String) async throws -> Fetched<Relationship> {
        do {
            let relationship = try await call(Pair(name: name))
            guard [relationship.trustee, relationship.trustor].contains(person) else { throw Refusal.notParty }
            return Fetched(state: .ok, content: relationship)
        } catch let error as RPCError where ViewRequest.state(of: error) == .unreachable {
            // Each section's own service judges who asks.
            return Fetched(state: .unreachable, content: nil)
        }
    }

    private func changeSinceLastSession(of name: String) async -> Fetched<Explanation> {
        let session = await fetch(LastSession(pair: name)).content ?? nil
        let last = session?.startTime.flatMap { try? Instant($0) }
        let since = last.map { min($0, now) } ?? now.adding(days: -Change.days)
        return await fetch(Change(pair: name, from: since, to: now))
    }
}

extension FeedbackItem {
    /// Both can read it: a blind one not before its reveal (docs/domain.md rule 30).
    fileprivate var isShared: Bool {
        [.delivered, .acknowledged, .discussed].contains(state) && (blindExchange.isEmpty || revealTime != nil)
    }
}
