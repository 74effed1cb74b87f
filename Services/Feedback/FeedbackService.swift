import RPC
import Schema
import ServiceKit
import Storage

/// What the two say to each other about how it goes (docs/domain.md §6.2).
struct FeedbackService: RapportService, FeedbackServiceHandlers {
    static let name = "feedback"
    static let migrations = Tables.migrations

    let runtime: Runtime

    init(_ runtime: Runtime) { self.runtime = runtime }

    var methods: [RPC.Method] { feedbackServiceMethods }

    // MARK: Feedback

    func createFeedback(_ request: CreateFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await write(request, context, under: request.parent) { change in
            guard let words = request.feedbackItem else { throw Refusal.invalid("feedback_item", "is required") }
            return try change.insert(Tables.feedbackItems, change.draft(words))
        }
    }

    func deliverFeedback(_ request: DeliverFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            try item.deliver(by: change.actor, at: change.now)
            try change.follow(item)
        }
    }

    func giveRecognition(_ request: GiveRecognitionRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await write(request, context, under: request.parent) { change in
            try Check.text(request.behaviour, "behaviour", 1...FeedbackItem.textLength.upperBound)
            var item = try change.draft(
                FeedbackItem(kind: .recognition, behaviour: request.behaviour, impact: request.impact))
            try item.deliver(by: change.actor, at: change.now)
            try change.follow(item)
            return try change.insert(Tables.feedbackItems, item)
        }
    }

    func acknowledgeFeedback(
        _ request: AcknowledgeFeedbackRequest, _ context: ServerContext
    ) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            let inTime = try item.acknowledge(
                by: change.actor, note: request.note, disagreeReason: request.disagreeReason, at: change.now)
            // A late answer leaves the duty standing: that it was missing is said at its true time, whoever comes first.
            if inTime { try change.cancel(Duties.acknowledgement, for: item.name) }
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

    // MARK: Pulses

    func submitPulse(_ request: SubmitPulseRequest, _ context: ServerContext) async throws -> Pulse {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        return try await runtime.mutate(request, context, under: parent, answering: Tables.pulses) { change in
            guard change.role == .trustor else { throw Refusal.roleForbidden("only the coachee answers a pulse") }
            try change.requireActive()
            let pulse = try Pulse.answer(
                request, named: change.newName("pulses", in: parent), by: change.actor,
                last: change.lastAnswer(to: request.item), at: change.now)
            try change.noteAnswer(to: pulse.item)
            try change.publishAnswer(pulse)
            return try change.insert(Tables.pulses, pulse)
        }
    }

    /// One's own answers: nobody else ever reads a value.
    func listPulses(_ request: ListPulsesRequest, _ context: ServerContext) async throws -> ListPulsesResponse {
        guard try await runtime.access(context, under: request.parent).role == .trustor else {
            throw Refusal(.permissionDenied, "LEVEL_FORBIDDEN", "a pulse is read by its author alone")
        }
        let page = try await runtime.list(context, Tables.pulses, request) { pulse, access in
            pulse.author == access.caller.person
        }
        return ListPulsesResponse(pulses: page.items, nextPageToken: page.nextPageToken)
    }

    // MARK: Time

    /// The 72 hours are over: said once, unless it was acknowledged in them.
    func fire(_ duty: Duty, _ change: Change) throws {
        guard duty.kind == Duties.acknowledgement, case .text(let name) = duty.key,
            let item = try change.find(Tables.feedbackItems, name)
        else { return }
        if let acknowledged = item.acknowledgeTime, try Instant(acknowledged) <= change.now { return }
        try change.publishMissingAcknowledgement(of: item)
    }

    // MARK: One shape for all mutations

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

    private func change<Q: Mutation>(
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

enum Duties {
    /// At delivery + 72 h of an item from trustor to trustee: only those are evidence (docs/domain.md rule 11).
    static let acknowledgement = "acknowledgement"
}

extension Change {
    /// Feedback is a person's word: no service gives or takes it.
    func requireParty() throws {
        guard role == .trustor || role == .trustee else {
            throw Refusal.roleForbidden("only the coach or the coachee may do this")
        }
    }

    /// A draft from the one who acts to the other one.
    func draft(_ words: FeedbackItem) throws -> FeedbackItem {
        try FeedbackItem.draft(
            words, named: newName("feedbackItems", in: relationship.name), from: actor,
            to: person(role == .trustor ? .trustee : .trustor), at: now)
    }

    /// What follows from a delivery.
    func follow(_ item: FeedbackItem) throws {
        try publishDelivery(of: item)
        if role == .trustor, let due = try item.acknowledgementDue {
            // The event that says so may still be on its way, while the owner's answer is known (docs/domain.md rule 1).
            if relationship.importing { try hold(relationship.name) }
            try schedule(Duties.acknowledgement, for: item.name, at: due)
        }
    }
}
