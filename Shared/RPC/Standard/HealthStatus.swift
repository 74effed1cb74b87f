import Standard
import Synchronization

/// grpc.health.v1.Health: what a server tells of its services (gRPC doc/health-checking.md, gRFC A90).
public final class HealthStatus: Sendable {
    /// SERVING, NOT_SERVING, UNKNOWN, SERVICE_UNKNOWN.
    public typealias Status = HealthCheckResponse.ServingStatus

    /// Services that List answers with, at most (gRFC A90).
    static let maxListed = 100

    private struct State {
        var statuses: [String: Status] = ["": .notServing]
        var isShutDown = false
        var watchers: [UInt64: Waiter<Void>] = [:]
        var lastWatcher: UInt64 = 0
    }

    private let state = Mutex(State())

    /// The server as a whole, service "", is NOT_SERVING until it is set.
    public init() {}

    /// - Parameter service: its full name, or "" for the server as a whole.
    public func set(_ status: Status, for service: String = "") {
        change { state in
            if !state.isShutDown { state.statuses[service] = status }
        }
    }

    /// All services are NOT_SERVING from now on: the server drains.
    public func shutDown() {
        change { state in
            state.isShutDown = true
            state.statuses = state.statuses.mapValues { _ in .notServing }
        }
    }

    /// Nil for a service that was never set.
    public func status(of service: String = "") -> Status? {
        state.withLock { $0.statuses[service] }
    }

    var watcherCount: Int { state.withLock { $0.watchers.count } }

    private func change(_ body: (inout State) -> Void) {
        let watchers = state.withLock { state in
            body(&state)
            defer { state.watchers = [:] }
            return state.watchers
        }
        for watcher in watchers.values { watcher.resolve(.success(())) }
    }

    // MARK: The service

    /// Check, List and Watch, to be given to a server.
    public var methods: [Method] {
        [
            .unary("grpc.health.v1.Health", "Check", check),
            .unary("grpc.health.v1.Health", "List", list),
            .serverStreaming("grpc.health.v1.Health", "Watch", watch),
        ]
    }

    @Sendable private func check(_ request: HealthCheckRequest, _ context: ServerContext) throws -> HealthCheckResponse
    {
        guard let status = status(of: request.service) else {
            throw RPCError(.notFound, "there is no service \"\(request.service.prefix(256))\" here")
        }
        return HealthCheckResponse(status: status)
    }

    @Sendable private func list(_ request: HealthListRequest, _ context: ServerContext) throws -> HealthListResponse {
        let statuses = state.withLock { $0.statuses }
        guard statuses.count <= Self.maxListed else {
            throw RPCError(.resourceExhausted, "there are more than \(Self.maxListed) services")
        }
        return HealthListResponse(statuses: statuses.mapValues { HealthCheckResponse(status: $0) })
    }

    @Sendable private func watch(
        _ request: HealthCheckRequest, _ context: ServerContext, _ responses: ResponseWriter<HealthCheckResponse>
    ) async throws {
        var last: Status?
        while true {
            let changed = Waiter<Void>()
            let (number, status) = state.withLock { state in
                state.lastWatcher += 1
                state.watchers[state.lastWatcher] = changed
                return (state.lastWatcher, state.statuses[request.service] ?? .serviceUnknown)
            }
            defer { _ = state.withLock { $0.watchers.removeValue(forKey: number) } }
            if status != last { try await responses.write(HealthCheckResponse(status: status)) }
            last = status
            try await changed.value()
        }
    }
}
