import Logging
import Schema
import ServiceKit
import ServiceKitTesting
import Synchronization
import Testing

@testable import Goals

@Suite("Support that one party promises")
struct SupportServiceTests {
    @Test("is stored with its commitment's name and announced")
    func promise() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let action = try await workshop.support(goal: goal.name)
        #expect(action.author == workshop.relationship.trustee)
        #expect(try await workshop.service.getSupportAction(.init(name: action.name), workshop.coachee) == action)
        #expect(
            try await workshop.service.listSupportActions(.init(parent: workshop.name), workshop.coachee).supportActions
                == [action])
        #expect(
            try await workshop.events("support.planned.v1").map(\.payload) == [
                .supportPlanned(SupportPlanned(supportAction: action.name, commitment: action.commitment))
            ])
        #expect(
            await refusal { try await workshop.support(goal: goal.name.dropLast(4) + "0000") } == "NOT_FOUND NOT_FOUND")
    }

    @Test("the trustee's first answer to a change of context is an adaptation; later ones and the trustor's are not")
    func firstAdaptation() async throws {
        let workshop = try await Workshop()
        let changes = ["a", "b"].map { "\(workshop.name)/contextChanges/\($0)" }
        for change in changes { try await workshop.learn(of: change) }
        _ = try await workshop.support(by: workshop.coachee, answering: changes[0])
        _ = try await workshop.support(by: workshop.coach)
        _ = try await workshop.support(by: workshop.coach, answering: changes[0])
        _ = try await workshop.support(by: workshop.coach, answering: changes[0])
        _ = try await workshop.support(by: workshop.coach, answering: changes[1])
        let firsts = try await workshop.events("support.planned.v1").map { event in
            if case .supportPlanned(let planned) = event.payload { planned.firstAdaptation } else { false }
        }
        #expect(firsts == [false, false, true, false, true])
    }

    @Test("a change that the events have not brought yet is asked for at its owner")
    func owner() async throws {
        let owner = try await RelationshipsOwner()
        let workshop = try await Workshop(relationships: owner.channel)
        let missing = "\(workshop.name)/contextChanges/missing"
        #expect(await refusal { try await workshop.support(answering: missing) } == "NOT_FOUND NOT_FOUND")
        await owner.stop()
        let known = "\(workshop.name)/contextChanges/known"
        let knowing = try await RelationshipsOwner(changes: [known])
        let again = try await Workshop(relationships: knowing.channel)
        try await again.host.put(workshop.relationship)
        let request = AddSupportActionRequest(
            parent: workshop.name,
            supportAction: SupportAction(
                what: "Shadow a call", dueTime: again.host.clock.now.adding(days: 6).timestamp, contextChange: known))
        #expect(try await again.service.addSupportAction(request, again.coach).contextChange == known)
        await knowing.stop()
    }

    @Test("a change of which neither the events nor the owner can tell is unavailable, never denied")
    func ownerDown() async throws {
        let unconfigured = try await Workshop()
        let change = "\(unconfigured.name)/contextChanges/c"
        #expect(await refusal { try await unconfigured.support(answering: change) } == "UNAVAILABLE DEPENDENCY_DOWN")
        let owner = try await RelationshipsOwner()
        await owner.stop()
        let down = try await Workshop(relationships: owner.channel)
        #expect(
            await refusal { try await down.support(answering: "\(down.name)/contextChanges/c") }
                == "UNAVAILABLE DEPENDENCY_DOWN")
    }

    @Test("forgets the changes when Relationships begins anew, not which of them were answered")
    func rebuild() async throws {
        let workshop = try await Workshop()
        let change = "\(workshop.name)/contextChanges/a"
        try await workshop.learn(of: change)
        _ = try await workshop.support(answering: change)
        let service = workshop.service
        try await workshop.host.runtime.database.write { try service.forget("relationships", in: $0) }
        #expect(await refusal { try await workshop.support(answering: change) } == "UNAVAILABLE DEPENDENCY_DOWN")
        try await workshop.learn(of: change)
        try await workshop.learn(of: change)
        _ = try await workshop.support(answering: change)
        let last = try #require(try await workshop.events("support.planned.v1").last)
        guard case .supportPlanned(let planned) = last.payload else { throw Refusal.notFound("payload") }
        #expect(!planned.firstAdaptation)
    }
}

@Suite("The delivery of a promise's commitment")
struct SupportDeliveryTests {
    @Test("follows the action at once, over the wire, with this service's token")
    func delivery() async throws {
        let owner = try await RelationshipsOwner()
        let workshop = try await Workshop(relationships: owner.channel)
        let running = Task { try await workshop.service.run() }
        var created = owner.created.makeAsyncIterator()
        for caller in [workshop.coach, workshop.coachee] {
            let action = try await workshop.support(by: caller)
            let request = try #require(await created.next())
            #expect(request == (try action.commitmentRequest))
            #expect(request.commitment?.name == action.commitment)
        }
        running.cancel()
        _ = await running.result
        await owner.stop()
    }

