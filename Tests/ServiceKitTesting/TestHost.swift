import FoundationEssentials
import Logging
import RPC
import Schema
import Standard
import Storage
import Synchronization

@testable import ServiceKit

/// One service in this process, with a database of its own, a clock that the test moves, and relationships that it names.
public final class TestHost<Service: RapportService>: Sendable {
    public let service: Service
    public let runtime: Runtime
    public let clock: ServiceClock
    private let directory: TestDirectory
    private let relationships: KnownRelationships
    private let channels: [String: RPC.Channel]

    /// - Parameters:
    ///   - instant: what the clock shows at the start; the wall clock when nil.
    ///   - channels: the ways to other services; none is configured unless given.
    public convenience init(
        _ type: Service.Type, at instant: Instant? = nil, channels: [String: RPC.Channel] = [:]
    ) async throws {
        let clock = ServiceClock()
        if let instant { clock.advance(by: instant - clock.now) }
        try await self.init(
            in: try TestDirectory(), clock: clock, relationships: KnownRelationships(), channels: channels)
    }

    /// What starts again after the process has ended: from the same files, under the same clock. This host is over.
    public func restarted() async throws -> TestHost {
        await runtime.database.close()
        return try await TestHost(in: directory, clock: clock, relationships: relationships, channels: channels)
    }

    /// A copy of the database as it is now.
    public func backup() async throws -> String {
        let path = "\(directory.path)/copy-\(UUID()).sqlite"
        _ = try await Database.backup("\(directory.path)/test.sqlite", to: path)
        return path
    }

    /// What starts when a copy has been put in the place of the database, and of nothing else. This host is over.
    public func restored(from copy: String) async throws -> TestHost {
        await runtime.database.close()
        _ = try await Database.restore(
            copy, to: "\(directory.path)/test.sqlite", replacing: true, migrations: Service.allMigrations)
        return try await TestHost(in: directory, clock: clock, relationships: relationships, channels: channels)
    }

    private init(
        in directory: TestDirectory, clock: ServiceClock, relationships: KnownRelationships,
        channels: [String: RPC.Channel]
    ) async throws {
        self.directory = directory
        self.clock = clock
        self.relationships = relationships
        self.channels = channels
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = DatabaseConfiguration()
        configuration.keyring = try Keyring("test " + Data(repeating: 9, count: 32).base64EncodedString())
        let database = try await Database.open(
            "\(directory.path)/test.sqlite", migrations: Service.allMigrations, configuration: configuration,
            logger: logger)
        runtime = try await Runtime(
            service: Service.name, database: database, clock: clock, logger: logger,
            identity: WorkloadIdentity(
                service: Service.name, dataDirectory: directory.path, keysDirectory: directory.path + "/keys"),
            channels: channels, pageTokens: PageTokenSealer(key: Array(repeating: 7, count: 32)),
            secret: try ServiceSecret(Array(repeating: 8, count: 32)),
            erasureList: ErasureList(path: "\(directory.path)/erasures"), source: Service.relationshipSource,
            grantSource: Service.grantSource, owner: relationships.answer)
        let service = try await Service(runtime)
        self.service = service
        runtime.firing.withLock { $0 = service }
        try await service.prepare()
    }

    /// What somebody who has the files can read in them: the database and its log.
    public func storedBytes() throws -> [UInt8] {
        ["", "-wal"].flatMap {
            Array(FileManager.default.contents(atPath: "\(directory.path)/test.sqlite\($0)") ?? Data())
        }
    }

    /// Puts an active relationship into the projection and names it.
    public func relationship(
        trustor: String = "organizations/acme/people/coachee", trustee: String = "organizations/acme/people/coach",
        state: Relationship.State = .active, importing: Bool = false
    ) async throws -> Relationship {
        let organization = try ResourceName(trustor, "organizations", "people").organization
        let id = runtime.identifiers.next(at: clock.now.microseconds)
        let relationship = Relationship(
            name: "\(organization)/relationships/\(id)", kind: .coaching, trustee: trustee, trustor: trustor,
            state: state,
            cadenceDays: 7, startTime: clock.now.timestamp, importing: importing, graceHours: 24, etag: "\"1\"")
        try await put(relationship)
        return relationship
    }

    /// What an event of Relationships would do to the projection.
    public func put(_ relationship: Relationship) async throws {
        try await runtime.database.write { try RelationshipProjection.store(relationship, in: $0) }
        runtime.projection?.remember(relationship)
        relationships.put(relationship)
    }

    /// A call of a person.
    public func context(
        person: String, method: String = "test.Service/Method", purpose: String = "coaching", roles: Set<String> = [],
        scopes: Set<String> = []
    ) -> ServerContext {
        let context = ServerContext(method: method)
        context[Caller.self] = Caller(
            person: person, organization: person.split(separator: "/").prefix(2).joined(separator: "/"),
            purpose: purpose,
            roles: roles, scopes: scopes)
        return context
    }

    /// A call of another service.
    public func context(service: String, method: String = "test.Service/Method") -> ServerContext {
        let context = ServerContext(method: method)
        context[Caller.self] = Caller(service: service)
        return context
    }

    /// Moves the clock and lets happen what is due by then.
    public func advance(days: Int = 0, hours: Int = 0, microseconds: Int64 = 0) async throws {
        let now = clock.now
        clock.advance(by: now.adding(days: days, hours: hours) - now + microseconds)
        try await runtime.fireDueNow()
    }

    /// Everything that was published, in the order of the commits.
    public func events() async throws -> [Event] {
        var all: [Event] = []
        var cursor: Storage.Cursor?
        while case .events(let batch, let next) = try await runtime.database.outbox.read(after: cursor), !batch.isEmpty
        {
            all += try batch.map { try Event(serialized: $0.payload) }
            cursor = next
        }
        return all
    }
}

/// Is removed with the last host that works in it.
private final class TestDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "rapport-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Stands for Relationships when a service asks about a pair: knows those that the test has put there.
private final class KnownRelationships: Sendable {
    private let byName = Mutex<[String: Relationship]>([:])

    func put(_ relationship: Relationship) {
        byName.withLock { $0[relationship.name] = relationship }
    }

    @Sendable func answer(_ name: String) async throws -> Relationship {
        guard let relationship = byName.withLock({ $0[name] }) else { throw Refusal.notFound(name).rpcError }
        return relationship
    }
}
