import RPC
import Schema
import ServiceKitTesting

@testable import Relationships
@testable import ServiceKit

/// What a data-protection officer, an auditor and the people themselves ask of a pair's data.
extension Pair {
    var officer: ServerContext { host.context(person: person("dpo"), purpose: "privacy") }
    var auditor: ServerContext { host.context(person: person("auditor"), purpose: "audit") }

    func hold(_ subject: String) async throws -> LegalHold {
        try await service.createLegalHold(
            CreateLegalHoldRequest(parent: organization, legalHold: LegalHold(subject: subject, reason: "a lawsuit")),
            officer)
    }

    func release(_ hold: LegalHold) async throws -> LegalHold {
        try await service.releaseLegalHold(ReleaseLegalHoldRequest(name: hold.name), officer)
    }

    @discardableResult
    func erase(_ person: String, by context: ServerContext? = nil) async throws -> Erasure {
        try await service.erasePerson(
            ErasePersonRequest(name: person, confirmation: person), context ?? officer)
    }

    /// What waits is taken out now.
    func forget(on host: TestHost<RelationshipsService>? = nil) async throws {
        let host = host ?? self.host
        try await RunningErasure(host.service, host.runtime).runAll()
    }

    func note(_ level: Note.Level, _ body: String, by person: String) async throws -> Note {
        try await service.createNote(
            CreateNoteRequest(parent: name, note: Note(level: level, body: body)), by(person))
    }

    func read(_ note: Note, by person: String) async throws -> Note {
        try await service.getNote(GetNoteRequest(name: note.name), by(person))
    }

    func end() async throws {
        for person in [coach, coachee] {
            _ = try await service.endRelationship(
                EndRelationshipRequest(name: name, why: "we are done"), by(person))
        }
    }

    /// Actions and resources of this service's chain, as somebody reads it.
    func audit(by context: ServerContext? = nil) async throws -> [AuditEntry] {
        try await Audit(runtime: host.runtime).listAuditEntries(
            ListAuditEntriesRequest(parent: "\(organization)/auditChains/relationships", pageSize: 500),
            context ?? auditor
        ).auditEntries
    }
}
