import ArgumentParser
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2

typealias PeersService = Rapport_Peers_V1_PeersService

/// grpc-swift-2's end of the comparison, with its own defaults.
@main
struct GRPCSwiftPeer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grpc-swift-peer", abstract: "grpc-swift-2's server and client of the comparison.",
        subcommands: [Server.self, Client.self])
}

struct Peers: PeersService.SimpleServiceProtocol {
    func score(
        request: Rapport_Peers_V1_ScoreRequest, context: ServerContext
    ) async throws -> Rapport_Peers_V1_ScoreResponse {
        let (first, second) = (request.reliability, request.integrity)
        let (third, fourth) = (request.competence, request.empathy)
        return .with {
            $0.pair = "\(request.coach)/\(request.coachee)"
            $0.time = request.time + 1
            $0.kind = request.kind
            $0.trust = (first + second + third + fourth) / 4
            $0.lowest = min(min(first, second), min(third, fourth))
            $0.highest = max(max(first, second), max(third, fourth))
        }
    }

    func echo(request: Rapport_Peers_V1_Blob, context: ServerContext) async throws -> Rapport_Peers_V1_Blob { request }

    func flow(
        request: Rapport_Peers_V1_FlowRequest, response: RPCWriter<Rapport_Peers_V1_Blob>, context: ServerContext
    ) async throws {
        let blob = Rapport_Peers_V1_Blob.with { $0.body = Data(count: Int(request.size)) }
        for _ in 0..<request.count { try await response.write(blob) }
    }
}

struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve until killed; prints the port.")

    @Option var port = 0
    @Option(help: "Event loops.") var loops = 1
    @Option var tlsCertificate: String?
    @Option var tlsKey: String?

    func run() async throws {
        var security = HTTP2ServerTransport.Posix.TransportSecurity.plaintext
        if let tlsCertificate, let tlsKey {
            security = .tls(
                certificateChain: [.file(path: tlsCertificate, format: .pem)],
                privateKey: .file(path: tlsKey, format: .pem))
        }
        let server = GRPCServer(
            transport: .http2NIOPosix(
                address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: security,
                eventLoopGroup: .singletonMultiThreadedEventLoopGroup),
            services: [Peers()])
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await server.serve() }
            if let address = try await server.listeningAddress?.ipv4 {
                print("listening on \(address.port)")
                fflush(nil)
            }
        }
    }
}

struct Client: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call Score for a while on one connection; prints one line of JSON.")

    @Option var port: Int
    @Option var concurrency = 100
    @Option var seconds = 3.0

    func run() async throws {
        try await withGRPCClient(
            transport: .http2NIOPosix(
                target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
        ) { client in
            let peers = PeersService.Client(wrapping: client)
            try await call(peers, seconds / 10)
            let (began, before) = (ContinuousClock.now, cpuSeconds())
            let calls = try await call(peers, seconds)
            let (cpu, took) = (cpuSeconds() - before, ContinuousClock.now - began)
            let duration = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
            print("{\"calls\": \(calls), \"seconds\": \(duration), \"cpu\": \(cpu)}")
        }
    }

    @discardableResult
    private func call<Transport: ClientTransport>(
        _ peers: PeersService.Client<Transport>, _ seconds: Double
    ) async throws -> Int {
        let end = ContinuousClock.now + .seconds(seconds)
        let request = Rapport_Peers_V1_ScoreRequest.with {
            $0.coach = "people/ada"
            $0.coachee = "people/grace"
            $0.time = 1_764_000_000
            $0.kind = .promise
            $0.reliability = 0.75
            $0.integrity = 0.8
            $0.competence = 0.65
            $0.empathy = 0.7
        }
        var options = CallOptions.defaults
        options.timeout = .seconds(20)
        return try await withThrowingTaskGroup(of: Int.self) { [options] group in
            for _ in 0..<concurrency {
                group.addTask {
                    var calls = 0
                    while ContinuousClock.now < end {
                        let response = try await peers.score(request, options: options)
                        guard response.trust == 0.7250000000000001, response.pair == "people/ada/people/grace" else {
                            throw RPCError(code: .internalError, message: "another answer: \(response)")
                        }
                        calls += 1
                    }
                    return calls
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

/// Of this process, user and system.
private func cpuSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
}
