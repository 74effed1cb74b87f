import RPC
import Schema
import ServiceKit
import Storage

/// What the two say to each other about how it goes (docs/domain.md §6.2).
struct FeedbackService: RapportService, FeedbackServiceHandlers {
    static let name = "feedback"
    static let migrations = Tables.migrations

    static func encryptStored(in transaction: Transaction) throws -> Int {
        try Tables.feedbackItems.encryptRows(in: transaction)
    }

    let runtime: Runtime

    init(_ runtime: Runtime) { self.runtime = runtime }

    var methods: [RPC.Method] { feedbackServiceMethods }

    func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        guard case .retentionEnded(let ended) = event.payload, ended.data == .notes else { return }
        try Self.endRetention(
            of: ResourceName(event.relationship, "organizations", "relationships"), in: transaction)
    }

    // MARK: Feedback

    func createFeedback(_ request: CreateFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        let item = try await write(request, context, under: request.parent) { change in
            guard let words = request.feedbackItem else { throw Refusal.invalid("feedback_item", "is required") }
            return try change.insert(Tables.feedbackItems, change.draft(words))
        }
        return try await advised(item) { $0 }
    }

    func lintFeedback(_ request: LintFeedbackRequest, _ context: ServerContext) async throws -> LintFeedbackResponse {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        let history = try await runtime.read(context, under: parent) { snapshot, access in
            try Tables.givenStrengths(by: access.caller.person ?? "", under: parent, in: snapshot)
        }
        guard let words = request.feedbackItem else { throw Refusal.invalid("feedback_item", "is required") }
        try words.checkLimits()
        return LintFeedbackResponse(findings: FeedbackLint.findings(on: words, after: history))
    }

    func deliverFeedback(_ request: DeliverFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        let item = try await change(request, context, named: request.name) { change, item in
            try change.deliver(&item)
        }
        return try await advised(item, \.beforeLatest)
    }

    func giveRecognition(_ request: GiveRecognitionRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await write(request, context, under: request.parent) { change in
            try Check.text(request.behaviour, "behaviour", 1...FeedbackItem.textLength.upperBound)
            var item = try change.draft(
                FeedbackItem(kind: .recognition, behaviour: request.behaviour, impact: request.impact))
            try change.deliver(&item)
            return try change.insert(Tables.feedbackItems, item)
        }
    }

    func acknowledgeFeedback(
        _ request: AcknowledgeFeedbackRequest, _ context: ServerContext
    ) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            try item.acknowledge(
                by: change.actor, note: request.note, disagreeReason: request.disagreeReason, at: change.now)
            try change.cancel(Duties.withdrawal, for: item.name)
            // What fell due has happened: the deadline stands as long as the answer is in time.
            let inTime = try change.cancel(Duties.acknowledgement, for: item.name)
            try change.publishAcknowledgement(of: item, inTime: inTime)
        }
    }

    func getFeedback(_ request: GetFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await runtime.get(context, Tables.feedbackItems, request.name) { item, access in
            item.isReadable(by: access.caller.person)
        }
    }

    func listFeedback(_ request: ListFeedbackRequest, _ context: ServerContext) async throws -> ListFeedbackResponse {
        let page = try await runtime.list(context, Tables.feedbackItems, request) { item, access in
            item.isReadable(by: access.caller.person)
        }
        return ListFeedbackResponse(feedbackItems: page.items, nextPageToken: page.nextPageToken)
    }

    // MARK: One shape for all mutations

    /// The item with advice on its words. Not stored: it is the author's alone.
    /// - Parameter before: what the author had given before this item, of what is known now.
    private func advised(
        _ item: FeedbackItem, _ before: @Sendable (GivenStrengths) -> GivenStrengths
    ) async throws -> FeedbackItem {
        let parent = try ResourceName.relationship(of: item.name).text
        let history = try await runtime.database.read { [author = item.author] snapshot in
            try Tables.givenStrengths(by: author, under: parent, in: snapshot)
        }
        var item = item
        item.hints = FeedbackLint.findings(on: item, after: before(history))
        return item
    }

    private func write<Q: Mutation>(
        _ request: Q, _ context: ServerContext, under parent: String,
        _ body: @Sendable @escaping (Change) throws -> FeedbackItem
    ) async throws -> FeedbackItem {
        let parent = try ResourceName(parent, "organizations", "relationships").text
        return try await runtime.mutate(request, context, under: parent, answering: Tables.feedbackItems) { change in
            try change.requireParty()
            try change.requireActive()
            return try body(change)
        }
    }

    func change<Q: Mutation>(
        _ request: Q, _ context: ServerContext, named name: String,
        _ body: @Sendable @escaping (Change, inout FeedbackItem) throws -> Void
    ) async throws -> FeedbackItem {
        try await runtime.mutate(request, context, under: name, answering: Tables.feedbackItems) { change in
            try change.requireParty()
            var item = try change.feedback(name)
            try change.requireActive()
            try body(change, &item)
            return try change.update(Tables.feedbackItems, item)
        }
    }
}
