import RPC
import Schema
import ServiceKit

extension ViewRequest {
    /// One of a coach's pairs, of eleven calls.
    @Sendable func coachPair(_ relationship: Relationship) async -> CoachPair {
        let pair = relationship.name
        async let commitments = fetch(Commitments.open(of: pair))
        async let sessions = fetch(Sessions.near(now, of: pair))
        async let feedback = fetch(OpenFeedback(pair: pair))
        async let requests = fetch(OpenFeedbackRequests(pair: pair))
        async let goals = fetch(UnfinishedGoals(pair: pair))
        async let trust = fetch(Profile(pair: pair))
        async let sustaining = fetch(Sustaining(pair: pair))
        async let actions = fetch(NextActions(pair: pair))
        async let alerts = fetch(Alerts(pair: pair))
        async let reminders = fetch(Reminders(pair: pair))
        async let rating = fetch(LatestSelfRating(pair: pair))
        let all = await (commitments, sessions, feedback, requests, goals)
        return await CoachPair(
            relationship: relationship,
            commitments: all.0.map { $0.first(ofOwner: relationship.trustee) }.message,
            sessions: all.1.map(\.upcoming).message, feedback: all.2.message, goals: all.4.message,
            trust: trust.message,
            obligations: Obligations(of: relationship.trustee, at: now).section(
                all.0, all.1, all.2, all.3, all.4),
            sustaining: sustaining.message, actions: actions.message, alerts: alerts.message,
            reminders: reminders.message, selfAwareness: SelfAwareness.card(pair, rating, trust))
    }
}
