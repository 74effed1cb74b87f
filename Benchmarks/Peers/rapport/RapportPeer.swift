import ArgumentParser
import Glibc
import HTTP
import Logging
import NIOCore
import NIOPosix
import RPC
import Synchronization

/// The main thread waits: valgrind cannot follow the one that an asynchronous main gives to Dispatch.
@main
enum Program {
    static func main() {
        Task.detached {
            await RapportPeer.main()
            exit(0)
        }
        while true { pause() }
    }
}

/// Our end of the comparison, with everything on: deadlines, metadata, metrics, limits.
struct RapportPeer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rapport-peer", abstract: "Our server and our client of the comparison with other makers.",
        subcommands: [Server.self, Client.self])
}

struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve until killed; prints the port.")

    @Option(help: "0 takes a free one.")
    var port = 0
    @Option(help: "Event loops.")
    var loops = 1
    @Option(help: "PEM file of the certificate; with --tls-key the server speaks TLS.")
    var tlsCertificate: String?
    @Option(help: "PEM file of its key.")
    var tlsKey: String?

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        let logger = Logger(label: "rapport-peer")
        var configuration = HTTPConfiguration(bind: .tcp(host: "127.0.0.1", port: port))
        if let tlsCertificate, let tlsKey {
            configuration.tls = ServerTLS(certificate: CertificateFiles(chain: tlsCertificate, privateKey: tlsKey))
        }
        configuration.maxConnections = 20_000
        let server = HTTPServer(
            configuration: configuration,
            application: RPCServer(methods: Peers().peersServiceMethods, group: group, logger: logger), group: group,
            logger: logger)
        print("listening on \(try await server.start().port ?? 0)")
        fflush(nil)
        while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
    }
}

struct Client: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call Score for a while on one connection; prints one line of JSON.")

    @Option var port: Int
    @Option(help: "Calls at once.")
    var concurrency = 100
    @Option(help: "For how long, after a tenth of it to warm up.")
    var seconds = 3.0

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        var options = RPC.Channel.Options()
        options.counts = ClientCounts()
        let channel = RPC.Channel(
            .tcp(host: "127.0.0.1", port: port), options: options, group: group, logger: Logger(label: "rapport-peer"))
        try await call(channel, on: loop, seconds / 10)
        let (began, before) = (ContinuousClock.now, cpuSeconds())
        let calls = try await call(channel, on: loop, seconds)
        let (cpu, took) = (cpuSeconds() - before, ContinuousClock.now - began)
        let duration = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        print("{\"calls\": \(calls), \"seconds\": \(duration), \"cpu\": \(cpu)}")
        await channel.close(grace: .zero)
    }

    @discardableResult
    private func call(_ channel: RPC.Channel, on loop: any EventLoop, _ seconds: Double) async throws -> Int {
        let client = PeersServiceClient(channel)
        let executor = LoopExecutor(eventLoop: loop)
        let end = ContinuousClock.now + .seconds(seconds)
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<concurrency {
                group.addTask(executorPreference: executor) {
                    var calls = 0
                    while ContinuousClock.now < end {
                        let response = try await client.score(.sample, options: .init(timeout: .seconds(20)))
                        guard response == .ofSample else { throw RPCError(.internal, "another answer: \(response)") }
                        calls += 1
                    }
                    return calls
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

extension ScoreRequest {
    static let sample = ScoreRequest(
        coach: "people/ada", coachee: "people/grace", time: 1_764_000_000, kind: .promise, reliability: 0.75,
        integrity: 0.8, competence: 0.65, empathy: 0.7)
}

extension ScoreResponse {
    static let ofSample = ScoreResponse(
        pair: "people/ada/people/grace", time: 1_764_000_001, kind: .promise, trust: 0.7250000000000001, lowest: 0.65,
        highest: 0.8)
}

/// Of this process, user and system.
private func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
}