    @Test("is tried again until it succeeds")
    func retry() async throws {
        let owner = try await RelationshipsOwner(failures: 3)
        let workshop = try await Workshop(relationships: owner.channel)
        let running = Task { try await workshop.service.run() }
        let action = try await workshop.support()
        var created = owner.created.makeAsyncIterator()
        #expect(await created.next()?.commitment?.source == action.name)
        running.cancel()
        _ = await running.result
        await owner.stop()
    }

    @Test("survives the process: what was not delivered before is delivered after the start, then never again")
    func restart() async throws {
        let workshop = try await Workshop()
        var actions: [String] = []
        // More than one batch.
        for _ in 0..<(SupportDelivery.batch + 5) { actions.append(try await workshop.support().name) }
        let sources = Mutex<[String]>([])
        let delivery = workshop.delivery { request in
            sources.withLock { $0.append(request.commitment?.source ?? "") }
        }
        let pass = try await delivery.deliver(after: 0)
        #expect(pass.failed == 0)
        #expect(sources.withLock { $0.sorted() } == actions.sorted())
        #expect(try await delivery.deliver(after: 0) == (0, 0))
        #expect(sources.withLock { $0.count } == actions.count)
    }

    @Test("of one action that is refused holds up no other")
    func refused() async throws {
        let workshop = try await Workshop()
        let bad = try await workshop.support().name
        let good = try await workshop.support().name
        let sources = Mutex<[String]>([])
        let refusing = workshop.delivery { request in
            let source = request.commitment?.source ?? ""
            if source == bad { throw Refusal.notActive }
            sources.withLock { $0.append(source) }
        }
        let first = try await refusing.deliver(after: 0)
        #expect(first.failed == 1)
        #expect(sources.withLock { $0 } == [good])
        #expect(try await refusing.deliver(after: first.last) == (first.last, 0))
        let accepting = workshop.delivery { request in
            sources.withLock { $0.append(request.commitment?.source ?? "") }
        }
        #expect(try await accepting.deliver(after: 0).failed == 0)
        #expect(sources.withLock { $0 } == [good, bad])
    }

    @Test(
        "that Relationships refuses for good is not tried again, and the action says so",
        arguments: [
            Refusal.notParty, Refusal.invalid("commitment.due_time", "lies in the past"), Refusal.notFound("it"),
        ])
    func refusedForGood(refusal: Refusal) async throws {
        let workshop = try await Workshop()
        let action = try await workshop.support()
        #expect(action.delivery == .pending)
        let attempts = Mutex(0)
        let delivery = workshop.delivery { _ in
            attempts.withLock { $0 += 1 }
            throw refusal.rpcError
        }
        #expect(try await delivery.deliver(after: 0).failed == 0)
        #expect(try await delivery.deliver(after: 0) == (0, 0))
        #expect(attempts.withLock { $0 } == 1)
        let refused = try await workshop.service.getSupportAction(.init(name: action.name), workshop.coachee)
        #expect(refused.delivery == .refused && refused.refusalReason == refusal.reason)
        #expect(refused.what == action.what && refused.etag == "\"2\"")
    }

    @Test("of an inactive relationship is tried again, unless the relationship has ended")
    func inactive() async throws {
        let workshop = try await Workshop()
        let action = try await workshop.support()
        let delivery = workshop.delivery { _ in throw Refusal.notActive }
        let state = { @Sendable in
            try await workshop.service.getSupportAction(.init(name: action.name), workshop.coach).delivery
        }
        #expect(try await delivery.deliver(after: 0).failed == 1)
        #expect(try await state() == .pending)
        var relationship = workshop.relationship
        relationship.state = .ended
        try await workshop.host.put(relationship)
        #expect(try await delivery.deliver(after: 0).failed == 0)
        #expect(try await state() == .refused)
        #expect(try await delivery.deliver(after: 0) == (0, 0))
    }

    @Test("leaves the action DELIVERED")
    func delivered() async throws {
        let workshop = try await Workshop()
        let action = try await workshop.support()
        _ = try await workshop.delivery { _ in }.deliver(after: 0)
        let delivered = try await workshop.service.getSupportAction(.init(name: action.name), workshop.coach)
        #expect(delivered.delivery == .delivered && delivered.refusalReason.isEmpty)
    }

    @Test("does not follow an action that was refused")
    func rolledBack() async throws {
        let workshop = try await Workshop()
        #expect(
            await refusal { try await workshop.support(goal: "\(workshop.name)/goals/none") } == "NOT_FOUND NOT_FOUND")
        let delivery = workshop.delivery { _ in }
        #expect(try await delivery.deliver(after: 0) == (0, 0))
    }
}

extension Workshop {
    func delivery(_ create: @escaping @Sendable (CreateCommitmentRequest) async throws -> Void) -> SupportDelivery {
        SupportDelivery(database: host.runtime.database, logger: host.runtime.logger, create: create) { [host] name in
            let known = try await host.runtime.database.read { host.runtime.projection?.relationship(name, in: $0) }
            return known?.state == .ended
        }
    }
}
