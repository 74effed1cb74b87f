/// How far a consumer has followed another service's outbox, stored in the transaction that applies what it read.
enum Checkpoint {
    static let statements = [
        """
        CREATE TABLE storage_checkpoint (
            source TEXT PRIMARY KEY, epoch BLOB NOT NULL, position INTEGER NOT NULL
        ) STRICT
        """
    ]
}

extension Snapshot {
    /// The cursor stored for `source`, a service's name; nil before the first.
    public func checkpoint(of source: String) throws -> Cursor? {
        try first("SELECT epoch, position FROM storage_checkpoint WHERE source = ?", [.text(source)])
            .map { Cursor(epoch: try $0.id(0), position: try $0.int64(1)) }
    }
}

extension Transaction {
    /// Moves the checkpoint from the cursor that the batch was read after to the one that it ended with.
    ///
    /// That makes each event take effect once, even when two consumers read the same batch.
    /// - Throws: `StorageError.checkpointMoved` when the stored cursor is not `from`.
    public func advanceCheckpoint(of source: String, from: Cursor?, to cursor: Cursor) throws {
        try Limits.check(text: source, "source")
        guard try checkpoint(of: source) == from else { throw StorageError.checkpointMoved }
        try execute(
            """
            INSERT INTO storage_checkpoint (source, epoch, position) VALUES (?, ?, ?)
            ON CONFLICT (source) DO UPDATE SET epoch = excluded.epoch, position = excluded.position
            """, [.text(source), .id(cursor.epoch), .integer(cursor.position)])
    }

    /// The first step of a rebuild, in the transaction that drops what was derived.
    public func removeCheckpoint(of source: String) throws {
        try execute("DELETE FROM storage_checkpoint WHERE source = ?", [.text(source)])
    }
}
