import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Testing

@testable import Goals

@Suite("How a goal changes before it binds, and how it ends")
struct GoalLifeTests {
    @Test("a draft takes the fields of the mask, with the limits of a goal")
    func update() async throws {
        let workshop = try await Workshop()
        let draft = try await workshop.draft()
        func update(_ patch: Goal, _ paths: [String]?, etag: String = "") async throws -> Goal {
            var patch = patch
            patch.name = draft.name
            return try await workshop.service.updateGoal(
                .init(goal: patch, updateMask: paths.map { FieldMask(paths: $0) }, etag: etag), workshop.coach)
        }
        let changed = try await update(
            Goal(measure: "ignored", unit: "%", target: 60, weight: 3), ["unit", "target", "weight"])
        #expect(changed.unit == "%" && changed.target == 60 && changed.weight == 3 && changed.measure.isEmpty)
        #expect(changed.statement == draft.statement && changed.state == .draft && changed.signatures.isEmpty)
        #expect(changed.author == draft.author && changed.createTime == draft.createTime)
        #expect(try await update(Goal(measure: "calls"), nil).measure == "calls")
        let all = try await update(Goal(type: .learning, statement: "Ask three questions"), ["*"])
        #expect(all.type == .learning && all.unit.isEmpty && all.weight == 1 && all.checkInIntervalDays == 7)
        let refusals: [(Goal, [String]?, String)] = [
            (Goal(), ["state"], "INVALID_ARGUMENT BAD_MASK"), (Goal(), ["nothing"], "INVALID_ARGUMENT BAD_MASK"),
            (Goal(weight: 7), ["weight"], "INVALID_ARGUMENT BAD_WEIGHT"),
            (Goal(), ["statement"], "INVALID_ARGUMENT INVALID_FIELD"),
            (Goal(gasLevels: ["a", "a", "b", "c", "d"]), nil, "INVALID_ARGUMENT GAS_NOT_ORDERED"),
        ]
        for (patch, paths, expected) in refusals {
            #expect(await refusal { try await update(patch, paths) } == expected)
        }
        #expect(await refusal { try await update(Goal(unit: "h"), nil, etag: draft.etag) } == "ABORTED ETAG_MISMATCH")
        #expect(try await workshop.goal(draft) == all)
        #expect(try await workshop.host.events().isEmpty)
    }

