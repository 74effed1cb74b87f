import Schema
import ServiceKit

/// Five verdicts on a goal, each with a reason (docs/domain.md §6.3, rule 46). They advise and block nothing.
///
/// A letter with several demands is WEAK when some of them are met and FAIL when none is.
enum Smart {
    /// What the coachee dares: at least this much of ten.
    static let confidence: Int32 = 5
    /// Fewer words name no behaviour together with its object.
    static let statementWords = 3
    /// A due date further ahead is a wish.
    static let horizonDays = 400

    /// - Parameter now: the effective time of the request.
    static func verdicts(on goal: Goal, at now: Instant) throws -> [SmartVerdict] {
        [
            verdict(
                .specific,
                Demand(
                    goal.statement.split(whereSeparator: \.isWhitespace).count >= statementWords,
                    "say which behaviour towards which object shall be different"),
                Demand(goal.actor.saysSomething, "name who acts")),
            verdict(
                .measurable,
                Demand(goal.measure.saysSomething, "name what is measured"),
                Demand(goal.unit.saysSomething, "name the unit"),
                Demand(goal.baseline != goal.target, "give a baseline and another target")),
            verdict(
                .achievable,
                Demand(goal.confidence >= confidence, "the coachee's confidence is below 5 of 10"),
                Demand(!goal.dependencies.isEmpty, "list what it depends on")),
            verdict(
                .relevant,
                Demand(goal.purpose.saysSomething, "link it to a purpose, a unit goal or a personal reason")),
            verdict(
                .timeBound,
                Demand(try isWithinHorizon(goal, now), "set a due date from now to 400 days ahead")),
        ]
    }

    /// (now, now + 400 d]
    private static func isWithinHorizon(_ goal: Goal, _ now: Instant) throws -> Bool {
        guard let due = try goal.dueTime.map({ try Instant($0) }) else { return false }
        return now < due && due <= now.adding(days: horizonDays)
    }

    private struct Demand {
        let isMet: Bool
        let request: String

        init(_ isMet: Bool, _ request: String) {
            self.isMet = isMet
            self.request = request
        }
    }

    private static func verdict(_ criterion: SmartVerdict.Criterion, _ demands: Demand...) -> SmartVerdict {
        let open = demands.filter { !$0.isMet }
        let grade: SmartVerdict.Grade = open.isEmpty ? .pass : open.count == demands.count ? .fail : .weak
        let reason = open.isEmpty ? "nothing is missing" : open.map(\.request).joined(separator: "; ")
        return SmartVerdict(criterion: criterion, grade: grade, reason: reason)
    }
}
