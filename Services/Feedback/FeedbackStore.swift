import Schema
import ServiceKit
import Storage

extension FeedbackItem: ServiceKit.Resource {}
extension Pulse: ServiceKit.Resource {}

extension CreateFeedbackRequest: Mutation {}
extension DeliverFeedbackRequest: Mutation {}
extension GiveRecognitionRequest: Mutation {}
extension AcknowledgeFeedbackRequest: Mutation {}
extension SubmitPulseRequest: Mutation {}

extension ListFeedbackRequest: ListRequest {}
extension ListPulsesRequest: ListRequest {}

enum Tables {
    static let feedbackItems = Table<FeedbackItem>(
        "feedback_item", collections: ["organizations", "relationships", "feedbackItems"], state: { $0.state.rawValue })
    static let pulses = Table<Pulse>("pulse", collections: ["organizations", "relationships", "pulses"])

    static let migrations = [
        Migration(
            version: 100, name: "feedback and pulses",
            statements: feedbackItems.statements + pulses.statements + [
                // When the trustor last answered an item: the 168 h rule needs no walk over the answers.
                """
                CREATE TABLE pulse_item (
                    relationship TEXT NOT NULL, item INTEGER NOT NULL, answered_at INTEGER NOT NULL,
                    PRIMARY KEY (relationship, item)) STRICT, WITHOUT ROWID
                """
            ])
    ]
}

extension Change {
    /// The item, unless it is another one's draft: that one looks like one that does not exist.
    func feedback(_ name: String) throws -> FeedbackItem {
        let item = try get(Tables.feedbackItems, name)
        guard item.isReadable(by: actor) else { throw Refusal.notFound(name) }
        return item
    }

    func lastAnswer(to item: Pulse.Item) throws -> Instant? {
        try transaction.first(
            "SELECT answered_at FROM pulse_item WHERE relationship = ? AND item = ?",
            [.text(relationship.name), .integer(Int64(item.rawValue))]
        ).map { Instant(microseconds: try $0.int64(0)) }
    }

    func noteAnswer(to item: Pulse.Item) throws {
        try transaction.execute(
            """
            INSERT INTO pulse_item (relationship, item, answered_at) VALUES (?, ?, ?)
            ON CONFLICT (relationship, item) DO UPDATE SET answered_at = excluded.answered_at
            """,
            [.text(relationship.name), .integer(Int64(item.rawValue)), .integer(now.microseconds)])
    }
}
