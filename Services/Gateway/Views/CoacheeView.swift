import RPC
import Schema
import ServiceKit

extension ViewRequest {
    /// Days in which a promise that has ended is still shown.
    private static let promiseDays = 28

    /// One of a coachee's pairs, of nine calls.
    @Sendable func coacheePair(_ relationship: Relationship) async -> CoacheePair {
        let pair = relationship.name
        async let commitments = fetch(Commitments.open(of: pair, orEndedSince: now.adding(days: -Self.promiseDays)))
        async let sessions = fetch(Sessions.near(now, of: pair))
        async let feedback = fetch(OpenFeedback(pair: pair))
        async let requests = fetch(OpenFeedbackRequests(pair: pair))
        async let goals = fetch(UnfinishedGoals(pair: pair))
        async let trust = fetch(Profile(pair: pair))
        async let change = fetch(Change(pair: pair, from: now.adding(days: -Change.days), to: now))
        async let alerts = fetch(Alerts(pair: pair))
        async let reminders = fetch(Reminders(pair: pair))
        let all = await (commitments, sessions, feedback, requests, goals)
        return await CoacheePair(
            relationship: relationship,
            obligations: Obligations(of: relationship.trustor, at: now).section(
                all.0, all.1, all.2, all.3, all.4),
            promises: all.0.map { $0.filter { $0.owner == relationship.trustee } }.message,
            sessions: all.1.map(\.upcoming).message,
            feedback: all.2.map { $0.filter { $0.receiver == relationship.trustor } }.message,
            goals: all.4.message, trust: trust.message, change: change.map(\.top).message,
            options: relationship.options(of: relationship.trustor), alerts: alerts.message,
            reminders: reminders.message)
    }
}

extension Relationship {
    /// What a party may do to it (docs/domain.md §6.1, states of a relationship).
    func options(of person: String) -> [CoacheePair.Option] {
        switch state {
        case .accepted: [.end]
        case .active: [.pause, .end]
        case .paused: [.resume, .end]
        case .ending: endedBy == person ? [] : [.end]
        default: []
        }
    }
}
