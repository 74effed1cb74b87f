import Schema
import ServiceKit
import Storage

/// Responses while a round is open, and what is released of them when it closes.
///
/// A response lies in a slot that is a keyed hash of round and rater, and is sealed: the database alone tells neither who
/// responded nor what. A slot holds one response, so an answer that is changed takes the place of the former one. At the
/// close slots and responses are deleted, and with them the only way from an answer to a person.
struct RoundStore {
    static let statements = [
        // Ordered by the hash: the order of arrival is not kept.
        """
        CREATE TABLE round_response (
            round TEXT NOT NULL, slot BLOB NOT NULL, sealed BLOB NOT NULL,
            PRIMARY KEY (round, slot)) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE round_result (
            round TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID
        """,
        // Open rounds by those who are asked, whether or not they respond.
        """
        CREATE TABLE round_rater (
            rater TEXT NOT NULL, id TEXT NOT NULL, round TEXT NOT NULL,
            PRIMARY KEY (rater, id)) STRICT, WITHOUT ROWID
        """,
    ]

    let round: String
    let secret: ServiceSecret

    // MARK: Responses

    /// - Throws: FAILED_PRECONDITION, WRONG_STATE when what is there was sealed with another secret: a second answer of
    ///   somebody could not be told from a first one.
    func put(_ response: RoundResponse, of rater: String, in transaction: Transaction) throws {
        let first = try sealed(limit: 1, in: transaction).first
        guard first.map({ secret.open($0.bytes, for: $0.slot) != nil }) ?? true else {
            throw Refusal.wrongState(
                "the round", is: "sealed with a secret that the service has lost", needs: "another round")
        }
        let slot = slot(of: rater)
        try transaction.execute(
            """
            INSERT INTO round_response (round, slot, sealed) VALUES (?, ?, ?)
            ON CONFLICT (round, slot) DO UPDATE SET sealed = excluded.sealed
            """,
            [.text(round), .blob(slot), .blob(try secret.seal(response.serialized(), for: slot))])
    }

    func response(of rater: String, in snapshot: Snapshot) throws -> RoundResponse? {
        let slot = slot(of: rater)
        return try snapshot.first(
            "SELECT sealed FROM round_response WHERE round = ? AND slot = ?", [.text(round), .blob(slot)]
        ).flatMap { try opened(try $0.blob(0), from: slot) }
    }

    func remove(of rater: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM round_response WHERE round = ? AND slot = ?", [.text(round), .blob(slot(of: rater))])
    }

    /// All of them, for the last time.
    func take(in transaction: Transaction) throws -> [RoundResponse] {
        let responses = try sealed(limit: Round.raterLimit, in: transaction)
            .compactMap { try opened($0.bytes, from: $0.slot) }
        try transaction.execute("DELETE FROM round_response WHERE round = ?", [.text(round)])
        return responses
    }

    private func slot(of rater: String) -> [UInt8] { secret.hash("round response", round, rater) }

    private func sealed(limit: Int, in snapshot: Snapshot) throws -> [(slot: [UInt8], bytes: [UInt8])] {
        try snapshot.query(
            "SELECT slot, sealed FROM round_response WHERE round = ? LIMIT ?", [.text(round), Value(limit)]
        ).map { (slot: try $0.blob(0), bytes: try $0.blob(1)) }
    }

    /// Nil for what was sealed with a secret that is lost.
    private func opened(_ bytes: [UInt8], from slot: [UInt8]) throws -> RoundResponse? {
        try secret.open(bytes, for: slot).map { try RoundResponse(serialized: $0) }
    }

    // MARK: The result

    func keep(_ result: RoundResult, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO round_result (round, body) VALUES (?, ?)",
            [.text(round), .blob(try secret.seal(result.serialized(), for: resultPlace))])
    }

    /// Nil while the round is open.
    /// - Throws: `StorageError.keyring` for one that was sealed with a secret that is lost.
    func result(in snapshot: Snapshot) throws -> RoundResult? {
        try snapshot.first("SELECT body FROM round_result WHERE round = ?", [.text(round)]).map { row in
            guard let bytes = secret.open(try row.blob(0), for: resultPlace) else {
                throw StorageError.keyring("the result of a round was sealed with another secret.key")
            }
            return try RoundResult(serialized: bytes)
        }
    }

    private var resultPlace: [UInt8] { Array("round result \(round)".utf8) }

    /// The name of a text for one question and one viewer: stable, and nobody can tell which of two viewers' or of two
    /// questions' names belong together.
    func alias(for viewer: String) -> (_ question: Int32, _ id: String) -> String {
        { question, id in
            secret.hash("round text", round, "\(question)", viewer, id).prefix(16).hexadecimal
        }
    }

    /// A name that is drawn by lot.
    static func lot() -> String { (0..<16).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal }

    // MARK: Who is asked

    func ask(_ raters: some Sequence<String>, in transaction: Transaction) throws {
        let id = try ResourceName(round, Round.collections).id
        for rater in raters {
            try transaction.execute(
                "INSERT INTO round_rater (rater, id, round) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [.text(rater), .text(id), .text(round)])
        }
    }

    func stopAsking(_ raters: some Sequence<String>, in transaction: Transaction) throws {
        let id = try ResourceName(round, Round.collections).id
        for rater in raters {
            try transaction.execute("DELETE FROM round_rater WHERE rater = ? AND id = ?", [.text(rater), .text(id)])
        }
    }

    /// Names of open rounds behind an id, in the order of their ids.
    static func rounds(
        asking rater: String, after id: String?, limit: Int, in snapshot: Snapshot
    ) throws -> [String] {
        try snapshot.query(
            "SELECT round FROM round_rater WHERE rater = ? AND id > ? ORDER BY id LIMIT ?",
            [.text(rater), .text(id ?? ""), Value(limit)]
        ).map { try $0.text(0) }
    }
}
