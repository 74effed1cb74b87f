import RPC
import Schema
import ServiceKit

/// The directory of an organisation, brought up to date (docs/domain.md §6.10).
enum PeopleImport {
    /// People of one stream; more are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumPeople = 5000
    /// People of one transaction: a stream that breaks loses fewer than these.
    static let batch = 100

    /// What became of a batch, in order. Somebody is known by the id or by the key in the organisation's own directory.
    static func store(_ batch: [ImportPeopleRequest], _ change: Change, _ runtime: Runtime) throws -> [ImportedPerson] {
        try change.requireProgrammeAdmin()
        return try batch.map { item in
            do {
                return try store(item, change, runtime)
            } catch let refusal as Refusal {
                // Each refusal comes before anything is written for the person.
                return ImportedPerson(outcome: .refused, reason: refusal.reason, message: refusal.message)
            }
        }
    }

    private static func store(
        _ item: ImportPeopleRequest, _ change: Change, _ runtime: Runtime
    ) throws -> ImportedPerson {
        let organization = try ResourceName(item.parent, "organizations")
        let draft = item.person ?? Person()
        let known: String?
        if item.personId.isEmpty {
            guard !draft.externalId.isEmpty else {
                throw Refusal.invalid("person.external_id", "this or person_id is needed to know the person again")
            }
            known = try Directory.holder(of: draft.externalId, organization: organization.text, in: change.transaction)
        } else {
            known = try change.name(item.personId, "person_id", "people", in: organization).text
        }
        if let known, let person = try change.find(Tables.people, known) {
            let updated = try change.replace(person, by: try person.imported(draft), runtime)
            return ImportedPerson(name: known, outcome: updated == person ? .unchanged : .updated)
        }
        let name = try change.name(item.personId, "person_id", "people", in: organization)
        return ImportedPerson(
            name: try change.add(try Person.created(draft, name: name)).name, outcome: .created)
    }
}

extension RelationshipsService {
    /// A hundred at a time, so that what was stored stays when the stream breaks; repeating a stream changes nothing.
    func importPeople(
        _ requests: RequestStream<ImportPeopleRequest>, _ context: ServerContext
    ) async throws -> ImportPeopleResponse {
        let caller = try context.caller
        guard caller.isProgrammeAdmin else {
            throw Refusal.roleForbidden("Only programme administrators import people.")
        }
        var people: [ImportedPerson] = []
        var batch: [ImportPeopleRequest] = []
        var received = 0
        for try await request in requests {
            guard caller.belongs(to: request.parent) else { throw Refusal.notParty }
            received += 1
            guard received <= PeopleImport.maximumPeople else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "The first \(PeopleImport.maximumPeople) people are stored; send the others in another stream.")
            }
            batch.append(request)
            if batch.count == PeopleImport.batch {
                people += try await store(batch, context)
                batch = []
            }
        }
        if !batch.isEmpty { people += try await store(batch, context) }
        func count(_ outcome: ImportedPerson.Outcome) -> Int32 { Int32(people.count { $0.outcome == outcome }) }
        return ImportPeopleResponse(
            people: people, createdCount: count(.created), updatedCount: count(.updated), refusedCount: count(.refused))
    }

    private func store(_ batch: [ImportPeopleRequest], _ context: ServerContext) async throws -> [ImportedPerson] {
        try await runtime.change(context, in: context.caller.organization) { [runtime] in
            try PeopleImport.store(batch, $0, runtime)
        }
    }
}
