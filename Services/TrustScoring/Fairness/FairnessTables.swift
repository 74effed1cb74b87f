import Schema
import ServiceKit
import Storage

extension FairnessRun: ServiceKit.Resource {}
extension RunFairnessRequest: Mutation {}
extension CancelFairnessRunRequest: Mutation {}
extension ListFairnessRunsRequest: ListRequest {}

/// Fairness runs, and those that wait. What people have declared of themselves is in no table of this service.
enum FairnessTables {
    static let runs = Table<FairnessRun>("fairness_run", collections: form, state: { $0.state.rawValue })
    static let form = ["organizations", "fairnessRuns"]

    static let migration = Migration(
        version: 120, name: "fairness runs",
        statements: runs.statements + [
            """
            CREATE TABLE fairness_queue (
                run TEXT PRIMARY KEY NOT NULL, programme TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID
            """,
            // When a programme was last looked at with success.
            """
            CREATE TABLE fairness_last (
                programme TEXT PRIMARY KEY NOT NULL, end_time INTEGER NOT NULL) STRICT, WITHOUT ROWID
            """,
        ])

    /// False when another run of the programme waits or goes on.
    static func enqueue(_ run: FairnessRun, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "INSERT INTO fairness_queue (run, programme) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.text(run.name), .text(run.programme)]) == 1
    }

    static func next(in snapshot: Snapshot) throws -> String? {
        try snapshot.first("SELECT run FROM fairness_queue ORDER BY run LIMIT 1")?.text(0)
    }

    static func dequeue(_ run: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM fairness_queue WHERE run = ?", [.text(run)])
    }

    static func remember(_ programme: String, at end: Int64, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO fairness_last (programme, end_time) VALUES (?, ?)
            ON CONFLICT (programme) DO UPDATE SET end_time = excluded.end_time
            """, [.text(programme), .integer(end)])
    }

    static func last(_ programme: String, in snapshot: Snapshot) throws -> Int64? {
        try snapshot.first("SELECT end_time FROM fairness_last WHERE programme = ?", [.text(programme)])?.int64(0)
    }
}
