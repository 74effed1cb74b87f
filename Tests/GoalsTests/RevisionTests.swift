import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Storage
import Testing

@testable import Goals

@Suite("A revision")
struct RevisionTests {
    static func ask(
        _ words: Revision, of goal: Goal? = nil, among others: Int = 0, inTime: Bool = true
    ) throws -> Revision {
        try .ask(
            words, of: try goal ?? GoalTests.active(), among: others, named: "\(pair)/goals/g/revisions/r",
            by: coachee, inTime: inTime, at: monday)
    }

    static func words(_ paths: [String] = ["target"], _ revised: Goal = Goal(target: 55)) -> Revision {
        Revision(why: "The territory was split", changes: FieldMask(paths: paths), revised: revised)
    }

    @Test("keeps the fields that change and its first signature, and changes nothing by itself")
    func ask() throws {
        let revision = try Self.ask(Self.words(["target"], Goal(statement: "ignored", target: 55, weight: 6)))
        #expect(revision.revised == Goal(target: 55))
        #expect(revision.original == nil)
        #expect(revision.state == .proposed)
        #expect(revision.signatures == [GoalSignature(person: coachee, signTime: monday.timestamp)])
    }

    @Test("is signed by the other one: the goal is as revised, the original is kept")
    func sign() throws {
        var goal = try GoalTests.active()
        let before = goal
        var revision = try Self.ask(Self.words(["target", "measure"], Goal(measure: "calls", target: 55)), of: goal)
        #expect(
            reason { try revision.sign(by: coachee, revising: &goal, inTime: true, at: monday) } == "MISSING_SIGNATURE")
        #expect(goal == before)
        try revision.sign(by: coach, revising: &goal, inTime: true, at: monday)
        #expect(goal.target == 55 && goal.measure == "calls")
        #expect(
            goal.statement == before.statement && goal.signatures == before.signatures && goal.weight == before.weight)
        #expect(revision.original == Goal())
        #expect(revision.signatures.map(\.person) == [coachee, coach])
        var second = try Self.ask(Self.words(["target"], Goal(target: 50)), of: goal)
        try second.sign(by: coach, revising: &goal, inTime: true, at: monday)
        #expect(second.original == Goal(target: 55))
    }

    @Test("S41: after the due date nothing is changed, neither asked for nor signed; no change may still be said")
    func retroactive() throws {
        var goal = try GoalTests.active()
        #expect(reason { _ = try Self.ask(Self.words(), inTime: false) } == "RETROACTIVE_REVISION")
        var revision = try Self.ask(Self.words(), of: goal)
        let before = goal
        #expect(
            reason { try revision.sign(by: coach, revising: &goal, inTime: false, at: monday) }
                == "RETROACTIVE_REVISION")
        #expect(goal == before)
        var unchanged = try Self.ask(Revision(why: "It still fits", noChange: true), of: goal, inTime: false)
        try unchanged.sign(by: coach, revising: &goal, inTime: false, at: monday)
        #expect(try goal.terms == before.terms)
        #expect(unchanged.state == .signed && unchanged.noChange)
    }

    @Test(
        "has limits",
        arguments: [
            (Revision(changes: FieldMask(paths: ["target"]), revised: Goal(target: 5)), "INVALID_FIELD"),
            (Revision(why: " ", noChange: true), "INVALID_FIELD"),
            (Revision(why: String(repeating: "x", count: 2001), noChange: true), "INVALID_FIELD"),
            (Revision(why: "x"), "INVALID_FIELD"), (words([]), "INVALID_FIELD"),
            (Revision(why: "x", changes: FieldMask(paths: ["target"]), noChange: true), "INVALID_FIELD"),
            (words(["weight"], Goal(weight: 5)), "BAD_MASK"), (words(["type"], Goal(type: .experiment)), "BAD_MASK"),
            (words(["confidence"], Goal(confidence: 5)), "BAD_MASK"), (words(["state"]), "BAD_MASK"),
            (words(["nothing"]), "BAD_MASK"), (words(["target"], Goal()), "INVALID_FIELD"),
            (words(["statement"], Goal()), "INVALID_FIELD"),
            (words(["gas_levels"], Goal(gasLevels: ["a"])), "GAS_NOT_ORDERED"),
            (words(["check_in_interval_days"], Goal(checkInIntervalDays: 91)), "INVALID_FIELD"),
            (words(["due_time"], Goal(dueTime: monday.timestamp)), "INVALID_FIELD"),
            (words(["due_time"], Goal(dueTime: monday.adding(days: 1).timestamp)), nil),
            (words(["target", "unit"], Goal(unit: "%", target: 1)), nil),
        ] as [(Revision, String?)])
    func limits(words: Revision, refusal: String?) {
        #expect(reason { _ = try Self.ask(words) } == refusal)
    }

    @Test("is one of at most 200")
    func count() {
        #expect(reason { _ = try Self.ask(Self.words(), among: 199) } == nil)
        #expect(reason { _ = try Self.ask(Self.words(), among: 200) } == "CAPACITY_FULL")
    }

    @Test("an offer is open once for each occasion and closed by what answers it")
    func offers() throws {
        var goal = try GoalTests.active()
        for change in ["a", "b", "a"] {
            goal.offerRevision(RevisionOffer(cause: .contextChanged, contextChange: change))
        }
        try goal.align(with: "Win in the east", at: monday)
        try goal.align(with: "Win in the east", at: monday)
        #expect(goal.revisionOffers.map(\.contextChange) == ["b", "a", ""])
        goal.closeOffers(answeredBy: Revision(contextChange: "b"))
        #expect(goal.revisionOffers.map(\.contextChange) == ["a", ""])
        goal.closeOffers(answeredBy: Revision())
        #expect(goal.revisionOffers.map(\.contextChange) == ["a"])
        for index in 0..<30 {
            goal.offerRevision(RevisionOffer(cause: .contextChanged, contextChange: "\(index)"))
        }
        #expect(goal.revisionOffers.count == 20 && goal.revisionOffers.last?.contextChange == "29")
    }
}

