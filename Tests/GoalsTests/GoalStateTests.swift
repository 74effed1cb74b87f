import Schema
import ServiceKit
import Standard
import Testing

@testable import Goals

/// Every state with every verb: the next state, or WRONG_STATE and nothing changed.
@Suite("The states of goals, revisions, obstacles and opportunities")
struct GoalStateTests {
    enum Verb: CaseIterable {
        case change, propose, sign, decide, retire, align, delete, doubt, trust, revise
    }

    static let states: [Goal.State] = [
        .draft, .proposed, .active, .atRisk, .achieved, .partly, .notAchieved, .retired,
    ]

    static func next(_ state: Goal.State, _ verb: Verb) -> Goal.State? {
        switch (state, verb) {
        case (.draft, .change), (.proposed, .change): state
        case (.draft, .propose): .proposed
        case (.proposed, .sign): .active
        case (.active, .decide), (.atRisk, .decide): .achieved
        case (.active, .retire), (.atRisk, .retire): .retired
        case (.draft, .align), (.proposed, .align), (.active, .align), (.atRisk, .align): state
        case (.draft, .delete), (.proposed, .delete), (.retired, .delete): state
        case (.active, .doubt), (.atRisk, .doubt): .atRisk
        case (.active, .trust), (.atRisk, .trust): .active
        case (.active, .revise), (.atRisk, .revise): state
        default: nil
        }
    }

    static func goal(in state: Goal.State) throws -> Goal {
        var goal = try GoalTests.draft()
        goal.state = state
        if state != .draft { goal.signatures = [GoalSignature(person: coachee, signTime: monday.timestamp)] }
        if state != .draft, state != .proposed {
            goal.signatures.append(GoalSignature(person: coach, signTime: monday.timestamp))
        }
        return goal
    }

    @Test("of a goal", arguments: states, Verb.allCases)
    func goal(state: Goal.State, verb: Verb) throws {
        let before = try Self.goal(in: state)
        var goal = before
        var diary = CheckInDiary()
        let name = "\(before.name)/checkIns/c"
        let refusal = reason {
            switch verb {
            case .change: _ = try goal.change(to: goal, by: coach, at: monday)
            case .propose: try goal.propose(by: coachee, at: monday)
            case .sign: try goal.sign(by: coach, at: monday)
            case .decide: try goal.decide(level: 0, hasOpenExternal: true, at: monday)
            case .retire: try goal.retire(because: "The team is gone", at: monday)
            case .align: try goal.align(with: "Win in the east", at: monday)
            case .delete: try goal.requireDeletable()
            case .doubt, .trust:
                let words = CheckIn(confidence: verb == .doubt ? 3 : 5)
                let checkIn = try CheckIn.record(words, of: goal, in: &diary, named: name, by: coach, at: monday)
                _ = goal.note(confidence: checkIn.confidence, at: monday)
            case .revise:
                _ = try Revision.ask(
                    Revision(why: "Fewer calls", noChange: true), of: goal, among: 0,
                    named: "\(goal.name)/revisions/r", by: coach, inTime: true, at: monday)
            }
        }
        if let next = Self.next(state, verb) {
            #expect(refusal == nil)
            #expect(goal.state == next)
        } else {
            #expect(refusal == "WRONG_STATE")
            #expect(goal == before)
        }
    }

    @Test("confidence between 3 and 5 leaves the risk as it is", arguments: [Goal.State.active, .atRisk])
    func between(state: Goal.State) throws {
        var goal = try Self.goal(in: state)
        let isNew = goal.note(confidence: 4, at: monday)
        #expect(!isNew)
        #expect(goal.state == state)
    }

    @Test("the risk is new once")
    func risk() throws {
        var goal = try Self.goal(in: .active)
        let isNew = [3, 0, 5, 2].map { goal.note(confidence: $0, at: monday) }
        #expect(isNew == [true, false, false, true])
    }

    static let revisionStates: [Revision.State] = [.proposed, .signed, .overtaken]

    @Test("of a revision: signed once, of a goal under way", arguments: revisionStates, states)
    func revision(state: Revision.State, of goalState: Goal.State) throws {
        let before = try Self.goal(in: goalState)
        var goal = before
        var revision = Revision(
            author: coachee, why: "Fewer calls", changes: FieldMask(paths: ["target"]), revised: Goal(target: 2),
            signatures: [GoalSignature(person: coachee)], state: state)
        let refusal = reason { try revision.sign(by: coach, revising: &goal, inTime: true, at: monday) }
        if state == .proposed, before.isUnderWay {
            #expect(refusal == nil)
            #expect(revision.state == .signed)
            #expect(goal.target == 2 && goal.state == goalState)
        } else {
            #expect(refusal == "WRONG_STATE")
            #expect(revision.state == state)
            #expect(goal == before)
        }
    }

    @Test("an obstacle is acknowledged once, by the other one; an opportunity taken once")
    func once() throws {
        var obstacle = Obstacle(author: coachee, text: "The split")
        #expect(reason { try obstacle.acknowledge(by: coachee, "", at: monday) } == "ROLE_FORBIDDEN")
        #expect(
            reason { try obstacle.acknowledge(by: coach, String(repeating: "x", count: 2001), at: monday) }
                == "INVALID_FIELD")
        #expect(!obstacle.acknowledged)
        try obstacle.acknowledge(by: coach, "That is hard", at: monday)
        #expect(obstacle.acknowledged && obstacle.acknowledgeTime == monday.timestamp)
        #expect(reason { try obstacle.acknowledge(by: coach, "", at: monday) } == "WRONG_STATE")
        var opportunity = try Opportunity.offer(
            Opportunity(kind: .training, what: "A course"), named: "\(pair)/opportunities/o", at: monday)
        try opportunity.take(at: monday)
        #expect(opportunity.taken && opportunity.takeTime == monday.timestamp)
        #expect(reason { try opportunity.take(at: monday) } == "WRONG_STATE")
    }
}
