import RPC
import Schema
import ServiceKit
import Storage

extension RelationshipsService {
    /// A data-protection officer asks. One request of a person waits at a time.
    func requestBreakGlass(
        _ request: RequestBreakGlassRequest, _ context: ServerContext
    ) async throws -> BreakGlassCase {
        try await runtime.mutate(
            request, context, under: request.parent, answering: Tables.breakGlassCases,
            admitting: { caller, _, _ in caller.isPrivacyOfficer },
            { change in
                guard let caller = change.caller, caller.isPrivacyOfficer, change.role == .other else {
                    throw Refusal.roleForbidden(
                        "a data-protection officer asks, who is none of the two: a token with the purpose privacy is needed"
                    )
                }
                let glass = try BreakGlassCase.requested(
                    request.breakGlassCase ?? BreakGlassCase(),
                    named: change.newName("breakGlassCases", in: request.parent), by: change.actor, at: change.now)
                let parent = try ResourceName(request.parent, "organizations", "relationships")
                let waiting = try Tables.breakGlassCases.list(
                    parent: parent, state: BreakGlassCase.State.requested.rawValue, limit: 500, in: change.transaction)
                guard !waiting.contains(where: { $0.requester == glass.requester }) else {
                    throw Refusal.wrongState(
                        "your other request", is: "REQUESTED", needs: "the ombudsperson's word on it")
                }
                try change.audit("requested", glass)
                return try change.create(Tables.breakGlassCases, glass)
            })
    }

    func approveBreakGlass(
        _ request: ApproveBreakGlassRequest, _ context: ServerContext
    ) async throws -> BreakGlassCase {
        try await act(request, context) { change, glass, isOmbudsperson in
            guard isOmbudsperson else { throw Refusal.notOmbudsperson }
            try glass.decide(opening: true, by: change.actor, change.role, at: change.now)
            try change.audit("opened", glass)
            try change.open(glass)
            try change.schedule(
                .breakGlassExpires, for: glass.name, at: Check.instant(glass.expireTime, "expire_time"))
            if glass.isSilent(at: change.now) {
                try change.schedule(
                    .breakGlassTold, for: glass.name, at: Check.instant(glass.silenceEndTime, "silence_end_time"))
            } else {
                try change.tell(glass)
            }
        }
    }

    func refuseBreakGlass(_ request: RefuseBreakGlassRequest, _ context: ServerContext) async throws -> BreakGlassCase {
        try await act(request, context) { change, glass, isOmbudsperson in
            guard isOmbudsperson else { throw Refusal.notOmbudsperson }
            try glass.decide(opening: false, by: change.actor, change.role, at: change.now)
            try change.audit("refused", glass)
        }
    }

    func closeBreakGlass(_ request: CloseBreakGlassRequest, _ context: ServerContext) async throws -> BreakGlassCase {
        try await act(request, context) { change, glass, isOmbudsperson in
            guard isOmbudsperson || change.actor == glass.requester else { throw Refusal.notParty }
            try glass.close()
            try change.audit("closed", glass)
            try change.shut(glass)
            try change.cancel(.breakGlassExpires, for: glass.name)
        }
    }

    func getBreakGlassCase(
        _ request: GetBreakGlassCaseRequest, _ context: ServerContext
    ) async throws -> BreakGlassCase {
        let (caller, relationship, person) = try await roles(context, under: request.name)
        let now = runtime.clock.now
        let role = relationship.role(of: caller.person ?? "")
        let found = try await runtime.database.read { try Tables.breakGlassCases.find(request.name, in: $0) }
        guard let found, found.isReadable(by: caller.person, role, ombudsperson: person, at: now) else {
            throw role == .other ? Refusal.notParty : Refusal.notFound(request.name)
        }
        return found
    }

    func listBreakGlassCases(
        _ request: ListBreakGlassCasesRequest, _ context: ServerContext
    ) async throws -> ListBreakGlassCasesResponse {
        let (caller, relationship, person) = try await roles(context, under: request.parent)
        let now = runtime.clock.now
        let role = relationship.role(of: caller.person ?? "")
        guard role != .other || caller.isPrivacyOfficer || caller.person == person else { throw Refusal.notParty }
        let page = try await runtime.page(context, Tables.breakGlassCases, request) {
            $0.isReadable(by: caller.person, role, ombudsperson: person, at: now)
        }
        return ListBreakGlassCasesResponse(breakGlassCases: page.items, nextPageToken: page.nextPageToken)
    }

    /// The caller, the relationship, and who decides in it.
    private func roles(
        _ context: ServerContext, under name: String
    ) async throws -> (Caller, Relationship, ombudsperson: String) {
        let caller = try context.caller
        let pair = try ResourceName.relationship(of: name)
        guard caller.person != nil, caller.belongs(to: pair.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            guard let relationship = try Tables.relationships.find(pair.text, in: snapshot) else {
                throw Refusal.notParty
            }
            return (caller, relationship, try ombudsperson(of: relationship, in: snapshot))
        }
    }

    /// What the two roles do with a case, in whatever state the relationship is.
    private func act<Q: Mutation>(
        _ request: Q, _ context: ServerContext,
        _ body: @Sendable @escaping (Change, inout BreakGlassCase, _ isOmbudsperson: Bool) throws -> Void
    ) async throws -> BreakGlassCase {
        try await runtime.mutate(
            request, context, under: request.name, answering: Tables.breakGlassCases,
            admitting: { caller, relationship, snapshot in
                try caller.isPrivacyOfficer
                    || caller.person.map { try $0 == ombudsperson(of: relationship, in: snapshot) } ?? false
            },
            { change in
                guard change.caller?.person != nil else { throw Refusal.notParty }
                let decider = try ombudsperson(of: change.relationship, in: change.transaction)
                var glass = try change.get(Tables.breakGlassCases, request.name)
                try body(change, &glass, change.actor == decider)
                return try change.save(Tables.breakGlassCases, glass)
            })
    }
}

extension Caller {
    /// A data-protection officer: a person whose token is for privacy.
    var isPrivacyOfficer: Bool { person != nil && purpose == "privacy" }
}

extension Refusal {
    fileprivate static let notOmbudsperson = Refusal.roleForbidden(
        "this is for the programme's ombudsperson; a programme administrator names one")
}

extension Change {
    func expireBreakGlass(_ name: String) throws {
        guard var glass = try find(Tables.breakGlassCases, name), glass.state == .open else { return }
        try glass.close()
        try audit("closed", glass)
        try shut(glass)
        _ = try save(Tables.breakGlassCases, glass)
    }

    /// The law does not forbid it any more.
    func endSilence(_ name: String) throws {
        guard let glass = try find(Tables.breakGlassCases, name) else { return }
        try tell(glass)
    }

    fileprivate func audit(_ act: String, _ glass: BreakGlassCase) throws {
        try audit(
            "break_glass.\(act)", glass.name, about: [relationship.trustor, relationship.trustee],
            hiddenUntil: try glass.silenceEndTime.map { try Instant($0) })
    }

    fileprivate func tell(_ glass: BreakGlassCase) throws {
        try publish("breakglass.used.v1", .resourceChanged(ResourceChanged(resource: glass.name)))
    }
}
