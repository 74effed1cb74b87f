import Schema
import Storage

/// What a service has still to forget, and who is forgotten.
///
/// A job is written in the transaction of the event that asks for it, and goes when Relationships knows that it is done: so
/// each erasure is carried out once, whatever dies in between. Done again, after a rebuild, it finds nothing more.
enum ErasureJobs {
    static let statements = [
        """
        CREATE TABLE erasure_job (
            erasure TEXT PRIMARY KEY NOT NULL, person TEXT NOT NULL, item_count INTEGER NOT NULL,
            is_done INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE TABLE erased_person (person TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID",
    ]

    struct Job: Sendable {
        var erasure: String
        var person: String
        var itemCount: Int
        /// Only Relationships has to hear of it.
        var isDone: Bool
    }

    static func take(_ event: Event, in transaction: Transaction) throws {
        guard case .personErased(let erased) = event.payload else { return }
        try add(erased.erasure, of: erased.person, in: transaction)
    }

    static func add(_ erasure: String, of person: String, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO erased_person (person) VALUES (?) ON CONFLICT DO NOTHING", [.text(person)])
        try transaction.execute(
            "INSERT INTO erasure_job (erasure, person, item_count, is_done) VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING",
            [.text(erasure), .text(person)])
    }

    static func waiting(in snapshot: Snapshot) throws -> [Job] {
        try snapshot.query("SELECT erasure, person, item_count, is_done FROM erasure_job ORDER BY erasure LIMIT 100")
            .map {
                Job(erasure: try $0.text(0), person: try $0.text(1), itemCount: try $0.int(2), isDone: try $0.bool(3))
            }
    }

    static func count(_ items: Int, of erasure: String, in transaction: Transaction) throws {
        guard items > 0 else { return }
        try transaction.execute(
            "UPDATE erasure_job SET item_count = item_count + ? WHERE erasure = ?", [Value(items), .text(erasure)])
    }

    static func itemCount(of erasure: String, in snapshot: Snapshot) throws -> Int {
        try snapshot.first("SELECT item_count FROM erasure_job WHERE erasure = ?", [.text(erasure)])?.int(0) ?? 0
    }

    static func markDone(_ erasure: String, in transaction: Transaction) throws {
        try transaction.execute("UPDATE erasure_job SET is_done = 1 WHERE erasure = ?", [.text(erasure)])
    }

    static func finish(_ erasure: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM erasure_job WHERE erasure = ?", [.text(erasure)])
    }

    static func erased(in snapshot: Snapshot) throws -> Set<String> {
        Set(try snapshot.query("SELECT person FROM erased_person").map { try $0.text(0) })
    }

    static func isErased(_ person: String, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first("SELECT 1 FROM erased_person WHERE person = ?", [.text(person)]) != nil
    }
}

extension Change {
    /// This service forgets a person; the others hear of it.
    public func startErasing(_ person: String, _ erasure: String) throws {
        try ErasureJobs.add(erasure, of: person, in: transaction)
        try publish("person.erased.v1", .personErased(PersonErased(person: person, erasure: erasure)))
    }
}

extension Snapshot {
    /// Whether a person was erased.
    public func isErased(_ person: String) throws -> Bool { try ErasureJobs.isErased(person, in: self) }

    public func erasedPeople() throws -> Set<String> { try ErasureJobs.erased(in: self) }
}

extension Runtime {
    /// Nothing is done in the name of somebody who is forgotten.
    /// - Throws: `Refusal` PERMISSION_DENIED, PERSON_ERASED.
    func requirePresent(_ caller: Caller) throws {
        guard let person = caller.person, erased.withLock({ $0.contains(person) }) else { return }
        throw Refusal(.permissionDenied, "PERSON_ERASED", "this person was erased: nothing is done in their name")
    }
}
