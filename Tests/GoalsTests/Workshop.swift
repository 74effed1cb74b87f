import HTTP
import Logging
import NIOPosix
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Synchronization

@testable import Goals

/// A coach and a coachee, and the service that keeps their goals.
struct Workshop {
    let host: TestHost<GoalsService>
    let relationship: Relationship

    init(
        importing: Bool = false, state: Relationship.State = .active, relationships: RPC.Channel? = nil
    ) async throws {
        // History lies behind the clock.
        host = try await TestHost(
            GoalsService.self, at: importing ? monday.adding(days: 200) : monday,
            channels: relationships.map { ["relationships": $0] } ?? [:])
        relationship = try await host.relationship(state: state, importing: importing)
    }

    var service: GoalsService { host.service }
    var name: String { relationship.name }
    var coach: ServerContext { host.context(person: relationship.trustee, scopes: ["import"]) }
    var coachee: ServerContext { host.context(person: relationship.trustor, scopes: ["import"]) }

    func draft(
        _ type: Goal.Kind = .performance, weight: Int32 = 1, by caller: ServerContext? = nil, at instant: Instant? = nil
    ) async throws -> Goal {
        let words = Goal(type: type, statement: "Ask for three pains in each call", weight: weight)
        return try await service.createGoal(
            CreateGoalRequest(parent: name, goal: words, occurredAt: instant?.timestamp), caller ?? coachee)
    }

    func active(_ type: Goal.Kind = .performance, weight: Int32 = 1, at instant: Instant? = nil) async throws -> Goal {
        let goal = try await draft(type, weight: weight, at: instant)
        _ = try await service.proposeGoal(.init(name: goal.name, occurredAt: instant?.timestamp), coachee)
        return try await service.signGoal(.init(name: goal.name, occurredAt: instant?.timestamp), coach)
    }

    func record(
        _ level: Int32, _ point: Attainment.ReviewPoint, of goal: Goal, by caller: ServerContext? = nil,
        at instant: Instant? = nil
    ) async throws -> Attainment {
        let words = Attainment(level: level, reviewPoint: point, reviewTime: instant?.timestamp)
        return try await service.recordAttainment(
            RecordAttainmentRequest(parent: goal.name, attainment: words, occurredAt: instant?.timestamp),
            caller ?? coachee)
    }

    func countersign(
        _ attainment: Attainment, by caller: ServerContext? = nil, at instant: Instant? = nil
    ) async throws -> Attainment {
        try await service.countersignAttainment(
            .init(name: attainment.name, occurredAt: instant?.timestamp), caller ?? coach)
    }

    func support(
        by caller: ServerContext? = nil, answering change: String = "", goal: String = "", at instant: Instant? = nil
    ) async throws -> SupportAction {
        let due = (instant ?? host.clock.now).adding(days: 6)
        let words = SupportAction(
            what: "Join your next two calls", dueTime: due.timestamp, goal: goal, contextChange: change)
        return try await service.addSupportAction(
            AddSupportActionRequest(parent: name, supportAction: words, occurredAt: instant?.timestamp), caller ?? coach
        )
    }

    /// What an event of Relationships does here.
    func learn(of change: String) async throws {
        let service = service
        let event = Event(
            type: "context.changed.v1", relationship: name,
            payload: .contextChanged(ContextChanged(contextChange: change, type: .market)))
        try await host.runtime.database.write { try service.apply(event, from: "relationships", in: $0) }
    }

    func events(_ type: String) async throws -> [Event] {
        try await host.events().filter { $0.type == type }
    }
}

/// Code and stable reason of the refusal, nil when nothing is refused.
func refusal<T>(_ body: () async throws -> T) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? Refusal).map { "\($0.code.name) \($0.reason)" } ?? "\(error)"
    }
}

/// The two methods of Relationships that Goals calls, behind a real socket.
final class RelationshipsOwner: Sendable {
    let channel: RPC.Channel
    /// Each request for a commitment that was answered, in order.
    let created: AsyncStream<CreateCommitmentRequest>
    private let server: HTTPServer

    /// - Parameters:
    ///   - failures: how many requests for commitments are refused with UNAVAILABLE first.
    ///   - changes: the changes of context that exist.
    init(failures: Int = 0, changes: Set<String> = []) async throws {
        let (created, feed) = AsyncStream.makeStream(of: CreateCommitmentRequest.self)
        self.created = created
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = MultiThreadedEventLoopGroup.singleton
        let refusals = Mutex(failures)
        let service = "rapport.relationships.v1.RelationshipsService"
        let methods: [RPC.Method] = [
            .unary(service, "CreateCommitment") { (request: CreateCommitmentRequest, context) -> Commitment in
                guard context.metadata["authorization"]?.hasPrefix("Bearer ") == true else {
                    throw RPCError(.unauthenticated, "a token is needed")
                }
                let isRefused = refusals.withLock { left in
                    defer { left = max(0, left - 1) }
                    return left > 0
                }
                if isRefused { throw RPCError(.unavailable, "not now") }
                feed.yield(request)
                return request.commitment ?? Commitment()
            },
            .unary(service, "GetContextChange") { (request: GetContextChangeRequest, _) -> ContextChange in
                guard changes.contains(request.name) else { throw RPCError(.notFound, "there is none") }
                return ContextChange(name: request.name)
            },
        ]
        server = HTTPServer(
            configuration: HTTPConfiguration(), application: RPCServer(methods: methods, group: group, logger: logger),
            group: group, logger: logger)
        let address = try await server.start()
        channel = RPC.Channel(.tcp(host: "127.0.0.1", port: address.port ?? 0), group: group, logger: logger)
    }

    func stop() async {
        await channel.close(grace: .zero)
        await server.drain(grace: .seconds(0))
    }
}