@Suite("Revisions over the wire")
struct RevisionServiceTests {
    @Test("asked for by one, signed by the other, announced once")
    func revise() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 28)
        let revision = try await workshop.revise(goal, target: 50)
        #expect(try await workshop.goal(goal).target == 60)
        #expect(
            await refusal { try await workshop.service.signRevision(.init(name: revision.name), workshop.coachee) }
                == "FAILED_PRECONDITION MISSING_SIGNATURE")
        let signed = try await workshop.service.signRevision(.init(name: revision.name), workshop.coach)
        #expect(signed.original == Goal(target: 60))
        #expect(try await workshop.goal(goal).target == 50)
        #expect(try await workshop.service.getRevision(.init(name: revision.name), workshop.coachee) == signed)
        #expect(
            try await workshop.service.listRevisions(.init(parent: goal.name), workshop.coach).revisions == [signed])
        #expect(
            try await workshop.events("goal.revised.v1").map(\.payload) == [
                .revisionChanged(RevisionChanged(revision: revision.name, goal: goal.name))
            ])
    }

    @Test("one that was signed overtakes the others; so does the decision")
    func overtaken() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 28)
        let first = try await workshop.revise(goal, target: 50)
        let second = try await workshop.revise(goal, target: 40)
        let unchanged = try await workshop.service.reviseGoal(
            .init(parent: goal.name, revision: Revision(why: "It fits", noChange: true)), workshop.coachee)
        _ = try await workshop.service.signRevision(.init(name: second.name), workshop.coach)
        #expect(
            await refusal { try await workshop.service.signRevision(.init(name: first.name), workshop.coach) }
                == "FAILED_PRECONDITION WRONG_STATE")
        _ = try await workshop.service.retireGoal(.init(name: goal.name, why: "Over"), workshop.coach)
        let states = try await workshop.service.listRevisions(.init(parent: goal.name), workshop.coach).revisions
        #expect(states.map(\.state) == [.overtaken, .signed, .overtaken])
        #expect(states.last?.name == unchanged.name)
    }

    @Test(
        "at exactly the due date it is in time",
        arguments: [(Int64(0), nil), (1, "FAILED_PRECONDITION RETROACTIVE_REVISION")] as [(Int64, String?)])
    func due(offset: Int64, refused: String?) async throws {
        let workshop = try await Workshop(importing: true)
        let goal = try await workshop.activeGoal(due: 3, at: monday)
        let asked = try await workshop.revise(goal, target: 40, at: monday)
        let instant = monday.adding(days: 3).adding(microseconds: offset)
        #expect(await refusal { try await workshop.revise(goal, target: 50, at: instant) } == refused)
        #expect(
            await refusal {
                try await workshop.service.signRevision(
                    .init(name: asked.name, occurredAt: instant.timestamp), workshop.coach)
            } == refused)
    }

    @Test("a pause moves the due date for revisions, the signed text stays")
    func pause() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 3)
        try await workshop.shift(days: 10)
        try await workshop.host.advance(days: 12)
        _ = try await workshop.service.signRevision(
            .init(name: try await workshop.revise(goal, target: 50).name), workshop.coach)
        #expect(try await workshop.goal(goal).dueTime == goal.dueTime)
        try await workshop.host.advance(days: 2)
        #expect(
            await refusal { try await workshop.revise(goal, target: 40) } == "FAILED_PRECONDITION RETROACTIVE_REVISION")
    }

    @Test("another due date moves the check-ins and the end of revising")
    func moved() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 10)
        let later = workshop.host.clock.now.adding(days: 40)
        let revision = try await workshop.service.reviseGoal(
            .init(
                parent: goal.name,
                revision: Revision(
                    why: "More time", changes: FieldMask(paths: ["due_time"]), revised: Goal(dueTime: later.timestamp))),
            workshop.coach)
        _ = try await workshop.service.signRevision(.init(name: revision.name), workshop.coachee)
        try await workshop.host.advance(days: 30)
        // Slots on days 7, 14, 21 and 28.
        #expect(try await workshop.events("checkin.missed.v1").count == 4)
        _ = try await workshop.revise(goal, target: 40)
    }

    @Test("S34: a change of context inside the period opens an offer, once; no change, because, answers it")
    func offer() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 28)
        let draft = try await workshop.draft()
        let inside = "\(workshop.name)/contextChanges/inside"
        let heard = workshop.host.clock.now
        try await workshop.learn(of: inside, effective: heard.adding(days: 20), heard: heard)
        try await workshop.learn(of: "\(workshop.name)/contextChanges/before", effective: heard.adding(days: -1))
        try await workshop.learn(of: "\(workshop.name)/contextChanges/after", effective: heard.adding(days: 29))
        let offered = try await workshop.goal(goal).revisionOffers
        #expect(
            offered == [RevisionOffer(cause: .contextChanged, contextChange: inside, openTime: heard.timestamp)])
        #expect(try await workshop.goal(draft).revisionOffers.isEmpty)
        let answer = try await workshop.service.reviseGoal(
            .init(parent: goal.name, revision: Revision(why: "It fits", noChange: true, contextChange: inside)),
            workshop.coachee)
        #expect(try await workshop.goal(goal).revisionOffers == offered)
        _ = try await workshop.service.signRevision(.init(name: answer.name), workshop.coach)
        #expect(try await workshop.goal(goal).revisionOffers.isEmpty)
        #expect(
            try await workshop.events("goal.revised.v1").map(\.payload) == [
                .revisionChanged(
                    RevisionChanged(revision: answer.name, goal: goal.name, noChange: true, contextChange: inside))
            ])
        // Told anew after a restore of Relationships, it offers nothing twice.
        let service = workshop.service
        try await workshop.host.runtime.database.write { try service.forget("relationships", in: $0) }
        try await workshop.learn(of: inside, effective: heard.adding(days: 20))
        #expect(try await workshop.goal(goal).revisionOffers.isEmpty)
    }

    @Test("rule 52: another alignment of a signed goal opens an offer, which a revision answers")
    func alignment() async throws {
        let workshop = try await Workshop()
        let draft = try await workshop.draft()
        let before = try await workshop.service.alignGoal(
            .init(name: draft.name, alignedWith: "Win in the west"), workshop.coach)
        #expect(before.alignedWith == "Win in the west" && before.revisionOffers.isEmpty)
        let goal = try await workshop.activeGoal(due: 28)
        let aligned = try await workshop.service.alignGoal(
            .init(name: goal.name, alignedWith: "Win in the east"), workshop.coach)
        #expect(aligned.revisionOffers.map(\.cause) == [.aligned])
        _ = try await workshop.service.signRevision(
            .init(name: try await workshop.revise(goal, target: 50).name), workshop.coach)
        let revised = try await workshop.goal(goal)
        #expect(revised.revisionOffers.isEmpty && revised.alignedWith == "Win in the east")
        for text in ["", " ", String(repeating: "x", count: 501)] {
            #expect(
                await refusal {
                    try await workshop.service.alignGoal(.init(name: goal.name, alignedWith: text), workshop.coach)
                } == "INVALID_ARGUMENT INVALID_FIELD")
        }
    }

    @Test("the change of context that it answers exists")
    func context() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 28)
        let request = { @Sendable (change: String) in
            try await workshop.service.reviseGoal(
                .init(parent: goal.name, revision: Revision(why: "x", noChange: true, contextChange: change)),
                workshop.coach)
        }
        #expect(await refusal { try await request("\(pair)/contextChanges/x") } == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(
            await refusal { try await request("\(workshop.name)/contextChanges/x") } == "UNAVAILABLE DEPENDENCY_DOWN")
    }
}

extension Workshop {
    func goal(_ goal: Goal) async throws -> Goal {
        try await service.getGoal(.init(name: goal.name), coach)
    }

    func revise(_ goal: Goal, target: Double, at instant: Instant? = nil) async throws -> Revision {
        try await service.reviseGoal(
            .init(
                parent: goal.name,
                revision: Revision(
                    why: "The territory was split", changes: FieldMask(paths: ["target"]), revised: Goal(target: target)
                ),
                occurredAt: instant?.timestamp), coachee)
    }

    /// What an event of Relationships does here.
    func learn(of change: String, effective: Instant, heard: Instant? = nil) async throws {
        let service = service
        let event = Event(
            type: "context.changed.v1", relationship: name, occurredAt: (heard ?? host.clock.now).timestamp,
            payload: .contextChanged(
                ContextChanged(contextChange: change, type: .market, effectiveTime: effective.timestamp)))
        try await host.runtime.database.write { try service.apply(event, from: "relationships", in: $0) }
    }
}
