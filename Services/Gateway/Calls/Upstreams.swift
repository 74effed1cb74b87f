import HTTP
import Logging
import RPC
import ServiceKit
import Standard

import struct NIOCore.ByteBuffer
import protocol NIOCore.EventLoopGroup

/// The services behind the gateway, each found by the package of its RPCs. `rapport.events` is not among them: events
/// are for services only.
struct Upstreams: Sendable {
    let all: [Upstream]
    let timeouts: Timeouts
    private let identity: WorkloadIdentity
    private let clock: ServiceClock

    init(
        _ peers: [String: Endpoint], credentials: ClientCredentials?, identity: WorkloadIdentity, clock: ServiceClock,
        timeouts: Timeouts, telemetry: Telemetry? = nil, group: any EventLoopGroup, logger: Logger
    ) {
        let options = telemetry?.options(Upstream.channelOptions) ?? Upstream.channelOptions
        let contract = [
            ("relationships", "rapport.relationships.v1.RelationshipsService"),
            ("relationships", "rapport.privacy.v1.PrivacyService"),
            ("relationships", "rapport.audit.v1.AuditService"),
            ("feedback", "rapport.feedback.v1.FeedbackService"),
            ("goals", "rapport.goals.v1.GoalsService"),
            ("trust-scoring", "rapport.trust.v1.TrustService"),
        ]
        let channels = peers.mapValues {
            Channel($0, credentials: credentials, options: options, group: group, logger: logger)
        }
        all = contract.compactMap { name, service in
            channels[name].map { Upstream(name: name, service: service, channel: $0) }
        }
        self.timeouts = timeouts
        self.identity = identity
        self.clock = clock
    }

    /// Full names of all RPC services that can be reached.
    var services: [String] { all.map(\.service) }

    /// Nil for a service that the gateway does not know.
    subscript(service: some StringProtocol) -> Upstream? {
        all.first { $0.service == service }
    }

    /// What a call onward carries: the caller's token, trace and deadline, and the gateway's own token. Nothing else
    /// that came from outside goes in.
    /// - Parameter timeout: for all attempts together, unless the caller's deadline is earlier.
    func options(for context: ServerContext, timeout: Duration? = nil) async throws -> CallOptions {
        var options = CallOptions(inheriting: context, forwarding: ["authorization", "tracestate"])
        if let limit = timeout.map(Deadline.after) {
            options.deadline = options.deadline.map { min($0, limit) } ?? limit
        }
        options.metadata.add("traceparent", TraceContext.of(context).traceparent)
        options.metadata.add("x-rapport-workload", "Bearer \(try await identity.token(at: clock.now))")
        return options
    }

    /// One of each process.
    var processes: [Upstream] {
        all.filter { upstream in all.first { $0.name == upstream.name }?.service == upstream.service }
    }

    func close() async {
        for upstream in processes { await upstream.channel.close(grace: .zero) }
    }
}

/// One service behind the gateway.
struct Upstream: Sendable {
    /// The process, for example `trust-scoring`.
    let name: String
    /// The RPC service, for example `rapport.trust.v1.TrustService`.
    let service: String
    let channel: Channel

    /// Services restart within seconds, and the gateway is their only caller of weight: no need to stay away for
    /// minutes, as clients of a public service would.
    static let channelOptions = {
        var options = Channel.Options()
        options.backoff.initial = .milliseconds(100)
        options.backoff.maximum = .seconds(2)
        return options
    }()

    struct Answer: Sendable {
        var initialMetadata: Metadata
        var message: ByteBuffer
        var trailingMetadata: Metadata
    }

    /// One unary call, made again where that is safe (docs/domain.md §6.0).
    func answer(_ rpc: RPCTraits, _ request: [UInt8], _ options: CallOptions) async throws -> Answer {
        try await RetryPolicy.calls.run(rpc.isRepeatable(request), until: options.deadline) {
            let call = try await channel.raw(rpc.path, options)
            // When the call has ended already, its responses tell why.
            try? await call.requests.write(ByteBuffer(bytes: request))
            call.requests.finish()
            let initial = try await call.responses.initialMetadata
            var answer: ByteBuffer?
            for try await response in call.responses { answer = response }
            guard let answer else { throw RPCError(.internal, "\(rpc.path) gave no answer") }
            return Answer(
                initialMetadata: initial, message: answer, trailingMetadata: call.responses.trailingMetadata)
        }
    }

    /// Says which service does not answer, instead of an address that only this side of the gateway knows. Errors that
    /// the service itself gave stay as they are.
    func explained(_ error: any Error) -> any Error {
        guard let error = error as? RPCError, error.errorInfo == nil else { return error }
        let problem: String
        switch error.code {
        case .unavailable: problem = "cannot be reached"
        case .deadlineExceeded: problem = "did not answer in time"
        default: return error
        }
        return RPCError(error.code, reason: "DEPENDENCY_DOWN", "\(name) \(problem)", metadata: ["service": name])
            .retrying(after: .seconds(1))
    }

    /// How long readiness waits for one answer.
    static let healthTimeout = Duration.seconds(1)

    /// What the service says of itself now; nil when it does not answer.
    func health() async -> HealthCheckResponse.ServingStatus? {
        let answer: HealthCheckResponse? = try? await channel.unary(
            "grpc.health.v1.Health/Check", HealthCheckRequest(), CallOptions(timeout: Upstream.healthTimeout))
        return answer?.status
    }

    /// Keeps the gateway's health of this service what the service says, until cancelled.
    func followHealth(into health: HealthStatus) async {
        health.set(.notServing, for: service)
        while !Task.isCancelled {
            do {
                let statuses: ResponseStream<HealthCheckResponse> = try await channel.serverStreaming(
                    "grpc.health.v1.Health/Watch", HealthCheckRequest(), CallOptions(waitForReady: true))
                for try await answer in statuses { health.set(answer.status, for: service) }
            } catch {
                // The connection is lost; the channel makes another one.
            }
            health.set(.notServing, for: service)
            // A service that refuses at once must not be asked in a tight loop.
            try? await Task.sleep(for: .milliseconds(500))
        }
    }
}
