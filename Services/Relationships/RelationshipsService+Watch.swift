import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    /// What happened and to what, never what was said: the watcher reads that where it may.
    func watchRelationship(
        _ request: WatchRelationshipRequest, _ context: ServerContext,
        _ responses: ResponseWriter<WatchRelationshipResponse>
    ) async throws {
        let name = try ResourceName(request.name, "organizations", "relationships")
        try await runtime.watch(context, under: name.text, resumeToken: request.resumeToken) { token in
            try await responses.write(WatchRelationshipResponse(resumeToken: token))
        } write: { event, token in
            try await responses.write(WatchRelationshipResponse(event, resumeToken: token))
        }
    }
}

extension WatchRelationshipResponse {
    init(_ event: Event, resumeToken: String) {
        self.init(
            type: event.type, resource: event.resource, occurredAt: event.occurredAt,
            actorRole: event.actor.isEmpty ? .unspecified : ActorRole(rawValue: event.actorRole.rawValue),
            resumeToken: resumeToken)
    }
}

extension Event {
    /// The resource that a fact of this service happened to.
    var resource: String {
        switch payload {
        case .relationshipChanged(let change): change.relationship?.name ?? ""
        case .agreementChanged(let change): change.agreement
        case .sessionChanged(let change): change.session
        case .commitmentChanged(let change): change.commitment
        case .breachCaseChanged(let change): change.breachCase
        case .decisionChanged(let change): change.decision
        case .reflectBackChanged(let change): change.reflectBack
        case .adviceChanged(let change): change.advice
        case .contextChanged(let change): change.contextChange
        case .agendaItemAdded(let item): item.agendaItem
        case .reflectionCompleted(let reflection): reflection.reflection
        case .conflictDisclosed(let conflict): conflict.disclosure
        case .resourceChanged(let change): change.resource
        default: relationship
        }
    }
}
