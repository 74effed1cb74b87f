import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func createProgramme(_ request: CreateProgrammeRequest, _ context: ServerContext) async throws -> Programme {
        try await runtime.mutate(request, context, in: request.parent, answering: Tables.programmes) { change in
            try change.requireProgrammeAdmin()
            let organization = try ResourceName(request.parent, "organizations")
            let name = try change.name(request.programmeId, "programme_id", "programmes", in: organization)
            let programme = try Programme.created(request.programme ?? Programme(), name: name.text)
            guard try change.find(Tables.programmes, name.text) == nil else {
                throw Refusal(.alreadyExists, "DUPLICATE_NAME", "This programme_id is taken.")
            }
            let created = try change.create(Tables.programmes, programme)
            try change.publish(created)
            return created
        }
    }

    /// Everybody in the organisation may know its programmes.
    func getProgramme(_ request: GetProgrammeRequest, _ context: ServerContext) async throws -> Programme {
        let name = try ResourceName(request.name, "organizations", "programmes")
        guard try context.caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            guard let programme = try Tables.programmes.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return programme
        }
    }

    func listProgrammes(
        _ request: ListProgrammesRequest, _ context: ServerContext
    ) async throws -> ListProgrammesResponse {
        guard try context.caller.belongs(to: request.parent) else { throw Refusal.notParty }
        let page = try await runtime.page(context, Tables.programmes, request)
        return ListProgrammesResponse(programmes: page.items, nextPageToken: page.nextPageToken)
    }

    func updateProgramme(_ request: UpdateProgrammeRequest, _ context: ServerContext) async throws -> Programme {
        let name = try ResourceName(request.name, "organizations", "programmes")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.programmes) {
            change in
            try change.requireProgrammeAdmin()
            let programme = try change.get(Tables.programmes, name.text)
            let patched = try Programme.mutableFields.apply(
                request.updateMask, request.programme ?? Programme(), to: programme)
            let saved = try change.save(Tables.programmes, try programme.updated(by: patched, at: change.now))
            if saved.minimumGroupSize != programme.minimumGroupSize { try change.publish(saved) }
            try change.audit("policy.changed", saved.name, about: [])
            return saved
        }
    }

    // MARK: Enrolment

    /// Again, it changes what was offered.
    func enroll(_ request: EnrollRequest, _ context: ServerContext) async throws -> Enrollment {
        let programme = try ResourceName(request.parent, "organizations", "programmes")
        return try await runtime.mutate(request, context, in: programme.organization, answering: Tables.enrollments) {
            change in
            let draft = request.enrollment ?? Enrollment()
            guard change.caller?.isProgrammeAdmin == true || change.actor == draft.person, !draft.person.isEmpty else {
                throw Refusal.roleForbidden("People enrol themselves; programme administrators enrol others.")
            }
            _ = try change.get(Tables.programmes, programme.text)
            let load = try PairIndex.load(
                of: draft.person, as: draft.role, programme: programme.text, organization: programme.organization,
                in: change.transaction)
            var enrollment = try Enrollment.offered(draft, in: programme.text, load: load)
            guard try change.find(Tables.people, draft.person)?.active == true else {
                throw Refusal.invalid("enrollment.person", "an active person of this organisation")
            }
            guard let present = try change.find(Tables.enrollments, enrollment.name) else {
                return try change.create(Tables.enrollments, enrollment)
            }
            enrollment.etag = present.etag
            enrollment.createTime = present.createTime
            return try change.save(Tables.enrollments, enrollment)
        }
    }

    func getEnrollment(_ request: GetEnrollmentRequest, _ context: ServerContext) async throws -> Enrollment {
        let caller = try context.caller
        let name = try ResourceName(request.name, "organizations", "programmes", "enrollments")
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            let enrollment = try Tables.enrollments.find(name.text, in: snapshot)
            if let enrollment, caller.sees(enrollment) { return enrollment }
            guard caller.service != nil || caller.isProgrammeAdmin else { throw Refusal.notParty }
            throw Refusal.notFound(name.text)
        }
    }

    func listEnrollments(
        _ request: ListEnrollmentsRequest, _ context: ServerContext
    ) async throws -> ListEnrollmentsResponse {
        let caller = try context.caller
        let programme = try ResourceName(request.parent, "organizations", "programmes")
        guard caller.belongs(to: programme.organization) else { throw Refusal.notParty }
        let page = try await runtime.page(context, Tables.enrollments, request, visible: caller.sees)
        return ListEnrollmentsResponse(enrollments: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Caller {
    /// The own one; all of them, for administrators (docs/domain.md rule 38).
    fileprivate func sees(_ enrollment: Enrollment) -> Bool {
        service != nil || isProgrammeAdmin || enrollment.person == person
    }
}
