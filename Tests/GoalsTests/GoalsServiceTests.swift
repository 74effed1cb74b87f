import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Goals

@Suite("Goals of the two")
struct GoalsServiceTests {
    @Test("the proposer signs with the proposal; with the other signature the goal is active")
    func signatures() async throws {
        let workshop = try await Workshop()
        let draft = try await workshop.draft()
        #expect(draft.state == .draft)
        #expect(
            await refusal { try await workshop.service.signGoal(.init(name: draft.name), workshop.coach) }
                == "FAILED_PRECONDITION WRONG_STATE")
        let proposed = try await workshop.service.proposeGoal(.init(name: draft.name), workshop.coachee)
        #expect(proposed.signatures.map(\.person) == [workshop.relationship.trustor])
        #expect(
            await refusal { try await workshop.service.signGoal(.init(name: draft.name), workshop.coachee) }
                == "FAILED_PRECONDITION MISSING_SIGNATURE")
        #expect(try await workshop.service.getGoal(.init(name: draft.name), workshop.coach).state == .proposed)
        let active = try await workshop.service.signGoal(.init(name: draft.name), workshop.coach)
        #expect(active.state == .active)
        #expect(try await workshop.service.getGoal(.init(name: draft.name), workshop.coachee) == active)
        let events = try await workshop.host.events()
        #expect(events.map(\.type) == ["goal.proposed.v1", "goal.activated.v1"])
        #expect(events.map(\.actorRole) == [.trustor, .trustee])
        #expect(
            events.last?.payload
                == .goalChanged(GoalChanged(goal: active.name, type: .performance, state: .active)))
    }

    @Test("a relationship has at most 100 goals")
    func count() async throws {
        let workshop = try await Workshop()
        for _ in 0..<100 { _ = try await workshop.draft() }
        #expect(await refusal { try await workshop.draft() } == "RESOURCE_EXHAUSTED TOO_MANY_GOALS")
        let page = try await workshop.service.listGoals(.init(parent: workshop.name, pageSize: 60), workshop.coach)
        #expect(page.goals.count == 60)
        let rest = try await workshop.service.listGoals(
            .init(parent: workshop.name, pageSize: 60, pageToken: page.nextPageToken), workshop.coach)
        #expect(rest.goals.count == 40)
        #expect(rest.nextPageToken.isEmpty)
    }

    @Test("SMART verdicts store nothing and take the wall clock as now")
    func smart() async throws {
        let workshop = try await Workshop()
        var goal = SmartTests.smart
        goal.dueTime = workshop.host.clock.now.adding(days: 400).timestamp
        let timeBound = { @Sendable (goal: Goal) in
            try await workshop.service.validateSmart(.init(parent: workshop.name, goal: goal), workshop.coachee)
                .verdicts.last?.grade
        }
        #expect(try await timeBound(goal) == .pass)
        goal.dueTime = workshop.host.clock.now.adding(days: 401).timestamp
        #expect(try await timeBound(goal) == .fail)
        #expect(try await workshop.service.listGoals(.init(parent: workshop.name), workshop.coachee).goals.isEmpty)
        #expect(try await workshop.host.events().isEmpty)
        #expect(
            await refusal { try await workshop.service.validateSmart(.init(parent: workshop.name), workshop.coachee) }
                == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test("SMART verdicts on imported history take the relationship's clock as now")
    func smartImported() async throws {
        let workshop = try await Workshop(importing: true)
        _ = try await workshop.draft(at: monday)
        var goal = SmartTests.smart
        goal.dueTime = monday.adding(days: 84).timestamp
        let verdicts = try await workshop.service.validateSmart(
            .init(parent: workshop.name, goal: goal), workshop.coachee
        ).verdicts
        #expect(verdicts.count == 5)
        #expect(verdicts.last?.grade == .pass)
    }

    @Test("a countersigned review is told, dated when it was; it decides nothing unless it is the last")
    func interim() async throws {
        let workshop = try await Workshop(importing: true)
        let goal = try await workshop.active(at: monday)
        let review = monday.adding(days: 42)
        let attainment = try await workshop.record(0, .interim, of: goal, at: review)
        #expect(try await workshop.events("attainment.countersigned.v1").isEmpty)
        #expect(
            await refusal { try await workshop.countersign(attainment, by: workshop.coachee, at: review) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
        let countersigned = try await workshop.countersign(attainment, at: review.adding(days: 3))
        #expect(countersigned.countersigner == workshop.relationship.trustee)
        let event = try #require(try await workshop.events("attainment.countersigned.v1").first)
        #expect(event.occurredAt == review.timestamp)
        #expect(
            event.payload
                == .attainmentChanged(
                    AttainmentChanged(
                        attainment: attainment.name, goal: goal.name, goalType: .performance, level: 0,
                        reviewTime: review.timestamp, countersigned: true, reviewPoint: .interim)))
        #expect(try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state == .active)
        #expect(
            await refusal { try await workshop.countersign(attainment, at: review.adding(days: 3)) }
                == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test(
        "a countersigned FINAL decides the goal",
        arguments: [(Int32(2), Goal.State.achieved), (0, .achieved), (-1, .partly), (-2, .notAchieved)])
    func final(level: Int32, state: Goal.State) async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let attainment = try await workshop.record(level, .final, of: goal, by: workshop.coach)
        #expect(try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state == .active)
        _ = try await workshop.countersign(attainment, by: workshop.coachee)
        #expect(try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state == state)
        #expect(
            try await workshop.events("goal.attained.v1").map(\.payload) == [
                .goalChanged(GoalChanged(goal: goal.name, type: .performance, state: state))
            ])
        #expect(await refusal { try await workshop.record(0, .interim, of: goal) } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("one FINAL, one review a date, none of a goal that is not signed")
    func uniqueness() async throws {
        let workshop = try await Workshop(importing: true)
        let draft = try await workshop.draft(at: monday)
        #expect(
            await refusal { try await workshop.record(0, .interim, of: draft, at: monday) }
                == "FAILED_PRECONDITION WRONG_STATE")
        let goal = try await workshop.active(at: monday)
        let day = { (days: Int) in monday.adding(days: days) }
        let first = try await workshop.record(0, .interim, of: goal, at: day(42))
        let duplicate: String? = "ALREADY_EXISTS DUPLICATE_ATTAINMENT"
        #expect(await refusal { try await workshop.record(1, .interim, of: goal, at: day(42)) } == duplicate)
        let final = try await workshop.record(1, .final, of: goal, at: day(84))
        #expect(await refusal { try await workshop.record(1, .final, of: goal, at: day(85)) } == duplicate)
        #expect(
            try await workshop.service.listAttainments(.init(parent: goal.name), workshop.coach).attainments
                == [first, final])
        #expect(try await workshop.service.getAttainment(.init(name: final.name), workshop.coach) == final)
        let other = try await workshop.active(at: day(85))
        #expect(await refusal { try await workshop.record(0, .final, of: other, at: day(85)) } == nil)
    }

    @Test("the T-score counts countersigned FINALs, with the goals' weights, without experiments")
    func gasScore() async throws {
        let workshop = try await Workshop()
        let score = {
            try await workshop.service.getGasScore(.init(parent: workshop.name), workshop.coachee)
        }
        #expect(try await score() == GasScore())
        for (level, weight) in [(Int32(1), Int32(3)), (0, 2), (-1, 1)] {
            let goal = try await workshop.active(.learning, weight: weight)
            let final = try await workshop.record(level, .final, of: goal)
            #expect(try await score().goals != 3)
            _ = try await workshop.countersign(final)
        }
        let experiment = try await workshop.active(.experiment, weight: 6)
        _ = try await workshop.countersign(workshop.record(-2, .final, of: experiment))
        let uncountersigned = try await workshop.active()
        _ = try await workshop.record(2, .final, of: uncountersigned)
        let result = try await score()
        #expect(abs(result.tScore - 54.406526) < 1e-6)
        #expect(result.goals == 3)
        #expect(result.rawMean == 0)
    }

    @Test("a request that comes twice takes effect once")
    func idempotency() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.draft()
        let request = ProposeGoalRequest(name: goal.name, requestId: "3b8a0c1e-6f4d-4a63-9d53-1f5f0c7b2a10")
        let first = try await workshop.service.proposeGoal(request, workshop.coachee)
        #expect(try await workshop.service.proposeGoal(request, workshop.coachee) == first)
        #expect(try await workshop.events("goal.proposed.v1").count == 1)
        let other = ProposeGoalRequest(name: try await workshop.draft().name, requestId: request.requestId)
        #expect(
            await refusal { try await workshop.service.proposeGoal(other, workshop.coachee) }
                == "ALREADY_EXISTS REQUEST_ID_REUSED")
    }

    @Test("while history is imported each request says when")
    func imported() async throws {
        let workshop = try await Workshop(importing: true)
        #expect(await refusal { try await workshop.draft() } == "FAILED_PRECONDITION IMPORTING")
        let goal = try await workshop.active(at: monday)
        #expect(goal.createTime == monday.timestamp)
        #expect(goal.signatures.allSatisfy { $0.signTime == monday.timestamp })
        #expect(
            try await workshop.host.events().allSatisfy { $0.occurredAt == monday.timestamp && $0.importClock != nil })
    }

    @Test("needs an active relationship", arguments: [Relationship.State.accepted, .paused, .ended])
    func inactive(state: Relationship.State) async throws {
        let workshop = try await Workshop(state: state)
        #expect(await refusal { try await workshop.draft() } == "FAILED_PRECONDITION NOT_ACTIVE")
        #expect(await refusal { try await workshop.support() } == "FAILED_PRECONDITION NOT_ACTIVE")
    }

    @Test("two pairs and two organisations do not cross")
    func strangers() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let attainment = try await workshop.record(1, .final, of: goal)
        let action = try await workshop.support()
        let other = try await workshop.host.relationship(
            trustor: "organizations/globex/people/coachee", trustee: "organizations/globex/people/coach")
        let neighbour = try await workshop.host.relationship(
            trustor: "organizations/acme/people/third", trustee: workshop.relationship.trustee)
        let denied: String? = "PERMISSION_DENIED NOT_PARTY"
        let service = workshop.service
        for stranger in [other.trustor, other.trustee, neighbour.trustor].map({ workshop.host.context(person: $0) }) {
            #expect(await refusal { try await service.getGoal(.init(name: goal.name), stranger) } == denied)
            #expect(await refusal { try await service.listGoals(.init(parent: workshop.name), stranger) } == denied)
            #expect(
                await refusal { try await service.validateSmart(.init(parent: workshop.name, goal: goal), stranger) }
                    == denied)
            #expect(await refusal { try await service.getGasScore(.init(parent: workshop.name), stranger) } == denied)
            #expect(await refusal { try await service.getAttainment(.init(name: attainment.name), stranger) } == denied)
            #expect(await refusal { try await service.listAttainments(.init(parent: goal.name), stranger) } == denied)
            #expect(await refusal { try await service.getSupportAction(.init(name: action.name), stranger) } == denied)
            #expect(
                await refusal { try await service.listSupportActions(.init(parent: workshop.name), stranger) } == denied
            )
            #expect(await refusal { try await workshop.draft(by: stranger) } == denied)
            #expect(await refusal { try await workshop.countersign(attainment, by: stranger) } == denied)
            #expect(await refusal { try await workshop.record(0, .interim, of: goal, by: stranger) } == denied)
            #expect(
                await refusal {
                    try await workshop.support(by: stranger, answering: "\(workshop.name)/contextChanges/c")
                }
                    == denied)
        }
        // The same ids under another relationship are other resources.
        for relationship in [other, neighbour] {
            let reader = workshop.host.context(person: relationship.trustee)
            let name = goal.name.replacing(workshop.name, with: relationship.name)
            let below = attainment.name.replacing(workshop.name, with: relationship.name)
            #expect(await refusal { try await service.getGoal(.init(name: name), reader) } == "NOT_FOUND NOT_FOUND")
            #expect(
                await refusal { try await service.getAttainment(.init(name: below), reader) } == "NOT_FOUND NOT_FOUND")
            #expect(
                await refusal { try await service.listAttainments(.init(parent: name), reader) }
                    == "NOT_FOUND NOT_FOUND")
            #expect(try await service.listGoals(.init(parent: relationship.name), reader).goals.isEmpty)
            #expect(try await service.getGasScore(.init(parent: relationship.name), reader) == GasScore())
            #expect(
                await refusal {
                    try await service.recordAttainment(
                        .init(parent: name, attainment: Attainment(level: 0, reviewPoint: .interim)), reader)
                } == "NOT_FOUND NOT_FOUND")
        }
    }

    @Test("belong to the two: no service signs")
    func services() async throws {
        let workshop = try await Workshop()
        let caller = workshop.host.context(service: "gateway")
        let goal = try await workshop.draft()
        let forbidden: String? = "PERMISSION_DENIED ROLE_FORBIDDEN"
        #expect(await refusal { try await workshop.draft(by: caller) } == forbidden)
        #expect(await refusal { try await workshop.service.proposeGoal(.init(name: goal.name), caller) } == forbidden)
        #expect(try await workshop.service.getGoal(.init(name: goal.name), caller) == goal)
    }
}
