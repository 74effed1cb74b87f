import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Goals

@Suite("Obstacles")
struct ObstacleTests {
    static func add(_ words: Obstacle) throws -> Obstacle {
        try .add(words, named: "\(pair)/obstacles/o", by: coachee, at: monday)
    }

    @Test("carry their words, are for the pair, and claim nothing else")
    func words() throws {
        let claimed = Obstacle(
            name: "x", author: coach, text: "The split", tag: "territory-2", external: true, goal: "\(pair)/goals/g",
            acknowledged: true, patternPrompt: PatternPrompt(question: "?"))
        #expect(
            try Self.add(claimed)
                == Obstacle(
                    name: "\(pair)/obstacles/o", author: coachee, text: "The split", tag: "territory-2", external: true,
                    level: .pair, goal: "\(pair)/goals/g", createTime: monday.timestamp, updateTime: monday.timestamp))
    }

    @Test(
        "have limits",
        arguments: [
            (Obstacle(), "INVALID_FIELD"), (Obstacle(text: " "), "INVALID_FIELD"),
            (Obstacle(text: String(repeating: "x", count: 2001)), "INVALID_FIELD"),
            (Obstacle(text: "x", tag: "Discovery call"), "INVALID_FIELD"),
            (Obstacle(text: "x", tag: String(repeating: "x", count: 64)), "INVALID_FIELD"),
            (Obstacle(text: "x", level: .unrecognized(9)), "INVALID_FIELD"),
            (Obstacle(text: "x", goal: "organizations/acme/relationships/q/goals/g"), "INVALID_FIELD"),
            (Obstacle(text: "x", goal: "g"), "BAD_NAME"), (Obstacle(text: "x", level: .sealed), nil),
            (Obstacle(text: "x", level: .pair), nil),
        ] as [(Obstacle, String?)])
    func limits(words: Obstacle, refusal: String?) {
        #expect(reason { _ = try Self.add(words) } == refusal)
    }

    @Test("S32: the third of one tag asks a question without blame")
    func prompt() throws {
        let third = Obstacle(name: "c", text: "x", tag: "discovery-call")
        #expect(ObstaclePattern.prompt(about: third, after: []) == nil)
        #expect(ObstaclePattern.prompt(about: third, after: ["a"]) == nil)
        let prompt = try #require(ObstaclePattern.prompt(about: third, after: ["a", "b"]))
        #expect(prompt.obstacles == ["a", "b", "c"])
        #expect(prompt.question.hasSuffix("?") && prompt.question.contains("discovery-call"))
        #expect(ObstaclePattern.prompt(about: Obstacle(text: "x"), after: ["a", "b"]) == nil)
    }

    @Test("S32: over the wire, one prompt for each three within 28 days, tag by tag")
    func pattern() async throws {
        let workshop = try await Workshop(importing: true)
        func isPrompted(_ tag: String, day: Int) async throws -> Bool {
            try await workshop.obstacle(tag, at: monday.adding(days: day)).patternPrompt != nil
        }
        #expect(try await !isPrompted("discovery-call", day: 0))
        #expect(try await !isPrompted("discovery-call", day: 10))
        #expect(try await !isPrompted("pricing", day: 10))
        #expect(try await isPrompted("discovery-call", day: 28))
        #expect(try await !isPrompted("discovery-call", day: 28))
        #expect(try await !isPrompted("discovery-call", day: 29))
        #expect(try await isPrompted("discovery-call", day: 30))
        // The one of day 10 is more than 28 days old.
        #expect(try await !isPrompted("pricing", day: 38))
        #expect(try await !isPrompted("pricing", day: 39))
        let all = try await workshop.service.listObstacles(.init(parent: workshop.name), workshop.coach).obstacles
        #expect(all.count == 9)
        #expect(all.filter { $0.patternPrompt != nil }.count == 2)
        #expect(try await workshop.service.getObstacle(.init(name: all[0].name), workshop.coach) == all[0])
    }

    @Test("S24: an external one of the goal is acknowledged before the goal counts as not achieved")
    func external() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let other = try await workshop.active()
        let obstacle = try await workshop.obstacle(external: true, goal: goal.name)
        _ = try await workshop.obstacle(external: false, goal: goal.name)
        _ = try await workshop.obstacle(external: true, goal: other.name)
        let final = try await workshop.record(-2, .final, of: goal)
        #expect(
            await refusal { try await workshop.countersign(final) } == "FAILED_PRECONDITION EXTERNAL_NOT_ACKNOWLEDGED")
        #expect(try await workshop.service.getAttainment(.init(name: final.name), workshop.coach).countersigner == "")
        #expect(try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state == .active)
        let acknowledged = try await workshop.service.acknowledgeObstacle(
            .init(name: obstacle.name, acknowledgement: "That was out of our hands"), workshop.coach)
        #expect(acknowledged.acknowledged && acknowledged.acknowledgement == "That was out of our hands")
        _ = try await workshop.countersign(final)
        #expect(try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state == .notAchieved)
        let events = try await workshop.host.events().compactMap { event -> String? in
            guard case .obstacleChanged(let change) = event.payload, change.obstacle == obstacle.name else {
                return nil
            }
            return "\(event.type) \(change.external) \(change.acknowledged) \(change.goal == goal.name)"
        }
        #expect(events == ["obstacle.added.v1 true false true", "obstacle.acknowledged.v1 true true true"])
    }

    @Test("a better result needs no acknowledgement", arguments: [Int32(-1), 0, 2])
    func better(level: Int32) async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        _ = try await workshop.obstacle(external: true, goal: goal.name)
        #expect(
            await refusal { try await workshop.countersign(try await workshop.record(level, .final, of: goal)) } == nil)
    }

    @Test("of a goal that does not exist or is deleted are refused")
    func goals() async throws {
        let workshop = try await Workshop()
        #expect(
            await refusal { try await workshop.obstacle(goal: "\(workshop.name)/goals/none") } == "NOT_FOUND NOT_FOUND")
        let goal = try await workshop.draft()
        _ = try await workshop.service.deleteGoal(.init(name: goal.name), workshop.coach)
        #expect(await refusal { try await workshop.obstacle(goal: goal.name) } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("opportunities are offered by the trustee, taken by the trustor, and announced without a word")
    func opportunities() async throws {
        let workshop = try await Workshop()
        let request = OfferOpportunityRequest(
            parent: workshop.name,
            opportunity: Opportunity(kind: .visibility, what: "Present at the offsite", taken: true))
        #expect(
            await refusal { try await workshop.service.offerOpportunity(request, workshop.coachee) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
        let offer = try await workshop.service.offerOpportunity(request, workshop.coach)
        #expect(!offer.taken && offer.offerTime == offer.createTime)
        #expect(
            await refusal { try await workshop.service.takeOpportunity(.init(name: offer.name), workshop.coach) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
        let taken = try await workshop.service.takeOpportunity(.init(name: offer.name), workshop.coachee)
        #expect(taken.taken)
        #expect(try await workshop.service.getOpportunity(.init(name: offer.name), workshop.coach) == taken)
        #expect(
            try await workshop.service.listOpportunities(.init(parent: workshop.name), workshop.coach).opportunities
                == [taken])
        #expect(
            try await workshop.host.events().map(\.payload) == [
                .opportunityOffered(OpportunityOffered(opportunity: offer.name))
            ])
        for bad in [
            Opportunity(what: "x"), Opportunity(kind: .training), Opportunity(kind: .unrecognized(77), what: "x"),
        ] {
            #expect(
                await refusal {
                    try await workshop.service.offerOpportunity(
                        .init(parent: workshop.name, opportunity: bad), workshop.coach)
                } == "INVALID_ARGUMENT INVALID_FIELD")
        }
    }
}
