import Schema
import ServiceKit
import Storage

extension FeedbackItem: ServiceKit.Resource {}
extension FeedbackRequest: ServiceKit.Resource {}
extension Pulse: ServiceKit.Resource {}
extension Round: ServiceKit.Resource {}
extension SelfRating: ServiceKit.Resource {}

extension CreateFeedbackRequest: Mutation {}
extension DeliverFeedbackRequest: Mutation {}
extension GiveRecognitionRequest: Mutation {}
extension AcknowledgeFeedbackRequest: Mutation {}
extension WithdrawFeedbackRequest: Mutation {}
extension TagFeedbackRequest: Mutation {}
extension DiscussFeedbackRequest: Mutation {}
extension RecordActionRequest: Mutation {}
extension RequestFeedbackRequest: Mutation {}
extension DeclineFeedbackRequestRequest: Mutation {}
extension SubmitPulseRequest: Mutation {}
extension CreateSelfRatingRequest: Mutation {}
extension DeleteSelfRatingRequest: Mutation {}
extension CreateRoundRequest: Mutation {}
extension NominateRaterRequest: Mutation {}
extension CloseRoundRequest: Mutation {}
extension ShareRoundResultRequest: Mutation {}
extension RecallRoundResultRequest: Mutation {}

extension ListFeedbackRequest: ListRequest {}
extension ListFeedbackRequestsRequest: ListRequest {}
extension ListPulsesRequest: ListRequest {}
extension ListSelfRatingsRequest: ListRequest {}
extension ListRoundsRequest: ListRequest {}
extension ListRoundsToAnswerRequest: ListRequest {}

enum Tables {
    static let feedbackItems = Table<FeedbackItem>(
        "feedback_item", collections: ["organizations", "relationships", "feedbackItems"], state: { $0.state.rawValue },
        isEncrypted: true)
    static let feedbackRequests = Table<FeedbackRequest>(
        "feedback_request", collections: ["organizations", "relationships", "feedbackRequests"],
        state: { $0.state.rawValue })
    static let pulses = Table<Pulse>("pulse", collections: ["organizations", "relationships", "pulses"])
    static let selfRatings = Table<SelfRating>(
        "self_rating", collections: SelfRating.collections, isEncrypted: true)
    static let rounds = Table<Round>("round", collections: Round.collections, state: { $0.state.rawValue })

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
            ]),
        Migration(
            version: 101, name: "requests, blind exchanges and the balance of what was given",
            statements: feedbackRequests.statements + BlindExchange.statements + [
                // What the last items of one author said went well: a hint needs no walk over the items.
                """
                CREATE TABLE given_strengths (
                    relationship TEXT NOT NULL, author TEXT NOT NULL, latest TEXT NOT NULL,
                    PRIMARY KEY (relationship, author)) STRICT, WITHOUT ROWID
                """
            ]),
        Migration(
            version: 102, name: "anonymous rounds", statements: rounds.statements + RoundStore.statements),
        Migration(version: 103, name: "how coaches rate themselves", statements: selfRatings.statements),
    ]

    static func givenStrengths(
        by author: String, under relationship: String, in snapshot: Snapshot
    ) throws -> GivenStrengths {
        GivenStrengths(
            try snapshot.first(
                "SELECT latest FROM given_strengths WHERE relationship = ? AND author = ?",
                [.text(relationship), .text(author)]
            )?.text(0) ?? "")
    }

    /// Answers that one trend looks at, in order of creation: eleven items a week for seventeen years.
    static let trendLimit = 10_000

    static func allPulses(under relationship: ResourceName, in snapshot: Snapshot) throws -> [Pulse] {
        try pulses.list(parent: relationship, after: nil, limit: trendLimit, in: snapshot)
    }
}

extension Change {
    /// The item, unless it is another one's draft: that one looks like one that does not exist.
    func feedback(_ name: String) throws -> FeedbackItem {
        let item = try get(Tables.feedbackItems, name)
        guard item.isReadable(by: actor) else { throw Refusal.notFound(name) }
        return item
    }

    func noteStrength(of item: FeedbackItem) throws {
        var given = try Tables.givenStrengths(by: item.author, under: relationship.name, in: transaction)
        given.note(item)
        try transaction.execute(
            """
            INSERT INTO given_strengths (relationship, author, latest) VALUES (?, ?, ?)
            ON CONFLICT (relationship, author) DO UPDATE SET latest = excluded.latest
            """,
            [.text(relationship.name), .text(item.author), .text(given.text)])
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
