import RPC
import Schema
import ServiceKit
import Storage

/// What happens to feedback, as it is committed.
extension FeedbackService {
    func watchFeedback(
        _ request: WatchFeedbackRequest, _ context: ServerContext, _ responses: ResponseWriter<WatchFeedbackResponse>
    ) async throws {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        let access = try await runtime.access(context, under: parent)
        try await runtime.watch(
            context, under: parent, resumeToken: request.resumeToken, visible: Self.isVisible
        ) { token in
            try await responses.write(WatchFeedbackResponse(resumeToken: token))
        } write: { [runtime] event, token in
            let resource = try await runtime.database.read { try Self.resource(of: event, for: access, in: $0) }
            guard let resource else { return }
            if case .feedbackItem(let item) = resource { try await runtime.note([item], readBy: access) }
            try await responses.write(
                WatchFeedbackResponse(
                    resumeToken: token, event: event.type, occurredAt: event.occurredAt, resource: resource))
        }
    }

    /// A pulse is its author's; nothing is published of what is hidden. A recognition is announced twice, and once is
    /// enough for the two.
    @Sendable private static func isVisible(_ event: Event, _ access: Access) -> Bool {
        switch event.payload {
        case .pulseAnswered: event.actor == access.caller.person
        case .feedbackChanged: event.type != "recognition.given.v1"
        case .feedbackRequested: true
        default: false
        }
    }

    private static func resource(
        of event: Event, for access: Access, in snapshot: Snapshot
    ) throws -> WatchFeedbackResponse.Resource? {
        switch event.payload {
        case .pulseAnswered(let answer):
            try Tables.pulses.find(answer.pulse, in: snapshot).map { .pulse($0) }
        case .feedbackChanged(let change):
            try Tables.feedbackItems.find(change.feedbackItem, in: snapshot)
                .flatMap { $0.isReadable(by: access.caller.person) ? .feedbackItem($0) : nil }
        case .feedbackRequested(let asked):
            try Tables.feedbackRequests.find(asked.feedbackRequest, in: snapshot).map { .feedbackRequest($0) }
        default: nil
        }
    }
}