    @Test("a changed proposal is proposed anew: the other one's word is needed for the new words")
    func proposal() async throws {
        let workshop = try await Workshop()
        let draft = try await workshop.draft()
        let proposed = try await workshop.service.proposeGoal(.init(name: draft.name), workshop.coachee)
        #expect(proposed.smartVerdicts == (try Smart.verdicts(on: draft, at: Instant(#require(proposed.updateTime)))))
        let edited = try await workshop.service.updateGoal(
            .init(goal: Goal(name: draft.name, purpose: "The unit's growth")), workshop.coach)
        #expect(edited.state == .proposed && edited.author == workshop.relationship.trustor)
        #expect(edited.signatures.map(\.person) == [workshop.relationship.trustee])
        #expect(edited.smartVerdicts.first { $0.criterion == .relevant }?.grade == .pass)
        #expect(
            await refusal { try await workshop.service.signGoal(.init(name: draft.name), workshop.coach) }
                == "FAILED_PRECONDITION MISSING_SIGNATURE")
        let active = try await workshop.service.signGoal(.init(name: draft.name), workshop.coachee)
        #expect(active.state == .active)
        let events = try await workshop.host.events()
        #expect(events.map(\.type) == ["goal.proposed.v1", "goal.proposed.v1", "goal.activated.v1"])
        #expect(events.map(\.actorRole) == [.trustor, .trustee, .trustor])
        #expect(
            await refusal {
                try await workshop.service.updateGoal(.init(goal: Goal(name: draft.name, weight: 6)), workshop.coach)
            } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("the events tell the due date and the ambition, never a word")
    func events() async throws {
        let workshop = try await Workshop()
        let due = workshop.host.clock.now.adding(days: 28).timestamp
        let goal = try await workshop.service.createGoal(
            .init(parent: workshop.name, goal: Goal(type: .learning, statement: "Ask", dueTime: due, ambition: 4)),
            workshop.coachee)
        _ = try await workshop.service.proposeGoal(.init(name: goal.name), workshop.coachee)
        #expect(
            try await workshop.host.events().map(\.payload) == [
                .goalChanged(GoalChanged(goal: goal.name, type: .learning, state: .proposed, dueTime: due, ambition: 4))
            ])
    }

    @Test("a deleted goal is out of the lists, answers by its name, comes back, or goes for good after 30 days")
    func deletion() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.draft()
        let other = try await workshop.draft()
        let deleted = try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach)
        let at = try Instant(#require(deleted.deleteTime))
        #expect(deleted.purgeTime == at.adding(days: 30).timestamp)
        func listed(deleted: Bool) async throws -> [String] {
            try await workshop.service.listGoals(.init(parent: workshop.name, showDeleted: deleted), workshop.coachee)
                .goals.map(\.name)
        }
        #expect(try await listed(deleted: false) == [other.name])
        #expect(try await listed(deleted: true) == [goal.name, other.name])
        #expect(try await workshop.goal(goal) == deleted)
        let wrong: String? = "FAILED_PRECONDITION WRONG_STATE"
        #expect(
            await refusal { try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach) } == wrong)
        #expect(
            await refusal { try await workshop.service.proposeGoal(.init(name: goal.name), workshop.coach) } == wrong)
        #expect(
            await refusal {
                try await workshop.service.alignGoal(.init(name: goal.name, alignedWith: "x"), workshop.coach)
            } == wrong)
        let back = try await workshop.service.undeleteGoal(.init(name: goal.name), workshop.coachee)
        #expect(back.deleteTime == nil && back.purgeTime == nil)
        #expect(
            await refusal { try await workshop.service.undeleteGoal(.init(name: goal.name), workshop.coach) } == wrong)
        try await workshop.host.advance(days: 31)
        #expect(try await listed(deleted: false) == [goal.name, other.name])
        _ = try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach)
        try await workshop.host.advance(days: 31)
        #expect(await refusal { try await workshop.goal(goal) } == "NOT_FOUND NOT_FOUND")
        #expect(try await listed(deleted: true) == [other.name])
    }

    @Test("what belongs to a deleted goal goes with it, also after the end of the relationship")
    func purge() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let checkIn = try await workshop.checkIn(goal)
        let attainment = try await workshop.record(1, .interim, of: goal)
        let revision = try await workshop.service.reviseGoal(
            .init(parent: goal.name, revision: Revision(why: "It fits", noChange: true)), workshop.coachee)
        #expect(
            await refusal { try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach) }
                == "FAILED_PRECONDITION WRONG_STATE")
        _ = try await workshop.service.retireGoal(.init(name: goal.name, why: "Over"), workshop.coach)
        _ = try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach)
        var relationship = workshop.relationship
        relationship.state = .ended
        relationship.updateTime = workshop.host.clock.now.timestamp
        try await workshop.host.put(relationship)
        try await workshop.host.advance(days: 31)
        let missing: String? = "NOT_FOUND NOT_FOUND"
        #expect(
            await refusal { try await workshop.service.getCheckIn(.init(name: checkIn.name), workshop.coach) }
                == missing)
        #expect(
            await refusal { try await workshop.service.getAttainment(.init(name: attainment.name), workshop.coach) }
                == missing)
        #expect(
            await refusal { try await workshop.service.getRevision(.init(name: revision.name), workshop.coach) }
                == missing)
    }

    @Test("deleted goals make room, as long as not too many wait for their end")
    func room() async throws {
        let workshop = try await Workshop()
        for _ in 0..<100 { _ = try await workshop.draft() }
        let goals = try await workshop.service.listGoals(.init(parent: workshop.name, pageSize: 100), workshop.coach)
            .goals
        #expect(await refusal { try await workshop.draft() } == "RESOURCE_EXHAUSTED TOO_MANY_GOALS")
        for goal in goals {
            _ = try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach)
            _ = try await workshop.draft()
        }
        let last = try #require(
            try await workshop.service.listGoals(.init(parent: workshop.name), workshop.coach).goals.first)
        _ = try await workshop.service.deleteGoal(.init(name: last.name), workshop.coach)
        #expect(await refusal { try await workshop.draft() } == "RESOURCE_EXHAUSTED TOO_MANY_GOALS")
    }

    @Test("a goal that is not pursued any more is retired with a reason, announced once")
    func retire() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        for why in ["", " ", String(repeating: "x", count: 2001)] {
            #expect(
                await refusal {
                    try await workshop.service.retireGoal(.init(name: goal.name, why: why), workshop.coach)
                }
                    == "INVALID_ARGUMENT INVALID_FIELD")
        }
        let retired = try await workshop.service.retireGoal(
            .init(name: goal.name, why: "The team is gone"), workshop.coach)
        #expect(retired.state == .retired && retired.retireReason == "The team is gone")
        #expect(try await workshop.events("goal.retired.v1").count == 1)
        #expect(await refusal { try await workshop.record(0, .final, of: goal) } == "FAILED_PRECONDITION WRONG_STATE")
    }
}
