import FoundationEssentials
import Glibc
import HTTP
import Logging
import NIOPosix
import Protobuf
import RPC
import Schema
import Standard
import Storage
import UnixSignals

/// A service's process: `main.swift` is one call of `run`.
public enum Process {
    /// Runs until SIGTERM or SIGINT, then drains. Exits with 2 for a wrong configuration, with 1 when it cannot start.
    public static func run<Service: RapportService>(_ type: Service.Type) async {
        await main(
            named: Service.name,
            commands: { try await DatabaseCommand.run($0, of: type, $1) },
            running: { try await serve(type, $0, $1, $2) })
    }

    /// What every process of the suite does first: arguments, configuration, log, SIGPIPE.
    public static func main(
        named name: String,
        commands: ([String], ServiceConfiguration) async throws -> String? = { _, _ in nil },
        running body: (ServiceConfiguration, Logger, ServiceClock) async throws -> Void
    ) async {
        signal(SIGPIPE, SIG_IGN)
        // A core file would hold what people wrote, and keys; so would what Swift's backtraces tell of memory, unless the
        // operator asks for them and says what they may tell.
        if getenv("SWIFT_BACKTRACE") == nil {
            for crash in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { signal(crash, SIG_DFL) }
        }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        let configuration: ServiceConfiguration
        do {
            configuration = try await ServiceConfiguration.load(service: name)
        } catch {
            print("\(name): \(error)", to: &standardError)
            exit(2)
        }
        switch CommandLine.arguments.dropFirst().first {
        case nil: break
        case "--help", "-h":
            print(help(name, configuration))
            exit(0)
        case "--configuration":
            print(configuration.table)
            exit(0)
        case "--health":
            exit(await isServing(configuration) ? 0 : 1)
        case let argument?:
            let arguments = Array(CommandLine.arguments.dropFirst())
            do {
                if let answer = try await commands(arguments, configuration) {
                    print(answer)
                    exit(0)
                }
            } catch {
                print("\(name): \(error)", to: &standardError)
                exit(1)
            }
            let unknown = argument
            print("\(name): \(unknown) is unknown; try --help", to: &standardError)
            exit(2)
        }
        let clock = ServiceClock(offset: configuration.clockOffset)
        LoggingSystem.bootstrap { _ in
            JSONLogHandler(service: name, clock: clock, logLevel: configuration.logLevel)
        }
        let logger = Logger(label: name)
        do {
            try await body(configuration, logger, clock)
            exit(0)
        } catch {
            logger.critical("cannot run", metadata: ["error": "\(error)"])
            exit(1)
        }
    }

    private static func serve<Service: RapportService>(
        _ type: Service.Type, _ configuration: ServiceConfiguration, _ logger: Logger, _ clock: ServiceClock
    ) async throws {
        try await Host.run(configuration, logger) { host in
            // What SQLite puts aside while it writes a file anew lies beside the database and nowhere else.
            setenv("SQLITE_TMPDIR", configuration.dataDirectory, 1)
            var storage = DatabaseConfiguration()
            storage.keyring = try keyring(configuration, logger)
            let database = try await Database.open(
                "\(configuration.dataDirectory)/\(Service.name).sqlite", migrations: Service.allMigrations,
                configuration: storage, logger: logger)
            try await database.read { try $0.checkKeyring() }
            var hasEncrypted = false
            while try await database.write({ try $0.rewrapKeys() + Service.encryptStored(in: $0) }) > 0 {
                hasEncrypted = true
            }
            if hasEncrypted { try await database.emptyJournal() }
            let channels = configuration.peers.filter { $0.key != Service.name }.mapValues {
                Channel(
                    $0, credentials: host.credentials, options: host.telemetry.options(), group: host.group,
                    logger: logger)
            }
            let runtime = try await Runtime(
                service: Service.name, database: database, clock: clock, logger: logger, identity: host.identity,
                channels: channels,
                pageTokens: try PageTokenSealer(key: secret("page-tokens", configuration)),
                secret: try ServiceSecret(secret("secret", configuration)),
                erasureList: ErasureList(path: configuration.erasureList), source: Service.relationshipSource,
                grantSource: Service.grantSource)
            let service = try await Service(runtime)
            runtime.firing.withLock { $0 = service }
            try await service.prepare()

            let health = HealthStatus()
            let server = Server(
                service.methods + EventsFeed(runtime: runtime).eventsServiceMethods
                    + PersonalData(service: service, runtime: runtime).personalDataServiceMethods
                    + Audit(runtime: runtime).auditServiceMethods
                    + Administration(service, runtime).adminServiceMethods, health: health,
                configuration: configuration, authenticator: Authenticator(configuration, clock: clock),
                telemetry: host.telemetry, group: host.group, logger: logger)
            server.metrics.add(runtime.write)
            let address = try await server.http.start()
            health.set(.serving)

            var tasks: [@Sendable () async throws -> Void] = [
                { try await runtime.runDuties() }, { try await runtime.purgeRequests() },
                { try await tellTheTruth(health, about: database, logger) }, { try await service.run() },
                { try await RunningErasure(service, runtime).run() },
            ]
            for source in Service.eventSources { tasks.append { try await runtime.follow(source, for: service) } }
            try await host.serve(server, at: address, beside: tasks) {
                health.shutDown()
                runtime.draining.begin()
                await server.http.drain(grace: .seconds(configuration.drainSeconds))
            }
            for channel in channels.values { await channel.close(grace: .zero) }
            await database.close()
        }
    }
}

