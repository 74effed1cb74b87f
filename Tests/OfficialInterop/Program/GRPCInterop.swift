import ArgumentParser
import Glibc
import HTTP
import Logging
import NIOPosix
import RPC

/// Our end of gRPC's interoperability tests, with the options that the programs of other makers have.
@main
struct GRPCInterop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grpc-interop",
        abstract: "Client and server of gRPC's interoperability tests.",
        discussion: """
            grpc-interop server --port 10000
            grpc-interop client --server-port 10000 --test-case large_unary
            grpc-interop client --server-port 10000 --test-case all
            """,
        subcommands: [Server.self, Client.self, List.self, Probe.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The names of the cases.")

        func run() {
            for (name, _) in TestCases.all { print(name) }
        }
    }

    struct Server: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Serve until killed; prints the port.")

        @Option(help: "0 takes a free one.")
        var port = 0

        @Option(help: "Silence after which a client is asked for a sign of life, and how long it may take then.")
        var keepaliveSeconds: Int64?

        @Option(help: "PEM file of the certificate, leaf first; with --tls-key the server speaks TLS.")
        var tlsCertificate: String?

        @Option(help: "PEM file of its key.")
        var tlsKey: String?

        func run() async throws {
            let group = MultiThreadedEventLoopGroup.singleton
            let logger = Logger(label: "grpc-interop")
            let application = RPCServer(methods: TestServer().methods, group: group, logger: logger)
            var tls: ServerTLS?
            if let tlsCertificate, let tlsKey {
                tls = ServerTLS(certificate: CertificateFiles(chain: tlsCertificate, privateKey: tlsKey))
            }
            var configuration = HTTPConfiguration(bind: .tcp(host: "127.0.0.1", port: port), tls: tls)
            if let keepaliveSeconds {
                configuration.keepalive = Keepalive(
                    time: .seconds(keepaliveSeconds), timeout: .seconds(keepaliveSeconds), withoutStreams: true)
            }
            let server = HTTPServer(
                configuration: configuration, application: application, group: group, logger: logger)
            let address = try await server.start()
            print("listening on \(address.port ?? 0)")
            fflush(nil)
            while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    struct Client: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run one case, or all; prints what became of each and ends with 1 when one failed.")

        @Option var serverHost = "127.0.0.1"
        @Option var serverPort: Int
        @Option(help: "A name that `list` prints, or all.")
        var testCase: String

        @Option(help: "PEM file of the roots to trust; with it the client speaks TLS.")
        var tlsRoots: String?

        @Option(help: "The name that the server's certificate carries.")
        var serverHostOverride: String?

        @Option(help: "Seconds that one case may take.")
        var limit = 30

        func run() async throws {
            let cases = TestCases.all.filter { testCase == "all" || $0.name == testCase }
            guard !cases.isEmpty else { throw ValidationError("there is no case \(testCase)") }
            let logger = Logger(label: "grpc-interop") { _ in SwiftLogNoOpLogHandler() }
            let credentials = try tlsRoots.map {
                try ClientCredentials(ClientTLS(trustRootsFile: $0, serverName: serverHostOverride), logger: logger)
            }
            let endpoint = Endpoint.tcp(host: serverHost, port: serverPort)
            let make: @Sendable () -> RPC.Channel = {
                RPC.Channel(
                    endpoint, credentials: credentials, group: MultiThreadedEventLoopGroup.singleton, logger: logger)
            }
            var failed = 0
            for (name, test) in cases {
                let channel = make()
                do {
                    try await within(.seconds(limit)) { try await test(TestCases(channel: channel, another: make)) }
                    print("passed \(name)")
                } catch {
                    failed += 1
                    print("FAILED \(name): \(error)")
                }
                fflush(nil)
                await channel.close(grace: .zero)
            }
            guard failed == 0 else { throw ExitCode.failure }
        }

        private func within(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask(operation: body)
                tasks.addTask {
                    try await Task.sleep(for: limit)
                    throw Disappointment(description: "not done within \(limit)")
                }
                try await tasks.next()
                tasks.cancelAll()
            }
        }
    }
}
