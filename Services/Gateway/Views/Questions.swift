import Schema

/// Three questions to open a session with, by fixed rules from what is open between the two (docs/domain.md §6.5): what
/// needs courage first, one of each sort before a second of any, general ones where little is open.
struct Questions: Sendable {
    static let count = 3

    var commitments: [Commitment] = []
    var obstacles: [Obstacle] = []
    var goals: [Goal] = []
    var feedback: [FeedbackItem] = []

    var three: [Question] {
        let sorts = [
            questions(commitments.filter { [.missed, .disputed].contains($0.state) }.map(\.name), Questions.broken),
            questions(obstacles.map(\.name), Questions.inTheWay),
            questions(feedback.map(\.name), Questions.unanswered),
            questions(goals.filter { $0.state == .atRisk }.map(\.name), Questions.atRisk),
            questions(goals.filter { $0.state == .active }.map(\.name), Questions.due),
        ]
        let longest = sorts.map(\.count).max() ?? 0
        let special = (0..<longest).flatMap { round in sorts.compactMap { round < $0.count ? $0[round] : nil } }
        return Array((special + Questions.general.map { Question(text: $0) }).prefix(Questions.count))
    }

    private func questions(_ subjects: [String], _ text: String) -> [Question] {
        subjects.map { Question(subject: $0, text: text) }
    }

    static let broken =
        "This promise was not kept, or you see it differently. What happened, and what would put it right?"
    static let inTheWay = "What would take this obstacle away, or make it smaller, and who could help?"
    static let unanswered = "What has this feedback led to so far, and what would help to act on it?"
    static let atRisk = "What would bring this goal back on course, and what does each of you do for it?"
    static let due = "This goal is due soon. What is the next step, and what could get in its way?"
    static let general = [
        "What has gone well since you last met, and what did each of you do for it?",
        "What is most on your mind today?",
        "What is hard to say here, and what would make it easier?",
    ]
}
