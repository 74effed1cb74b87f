import Schema
import ServiceKitTesting
import Testing

@testable import Goals
@testable import ServiceKit

/// What Goals forgets of a person (docs/domain.md §6.5, §6.8).
@Suite struct ErasureTests {
    private let secret = "sesame-\(UInt64.random(in: .min ... .max))"

    /// The event comes; Relationships, which wants to hear that it is done, is not there.
    private func erase(_ person: String, at workshop: Workshop) async throws {
        let event = Event(payload: .personErased(PersonErased(person: person, erasure: "\(person)/erasures/one")))
        try await workshop.host.runtime.database.write { try ErasureJobs.take(event, in: $0) }
        await #expect(throws: (any Error).self) {
            try await RunningErasure(workshop.service, workshop.host.runtime).runAll()
        }
    }

    private func isStored(_ workshop: Workshop) throws -> Bool {
        try workshop.host.storedBytes().firstRange(of: Array(secret.utf8)) != nil
    }

    private func say(_ workshop: Workshop) async throws -> (goal: Goal, own: Obstacle, other: Obstacle) {
        let words = Goal(type: .learning, statement: secret, purpose: secret)
        let goal = try await workshop.service.createGoal(
            CreateGoalRequest(parent: workshop.name, goal: words), workshop.coachee)
        let own = try await workshop.service.addObstacle(
            AddObstacleRequest(parent: workshop.name, obstacle: Obstacle(text: secret, tag: "the-split")),
            workshop.coachee)
        let other = try await workshop.service.addObstacle(
            AddObstacleRequest(parent: workshop.name, obstacle: Obstacle(text: "theirs")), workshop.coach)
        _ = try await workshop.service.addSupportAction(
            AddSupportActionRequest(
                parent: workshop.name,
                supportAction: SupportAction(what: secret, dueTime: monday.adding(days: 3).timestamp)),
            workshop.coachee)
        return (goal, own, other)
    }

    @Test func theWordsOfTheCoacheeGoWithTheGoals() async throws {
        let workshop = try await Workshop()
        let (goal, own, other) = try await say(workshop)
        #expect(try isStored(workshop))
        try await erase(workshop.relationship.trustor, at: workshop)
        #expect(try !isStored(workshop))
        let service = workshop.service
        // It was a draft of the one who is gone.
        #expect(try await service.getGoal(.init(name: goal.name), workshop.coach).statement == "[erased]")
        let left = try await service.getObstacle(.init(name: own.name), workshop.coach)
        #expect(left.text == "[erased]" && left.tag.isEmpty)
        #expect(try await service.getObstacle(.init(name: other.name), workshop.coach).text == "theirs")
        // Until Relationships has heard of it, it is said again.
        #expect(try await workshop.host.runtime.database.read { try ErasureJobs.waiting(in: $0) }.count == 1)
        await #expect(throws: (any Error).self) {
            try await service.addObstacle(
                AddObstacleRequest(parent: workshop.name, obstacle: Obstacle(text: "again")), workshop.coachee)
        }
    }

    @Test func theCoacheesGoalOutlivesTheCoach() async throws {
        let workshop = try await Workshop()
        let (goal, own, other) = try await say(workshop)
        try await erase(workshop.relationship.trustee, at: workshop)
        let service = workshop.service
        #expect(try await service.getGoal(.init(name: goal.name), workshop.coachee).statement == secret)
        #expect(try await service.getObstacle(.init(name: own.name), workshop.coachee).text == secret)
        #expect(try await service.getObstacle(.init(name: other.name), workshop.coachee).text == "[erased]")
    }

    @Test func whatIsSealedIsInNoExport() async throws {
        let workshop = try await Workshop()
        let (_, _, _) = try await say(workshop)
        _ = try await workshop.service.addObstacle(
            AddObstacleRequest(parent: workshop.name, obstacle: Obstacle(text: "under seal", level: .sealed)),
            workshop.coachee)
        var text = ""
        try await workshop.host.runtime.personalData(
            of: workshop.relationship.trustor, in: workshop.name, kinds: workshop.service.personalKinds
        ) { text += $0.map(\.json).joined(separator: "\n") }
        #expect(text.contains(secret) && text.contains("theirs") && !text.contains("under seal"))
        await #expect(throws: Refusal.notParty) {
            try await workshop.host.runtime.personalData(
                of: "organizations/acme/people/somebody", in: workshop.name, kinds: workshop.service.personalKinds
            ) { _ in }
        }
    }
}
