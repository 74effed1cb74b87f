import RPC
import Schema
import ServiceKit
import Storage

extension RelationshipsService {
    /// Who the person is goes at once, and the person's relationships end; the words go service by service.
    func erasePerson(_ request: ErasePersonRequest, _ context: ServerContext) async throws -> Erasure {
        let name = try ResourceName(request.name, "organizations", "people")
        let erasure = try await runtime.mutate(
            request, context, in: name.organization, answering: Tables.erasures
        ) { [runtime] change in
            let caller = try change.requirePrivacy(of: name)
            guard let person = try change.find(Tables.people, name.text) else {
                throw caller.isPrivacyOfficer ? Refusal.notFound(name.text) : Refusal.notParty
            }
            guard !person.isErased else {
                throw Refusal.wrongState("the person", is: "ERASED", needs: "one who is not")
            }
            guard request.etag.isEmpty || request.etag == person.etag else { throw Refusal.etagMismatch }
            guard request.confirmation == name.text else {
                throw Refusal.invalid(
                    "confirmation", "an erasure cannot be undone: say the person's resource name once more")
            }
            guard
                try !LegalHolds.cover(
                    person: name.text, of: change.organization, at: change.now, in: change.transaction)
            else { throw Refusal.legalHold }
            let erasure = try change.create(
                Tables.erasures, .asked(change.newName("erasures", in: name.text), by: change.actor))
            try change.forget(person, runtime)
            try change.audit("person.erased", erasure.name, about: [name.text])
            try change.startErasing(name.text, erasure.name)
            return erasure
        }
        await list(erasure)
        return erasure
    }

    func getErasure(_ request: GetErasureRequest, _ context: ServerContext) async throws -> Erasure {
        let name = try ResourceName(request.name, Tables.Form.erasures)
        try requirePrivacy(context, of: name.parent)
        return try await runtime.database.read { snapshot in
            guard let erasure = try Tables.erasures.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return erasure
        }
    }

    func listErasures(_ request: ListErasuresRequest, _ context: ServerContext) async throws -> ListErasuresResponse {
        try requirePrivacy(context, of: try ResourceName(request.parent, "organizations", "people"))
        let page = try await runtime.page(context, Tables.erasures, request)
        return ListErasuresResponse(erasures: page.items, nextPageToken: page.nextPageToken)
    }

    func confirmErasure(_ request: ConfirmErasureRequest, _ context: ServerContext) async throws -> Erasure {
        guard let service = try context.caller.service else {
            throw Refusal.roleForbidden("services say that they have done their part")
        }
        let name = try ResourceName(request.name, Tables.Form.erasures)
        return try await runtime.change(context, in: name.organization) { change in
            var erasure = try change.get(Tables.erasures, name.text)
            let before = erasure
            try erasure.confirm(service, itemCount: request.itemCount, at: change.now)
            guard erasure != before else { return erasure }
            if erasure.state == .succeeded {
                try change.audit("erasure.completed", erasure.name, about: [name.parent.text])
            }
            return try change.save(Tables.erasures, erasure)
        }
    }

    // MARK: Who may ask

    /// The person, or a data-protection officer.
    @discardableResult
    func requirePrivacy(_ context: ServerContext, of person: ResourceName) throws -> Caller {
        let caller = try context.caller
        try caller.requirePrivacy(of: person)
        return caller
    }
}

extension Caller {
    /// The person, for the purpose coaching or privacy, or a data-protection officer.
    /// - Throws: `Refusal` PERMISSION_DENIED, NOT_PARTY or PURPOSE_MISSING.
    fileprivate func requirePrivacy(of name: ResourceName) throws {
        guard belongs(to: name.organization), let person else { throw Refusal.notParty }
        guard person == name.text || isPrivacyOfficer else { throw Refusal.notParty }
        guard ["coaching", "privacy"].contains(purpose) else {
            throw Refusal(
                .permissionDenied, "PURPOSE_MISSING", "this needs a token for the purpose coaching or privacy")
        }
    }
}

extension Change {
    /// The person, or a data-protection officer.
    @discardableResult
    func requirePrivacy(of person: ResourceName) throws -> Caller {
        guard let caller else { throw Refusal.notParty }
        try caller.requirePrivacy(of: person)
        return caller
    }

    /// All that says who somebody is, and what is open for them.
    func forget(_ person: Person, _ runtime: Runtime) throws {
        try eachOpenRelationship(of: person.name, runtime) { change, relationship in
            try change.endByErasure(relationship, of: person.name)
        }
        if !person.externalId.isEmpty {
            try Directory.free(person.externalId, organization: organization, in: transaction)
        }
        try publish(try save(Tables.people, person.erased(at: now)))
        try forgetEnrollments(of: person.name)
        while case let windows = try list(Tables.leaveWindows, parent: person.name), !windows.isEmpty {
            for window in windows {
                try delete(Tables.leaveWindows, window.name)
                if !window.isDeleted { try publish("leave.changed.v1", window, of: person.name, deleted: true) }
            }
        }
        for proposal in try MatchIndex.forget(person: person.name, of: organization, in: transaction) {
            try close(proposal, .withdrawn)
        }
        for export in try list(Tables.dataExports, parent: person.name) { try destroy(export) }
        try endBreakGlassCases(of: person.name)
        for table in ["shared_item", "open_glass"] {
            try transaction.execute("DELETE FROM \(table) WHERE person = ?", [.text(person.name)])
        }
    }

    private func endByErasure(_ relationship: Relationship, of person: String) throws {
        var relationship = relationship
        try relationship.endByErasure(of: person, at: now)
        try release(relationship.name)
        try cancel(.relationshipEnds, for: relationship.name)
        guard relationship.state == .ended else {
            try cancel(.requestExpires, for: relationship.name)
            _ = try publish("relationship.withdrawn.v1", saving: relationship)
            try closePair(relationship)
            return
        }
        _ = try conclude(relationship)
    }

    private func forgetEnrollments(of person: String) throws {
        let organization = try ResourceName(organization, "organizations")
        var last: String?
        repeat {
            let programmes = try Tables.programmes.list(parent: organization, after: last, limit: 500, in: transaction)
            for programme in programmes {
                for role in [Enrollment.Role.trustor, .trustee] {
                    let name = Enrollment.name(of: person, as: role, in: programme.name)
                    if try find(Tables.enrollments, name) != nil { try delete(Tables.enrollments, name) }
                }
                try leaveWaitlist(person, in: programme.name)
            }
            last =
                try programmes.count == 500
                ? programmes.last.map { try ResourceName($0.name, "organizations", "programmes").id } : nil
        } while last != nil
    }
}
