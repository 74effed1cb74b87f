import HTTP
import Logging
import RPC
import ServiceKit
import Standard

import protocol NIOCore.EventLoopGroup

/// The services behind the gateway, each found by the package of its RPCs. `rapport.events` is not among them: events
/// are for services only.
struct Upstreams: Sendable {
    let all: [Upstream]
    private let identity: WorkloadIdentity
    private let clock: ServiceClock

    init(
        _ peers: [String: Endpoint], identity: WorkloadIdentity, clock: ServiceClock, group: any EventLoopGroup,
        logger: Logger
    ) {
        let contract = [
            ("relationships", "rapport.relationships.v1.RelationshipsService"),
            ("feedback", "rapport.feedback.v1.FeedbackService"),
            ("goals", "rapport.goals.v1.GoalsService"),
            ("trust-scoring", "rapport.trust.v1.TrustService"),
        ]
        all = contract.compactMap { name, service in
            peers[name].map {
                Upstream(name: name, service: service, channel: Channel($0, group: group, logger: logger))
            }
        }
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
    func options(for context: ServerContext, timeout: Duration? = nil) async throws -> CallOptions {
        var options = CallOptions(inheriting: context, forwarding: ["authorization", "tracestate"], timeout: timeout)
        options.metadata.add("traceparent", TraceContext.of(context).text)
        options.metadata.add("x-rapport-workload", "Bearer \(try await identity.token(at: clock.now))")
        return options
    }

    func close() async {
        for upstream in all { await upstream.channel.close(grace: .zero) }
    }
}

/// One service behind the gateway.
struct Upstream: Sendable {
    /// The process, for example `trust-scoring`.
    let name: String
    /// The RPC service, for example `rapport.trust.v1.TrustService`.
    let service: String
    let channel: Channel

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

/// A W3C trace context: continues the caller's trace, or starts one.
struct TraceContext: Sendable, Hashable {
    /// version-traceid-parent-flags, each in lower-case hexadecimal.
    let text: String

    /// The same for all calls that one request leads to.
    static func of(_ context: ServerContext) -> TraceContext {
        if let known = context[TraceContext.self] { return known }
        let trace = context.metadata["traceparent"].flatMap(TraceContext.init(received:)) ?? TraceContext()
        context[TraceContext.self] = trace
        return trace
    }

    /// Nil when the text is not of version 00 (W3C Trace Context §3.2): then a new trace starts.
    init?(received text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isHexadecimal = text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
        guard isHexadecimal, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        self.text = text
    }

    init() {
        func random() -> String {
            let digits = String(UInt64.random(in: 1 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        text = "00-\(random())\(random())-\(random())-01"
    }
}
