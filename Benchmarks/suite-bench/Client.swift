import NIOCore
import NIOPosix
import RPC
import Schema
import ServiceKit

/// This program's ends of the connections: the suite's own client, one connection per service and event loop.
///
/// Tasks run on the loops (`executors`), so that a call makes no hop between threads.
final class Client: Sendable {
    let relationships: RelationshipsServiceClient
    let feedback: FeedbackServiceClient
    let goals: GoalsServiceClient
    let trust: TrustServiceClient
    let executors: [LoopExecutor]

    private let group: MultiThreadedEventLoopGroup
    private let channels: [RPC.Channel]

    init(_ suite: Suite, loops: Int) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let channels = [Service.relationships, .feedback, .goals, .trustScoring].map {
            RPC.Channel(suite.endpoint(of: $0), group: group, logger: .silent)
        }
        self.group = group
        self.channels = channels
        relationships = RelationshipsServiceClient(channels[0])
        feedback = FeedbackServiceClient(channels[1])
        goals = GoalsServiceClient(channels[2])
        trust = TrustServiceClient(channels[3])
        executors = group.makeIterator().map(LoopExecutor.init)
    }

    func close() async {
        for channel in channels { await channel.close(grace: .zero) }
        try? await group.shutdownGracefully()
    }
}

/// Runs tasks on an event loop.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// One who calls: a person with a token.
struct Caller: Sendable {
    let name: String
    let options: CallOptions

    init(_ name: String, issuer: DevelopmentIssuer, purpose: String = "coaching", roles: [String] = []) async throws {
        let token = try await issuer.token(
            person: name, purpose: purpose, roles: roles, lifetime: 86_400, at: ServiceClock().now)
        var metadata = Metadata()
        metadata.add("authorization", "Bearer \(token)")
        self.name = name
        options = CallOptions(metadata: metadata, timeout: .seconds(30))
    }
}
