import FoundationEssentials
import Glibc
import HTTP
import Logging
import NIOCore
import NIOPosix
import RPC
import Standard
import Synchronization

/// The five programs, in the order in which they need each other.
enum Service: String, CaseIterable, Sendable {
    case relationships
    case feedback
    case goals
    case trustScoring = "trust-scoring"
    case gateway

    /// The variable that tells the others where it is; the gateway is called by nobody.
    fileprivate var addressVariable: String? {
        switch self {
        case .relationships: "RAPPORT_RELATIONSHIPS"
        case .feedback: "RAPPORT_FEEDBACK"
        case .goals: "RAPPORT_GOALS"
        case .trustScoring: "RAPPORT_TRUST"
        case .gateway: nil
        }
    }
}

/// The real executables as processes on loopback, on free ports.
final class Suite: Sendable {
    /// What is looked at this often: whether a service that starts is ready.
    static let readinessInterval: Duration = .milliseconds(1)
    static let startPatience: Duration = .seconds(60)
    static let settlePatience: Duration = .seconds(300)

    private let binaries: String
    private let ports: [Service: Int]
    private let running = Mutex<[Service: ServiceProcess]>([:])

    /// - Parameter binaries: the directory of the five executables.
    init(binaries: String) async throws {
        self.binaries = binaries
        var ports: [Service: Int] = [:]
        for service in Service.allCases {
            guard access("\(binaries)/\(service.rawValue)", X_OK) == 0 else {
                throw Failure("\(binaries)/\(service.rawValue) is missing: swift build -c release, or set RAPPORT_BIN")
            }
            ports[service] = try await Self.freePort(except: Set(ports.values))
        }
        self.ports = ports
    }

    func port(of service: Service) -> Int { ports[service] ?? 0 }
    func endpoint(of service: Service) -> Endpoint { .tcp(host: "127.0.0.1", port: port(of: service)) }

    /// Starts all five in order, each ready before the next; how long each took from its start to SERVING.
    @discardableResult
    func start(in home: Home) async throws -> [Service: Duration] {
        var durations: [Service: Duration] = [:]
        for service in Service.allCases {
            let began = ContinuousClock.now
            let process = try ServiceProcess(
                executable: "\(binaries)/\(service.rawValue)", environment: environment(of: service, home),
                log: home.log(of: service))
            running.withLock { $0[service] = process }
            while !(await isServing(service)) {
                guard process.isRunning, ContinuousClock.now - began < Self.startPatience else {
                    throw Failure("\(service.rawValue) did not get ready\n\(home.logTail(of: service))")
                }
                try await Task.sleep(for: Self.readinessInterval)
            }
            durations[service] = ContinuousClock.now - began
        }
        return durations
    }

    /// The gateway first: it calls the others.
    func stop() async {
        let processes = running.withLock { running in
            defer { running = [:] }
            return running
        }
        await processes[.gateway]?.stop()
        await withTaskGroup(of: Void.self) { group in
            for process in processes.values { group.addTask { await process.stop() } }
        }
    }

    func residentBytes(of service: Service) -> Double { running.withLock { $0[service]?.residentBytes ?? 0 } }

    func metrics(of service: Service) async throws -> MetricsPage { try await MetricsPage.get(port: port(of: service)) }

    /// Waits until every service has applied every event of the others; how long that took.
    @discardableResult
    func settle() async throws -> Duration {
        let began = ContinuousClock.now
        while !(try await isUpToDate()) {
            guard ContinuousClock.now - began < Self.settlePatience else {
                throw Failure("events are not applied after \(Self.settlePatience)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        return ContinuousClock.now - began
    }

    /// Each consumer stands where its source stood before.
    private func isUpToDate() async throws -> Bool {
        let services = Service.allCases.filter { $0 != .gateway }
        var published: [Service: Double] = [:]
        for service in services { published[service] = try await metrics(of: service).published }
        for service in services {
            let page = try await metrics(of: service)
            for (source, position) in published {
                if let applied = page.applied(of: source), applied < position { return false }
            }
        }
        return true
    }

    /// One question on a connection of its own: a kept channel would wait a second after a refused connection.
    private func isServing(_ service: Service) async -> Bool {
        let channel = RPC.Channel(
            endpoint(of: service), group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
        let answer: HealthCheckResponse? = try? await channel.unary(
            "grpc.health.v1.Health/Check", HealthCheckRequest(), CallOptions(timeout: .seconds(2)))
        await channel.close(grace: .zero)
        return answer?.status == .serving
    }

    private func environment(of service: Service, _ home: Home) -> [String: String] {
        var variables = ProcessInfo.processInfo.environment
        variables["RAPPORT_MODE"] = "development"
        variables["RAPPORT_LOG_LEVEL"] = "warning"
        variables["RAPPORT_LISTEN"] = "127.0.0.1:\(port(of: service))"
        variables["RAPPORT_DATA"] = home.data(of: service)
        variables["RAPPORT_KEYS"] = home.keys
        for other in Service.allCases {
            if let variable = other.addressVariable { variables[variable] = "127.0.0.1:\(port(of: other))" }
        }
        return variables
    }

    /// Below the range from which Linux takes ports for outgoing connections.
    private static func freePort(except taken: Set<Int>) async throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 10_000..<32_768)
            guard !taken.contains(port) else { continue }
            let listener = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: port).get()
            guard let listener else { continue }
            try await listener.close().get()
            return port
        }
        throw Failure("no free port found on 127.0.0.1")
    }
}

extension Logger {
    static let silent = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
}
