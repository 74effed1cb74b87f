import HTTP
import Logging
import RPC
import Schema
import Standard
import Storage
import Synchronization

/// What a service works with: its database, the clock, the other services, and the ways in which requests change and read.
public final class Runtime: Sendable {
    public let service: String
    public let database: Database
    public let clock: ServiceClock
    public let logger: Logger
    public let draining = Draining()
    /// How far each source of events has been followed.
    let consumers = Mutex<[String: ConsumerProgress]>([:])
    /// Open watches by relationship.
    let watches = Mutex<[String: Int]>([:])
    /// People who were erased; what they ask for is refused.
    let erased: Mutex<Set<String>>
    /// Request ids that were forgotten for their age.
    let purgedRequests = Atomic<UInt64>(0)
    let identifiers = IdentifierGenerator()
    /// Whose duties fall due; set once, when the service has been made. No function stands here: whoever looks at one in a
    /// `Mutex` leaves it wrapped once more.
    let firing = Mutex<(any RapportService)?>(nil)
    let identity: WorkloadIdentity
    let channels: [String: Channel]
    let pageTokens: PageTokenSealer
    /// What it must not be possible to work out from the database alone is hashed or sealed with it.
    public let secret: ServiceSecret
    let source: any RelationshipSource
    /// Nil where Relationships is asked.
    let grantSource: (any GrantSource)?
    let viewings = Viewings()
    /// Nil in Relationships, which owns them.
    public let projection: RelationshipProjection?
    /// Beside the database and in no backup of it.
    public let erasureList: ErasureList

    /// - Parameter owner: answers for Relationships; nil asks it over its channel.
    init(
        service: String, database: Database, clock: ServiceClock, logger: Logger, identity: WorkloadIdentity,
        channels: [String: Channel], pageTokens: PageTokenSealer, secret: ServiceSecret,
        erasureList: ErasureList, source: (any RelationshipSource)?, grantSource: (any GrantSource)? = nil,
        owner: (@Sendable (String) async throws -> Relationship)? = nil
    ) async throws {
        self.service = service
        self.database = database
        self.clock = clock
        self.logger = logger
        self.identity = identity
        self.channels = channels
        self.pageTokens = pageTokens
        self.secret = secret
        self.erasureList = erasureList
        self.grantSource = grantSource
        erased = Mutex(try await database.read { try ErasureJobs.erased(in: $0) })
        if let source {
            self.source = source
            projection = nil
        } else {
            let asks: @Sendable (String) async throws -> Relationship = { name in
                guard let channel = channels["relationships"] else { throw Refusal.notParty.rpcError }
                var options = CallOptions(timeout: .seconds(2))
                options.metadata.add("authorization", "Bearer \(try await identity.token(at: clock.now))")
                return try await RelationshipsServiceClient(channel).getRelationship(
                    GetRelationshipRequest(name: name), options: options)
            }
            let projection = try await RelationshipProjection(database: database, owner: owner ?? asks)
            self.projection = projection
            self.source = projection
        }
    }

    /// The way to another service: relationships, feedback, goals or trust-scoring.
    /// - Throws: `Refusal` UNAVAILABLE when its address is not configured.
    public func call(_ service: String) throws -> Channel {
        guard let channel = channels[service] else {
            throw Refusal(.unavailable, "DEPENDENCY_DOWN", "the address of \(service) is not configured")
        }
        return channel
    }

    /// Options with this service's own token.
    public func workloadOptions(timeout: Duration? = .seconds(2)) async throws -> CallOptions {
        var options = CallOptions(timeout: timeout)
        options.metadata.add("authorization", "Bearer \(try await identity.token(at: clock.now))")
        return options
    }

    /// A service's own token, for a call that carries a person's as well.
    public func workloadToken() async throws -> String {
        try await identity.token(at: clock.now)
    }
}
