import RPC
import Schema
import Storage

/// What a service's process runs.
public protocol RapportService: Sendable {
    /// For example `goals`: names its log, its key and its database.
    static var name: String { get }
    /// The service's own tables: versions from 100, since ServiceKit's come before.
    static var migrations: [Migration] { get }
    /// Its own relationships, where it owns them; nil takes the projection.
    static var relationshipSource: (any RelationshipSource)? { get }
    /// What was shared and opened, where the service keeps it; nil asks Relationships.
    static var grantSource: (any GrantSource)? { get }
    /// Encrypts what lies in clear in tables that are encrypted by now, some rows a call.
    /// - Returns: how many.
    static func encryptStored(in transaction: Transaction) throws -> Int
    /// What it keeps of people: for exports and erasures.
    var personalKinds: [PersonalKind] { get }
    /// The services whose events it follows; every service but Relationships follows at least Relationships, for the projection.
    static var eventSources: [String] { get }

    init(_ runtime: Runtime) async throws
    /// What must be done before anybody is answered, at each start.
    func prepare() async throws
    var methods: [Method] { get }
    /// A duty has fallen due; `change.now` is the instant. Runs in the transaction that takes the duty away.
    func fire(_ duty: Duty, _ change: Change) throws
    /// An event of a source, in the transaction that moves the cursor behind it: takes effect exactly once.
    func apply(_ event: Event, from source: String, in transaction: Transaction) throws
    /// The commit of applied events has happened: for memories and for those who watch.
    func applied(_ events: [Event])
    /// A source's database is another one (a restore): what came from it goes, all its events come anew.
    func forget(_ source: String, in transaction: Transaction) throws
    /// Folds anew what the service has derived from events, and compares it with what it answers from.
    /// - Parameter report: takes what is known so far, the last report included.
    /// - Throws: `Refusal` UNIMPLEMENTED, NOTHING_TO_REPLAY where nothing is folded.
    func verifyReplays(_ report: (ReplayProgress) async throws -> Void) async throws
    /// What goes on beside requests and events, until cancelled.
    func run() async throws
}

extension RapportService {
    public static var relationshipSource: (any RelationshipSource)? { nil }
    public static var grantSource: (any GrantSource)? { nil }
    public static func encryptStored(in transaction: Transaction) throws -> Int { 0 }
    public static var eventSources: [String] { ["relationships"] }
    public var personalKinds: [PersonalKind] { [] }
    public func prepare() async throws {}
    public func fire(_ duty: Duty, _ change: Change) throws {}
    public func apply(_ event: Event, from source: String, in transaction: Transaction) throws {}
    public func applied(_ events: [Event]) {}
    public func forget(_ source: String, in transaction: Transaction) throws {}
    public func verifyReplays(_ report: (ReplayProgress) async throws -> Void) async throws {
        throw Refusal(.unimplemented, "NOTHING_TO_REPLAY", "\(Self.name) folds no evidence; ask trust-scoring")
    }
    public func run() async throws {}

    static var allMigrations: [Migration] {
        [
            Migration(
                version: 1, name: "relationships as seen from here",
                statements: RelationshipProjection.statements + RelationshipClock.statements),
            Migration(version: 2, name: "who has read what", statements: Viewings.statements),
            Migration(
                version: 3, name: "erasures and the audit chain",
                statements: ErasureJobs.statements + AuditChain.statements),
        ] + migrations
    }
}