extension Process {
    /// Waits for SIGTERM or SIGINT. A second one ends the process at once.
    public static func untilTerminated() async {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        for await _ in signals { break }
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
    }

    /// A service that can no longer store anything says so; only a restart mends it.
    private static func tellTheTruth(_ health: HealthStatus, about database: Database, _ logger: Logger) async throws {
        while database.isWritable { try await Task.sleep(for: .milliseconds(500)) }
        logger.critical("the database takes no more writes: not serving until restarted")
        health.set(.notServing)
    }

    /// A secret beside the database, made at first start: it outlives a restart, and is the same in all replicas of a
    /// service.
    private static func secret(_ name: String, _ configuration: ServiceConfiguration) throws -> [UInt8] {
        let secret = try PrivateKeyFile.contents(at: "\(configuration.dataDirectory)/\(name).key") {
            (0..<4).map { _ in
                let digits = String(UInt64.random(in: .min ... .max), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined(separator: "-")
        }
        return Array(secret.utf8)
    }

    /// Beside the database unless it is told otherwise: an operator who wants the two apart names a file or hands over the
    /// keys themselves.
    private static func keyring(_ configuration: ServiceConfiguration, _ logger: Logger) throws -> Keyring {
        if let text = configuration.keyringText { return try Keyring(text) }
        if let file = configuration.keyringFile {
            guard let stored = FileManager.default.contents(atPath: file) else {
                throw StorageError.keyring("RAPPORT_KEYRING_FILE=\(file) cannot be read")
            }
            return try Keyring(String(decoding: stored, as: UTF8.self))
        }
        let file = "\(configuration.dataDirectory)/keyring"
        return try Keyring(
            PrivateKeyFile.contents(at: file) {
                logger.warning(
                    "made a keyring beside the database; without it encrypted items are lost: back it up, and not with the database",
                    metadata: ["path": "\(file)"])
                return Keyring.fresh(named: "first")
            })
    }

    /// What a container's health check asks: this machine's own server, no other program needed. It says nothing secret
    /// and knows the server by where it listens, so that any certificate of it will do. Where clients must have one it
    /// shows the server's own.
    static func isServing(_ configuration: ServiceConfiguration) async -> Bool {
        let group = MultiThreadedEventLoopGroup.singleton
        let logger = Logger(label: "health") { _ in SwiftLogNoOpLogHandler() }
        var credentials: ClientCredentials?
        if let server = configuration.serverTLS {
            var tls = ClientTLS(certificate: server.certificate)
            tls.checksServer = false
            guard let loaded = try? ClientCredentials(tls, logger: logger) else { return false }
            credentials = loaded
        }
        let channel = Channel(configuration.listen, credentials: credentials, group: group, logger: logger)
        let answer: HealthCheckResponse? = try? await channel.unary(
            "grpc.health.v1.Health/Check", HealthCheckRequest(), CallOptions(timeout: .seconds(2)))
        await channel.close(grace: .zero)
        return answer?.status == .serving
    }

    private static func help(_ name: String, _ configuration: ServiceConfiguration) -> String {
        """
        \(name): one service of Rapport. Runs until SIGTERM or SIGINT, then drains.

        usage: \(name) [--help | --configuration | --health | --backup FILE | --restore FILE [--replace]]
          --configuration   prints the settings in force
          --health          asks the running service whether it serves; exits with 0 or 1
          --backup FILE     copies the database, running or not, into a new file (not of the gateway)
          --restore FILE    puts a backup in the place of the database; the service must be stopped (not of the gateway)

        Settings, from the environment or from .env in the working directory:
        \(configuration.table)

        example: RAPPORT_LISTEN=127.0.0.1:\(ServiceConfiguration.defaultPorts[name] ?? 8080) RAPPORT_LOG_LEVEL=debug \(name)
        """
    }

    private static var standardError: StandardError {
        get { StandardError() }
        set {}
    }
}

private struct StandardError: TextOutputStream {
    mutating func write(_ string: String) {
        var string = string
        string.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
