import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Goals

@Suite("Watching goals")
struct WatchGoalsTests {
    @Test("both see what happens, as it is now, in order, and nobody else does")
    func both() async throws {
        let workshop = try await Workshop()
        let (stream, feed) = AsyncStream.makeStream(of: WatchGoalsResponse.self)
        let service = workshop.service
        let request = WatchGoalsRequest(parent: workshop.name)
        let coachee = workshop.coachee
        let watching = Task {
            defer { feed.finish() }
            try await service.watchGoals(request, coachee, ResponseWriter { feed.yield($0) })
        }
        var responses = stream.makeAsyncIterator()
        let first = await responses.next()
        #expect(first?.resumeToken.isEmpty == false && first?.event == "" && first?.resource == nil)
        let goal = try await workshop.active()
        let obstacle = try await workshop.obstacle(external: true, goal: goal.name)
        let checkIn = try await workshop.checkIn(goal)
        let action = try await workshop.support()
        let offer = try await workshop.service.offerOpportunity(
            .init(parent: workshop.name, opportunity: Opportunity(kind: .training, what: "A course")), workshop.coach)
        let interim = try await workshop.countersign(try await workshop.record(1, .interim, of: goal))
        let revision = try await workshop.service.reviseGoal(
            .init(parent: goal.name, revision: Revision(why: "It fits", noChange: true)), workshop.coachee)
        _ = try await workshop.service.signRevision(.init(name: revision.name), workshop.coach)
        try await workshop.host.advance(days: 15, hours: 1)
        var seen: [(String, String)] = []
        for _ in 0..<9 {
            guard let response = await responses.next() else { break }
            seen.append((response.event, Self.name(response)))
            #expect(!response.resumeToken.isEmpty && response.occurredAt != nil)
        }
        let expected = [
            ("goal.proposed.v1", goal.name), ("goal.activated.v1", goal.name), ("obstacle.added.v1", obstacle.name),
            ("checkin.recorded.v1", checkIn.name), ("support.planned.v1", action.name),
            ("opportunity.offered.v1", offer.name), ("attainment.countersigned.v1", interim.name),
            ("goal.revised.v1", goal.name), ("checkin.missed.v1", goal.name),
        ]
        #expect(seen.elementsEqual(expected, by: ==))
        watching.cancel()
        _ = await watching.result
        let writer = ResponseWriter<WatchGoalsResponse> { _ in }
        let stranger = workshop.host.context(person: "organizations/acme/people/third")
        #expect(
            await refusal { try await service.watchGoals(request, stranger, writer) } == "PERMISSION_DENIED NOT_PARTY")
        #expect(
            await refusal {
                try await service.watchGoals(.init(parent: workshop.name, resumeToken: "x"), coachee, writer)
            } == "INVALID_ARGUMENT INVALID_FIELD")
    }

    static func name(_ response: WatchGoalsResponse) -> String {
        switch response.resource {
        case .goal(let goal): goal.name
        case .checkIn(let checkIn): checkIn.name
        case .obstacle(let obstacle): obstacle.name
        case .supportAction(let action): action.name
        case .attainment(let attainment): attainment.name
        case .opportunity(let opportunity): opportunity.name
        case nil: ""
        }
    }
}
