import RPC
import Schema
import ServiceKit

/// What the two do with feedback that was delivered, besides acknowledging it.
extension FeedbackService {
    func withdrawFeedback(_ request: WithdrawFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            let wasHidden = item.isHidden
            let inTime = try change.deadline(Duties.withdrawal, for: item.name) != nil
            try item.withdraw(by: change.actor, inTime: inTime, at: change.now)
            if wasHidden { return try change.leave(item) }
            try change.cancel(Duties.withdrawal, for: item.name)
            try change.cancel(Duties.acknowledgement, for: item.name)
            try change.publishWithdrawal(of: item)
        }
    }

    func tagFeedback(_ request: TagFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            try item.tag(request.kind, by: change.actor, at: change.now)
            try change.publishTag(of: item)
        }
    }

    func discussFeedback(_ request: DiscussFeedbackRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            try item.discuss(at: change.now)
        }
    }

    func recordAction(_ request: RecordActionRequest, _ context: ServerContext) async throws -> FeedbackItem {
        try await change(request, context, named: request.name) { change, item in
            try item.act(by: change.actor, outcome: request.outcome, action: request.action, at: change.now)
            try change.publishAction(on: item)
        }
    }
}
