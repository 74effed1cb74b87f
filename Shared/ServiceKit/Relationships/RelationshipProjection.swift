import RPC
import Schema
import Standard
import Storage
import Synchronization

/// What the other services know of relationships: parties, state, mode. Fed by the events of Relationships, held in memory.
public final class RelationshipProjection: RelationshipSource {
    static let statements = [
        "CREATE TABLE relationship_projection (name TEXT PRIMARY KEY NOT NULL, body BLOB NOT NULL) STRICT"
    ]

    private struct Known {
        var relationships: [String: Relationship] = [:]
        /// Names of relationships by the person who is trusted in them; nobody else takes that place later.
        var byTrustee: [String: Set<String>] = [:]
    }

    private let known = Mutex(Known())
    private let database: Database
    private let owner: @Sendable (String) async throws -> Relationship

    /// - Parameter owner: asks Relationships.
    init(database: Database, owner: @escaping @Sendable (String) async throws -> Relationship) async throws {
        self.database = database
        self.owner = owner
        let stored = try await database.read { snapshot in
            try snapshot.query("SELECT body FROM relationship_projection").map {
                try Relationship(serialized: try $0.blob(0))
            }
        }
        for relationship in stored { remember(relationship) }
    }

    public func relationship(_ name: String, in snapshot: Snapshot) -> Relationship? {
        known.withLock { $0.relationships[name] }
    }

    /// Those in which a person is trusted, in the order of their names.
    public func relationships(trustee: String) -> [Relationship] {
        known.withLock { known in
            (known.byTrustee[trustee] ?? []).sorted().compactMap { known.relationships[$0] }
        }
    }

    public func relationships(of person: String, in snapshot: Snapshot) -> [Relationship] {
        all.filter { $0.trustee == person || $0.trustor == person }.sorted { $0.name < $1.name }
    }

    /// Every relationship that is known, of all organisations, in no order: for operators' checks.
    public var all: [Relationship] { known.withLock { Array($0.relationships.values) } }

    /// From memory, or from its owner, who is asked once.
    /// - Throws: `Refusal` PERMISSION_DENIED when the owner knows none; UNAVAILABLE when it cannot be asked.
    public func find(_ name: String) async throws -> Relationship {
        if let relationship = known.withLock({ $0.relationships[name] }) { return relationship }
        return try await refresh(name)
    }

    /// Asks the owner; for when what is known makes a refusal.
    @discardableResult
    func refresh(_ name: String) async throws -> Relationship {
        let relationship: Relationship
        do {
            relationship = try await owner(name)
        } catch let error as RPCError where [.notFound, .permissionDenied, .invalidArgument].contains(error.code) {
            throw Refusal.notParty
        } catch is RPCError {
            throw Refusal.relationshipsDown
        }
        try await database.write { try RelationshipProjection.store(relationship, in: $0) }
        remember(relationship)
        return relationship
    }

    static func store(_ relationship: Relationship, in transaction: Transaction) throws {
        _ = try transaction.execute(
            "INSERT INTO relationship_projection (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            [.text(relationship.name), .blob(relationship.serialized())])
    }

    /// Relationships is another database: whatever was known of it may be wrong.
    func forget(in transaction: Transaction) throws {
        _ = try transaction.execute("DELETE FROM relationship_projection")
        known.withLock { $0 = Known() }
    }

    /// An older revision never replaces a newer one.
    func remember(_ relationship: Relationship) {
        known.withLock { known in
            let revision = Table<Relationship>.revision(relationship.etag) ?? 0
            if let present = known.relationships[relationship.name],
                Table<Relationship>.revision(present.etag) ?? 0 > revision
            {
                return
            }
            known.relationships[relationship.name] = relationship
            known.byTrustee[relationship.trustee, default: []].insert(relationship.name)
        }
    }
}

extension Relationship: Resource {}
