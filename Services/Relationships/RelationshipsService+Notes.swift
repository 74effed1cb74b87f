import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    /// From the agreement on, also while the relationship is paused.
    func createNote(_ request: CreateNoteRequest, _ context: ServerContext) async throws -> Note {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.notes) { change in
            let author = try change.party(.trustor, .trustee)
            guard [.accepted, .active, .paused, .ending].contains(change.relationship.state) else {
                throw Refusal.notActive
            }
            let draft = request.note ?? Note()
            let note = try Note.written(draft, name: change.newName("notes", in: request.parent), author: author)
            if !note.session.isEmpty { _ = try change.session(note.session, "note.session") }
            return try change.create(Tables.notes, note)
        }
    }

    func updateNote(_ request: UpdateNoteRequest, _ context: ServerContext) async throws -> Note {
        try await change(request, context) { change, note in
            let patched = try Note.mutableFields.apply(request.updateMask, request.note ?? Note(), to: note)
            var updated = try note.updated(by: patched)
            try Check.text(request.revisionNotice, "revision_notice", Note.noticeLength)
            updated.revisionNotice = request.revisionNotice
            if change.role == .trustee, try note.changesInSilence(updated, at: change.now) {
                try change.publishBroken(.changedInSilence, note.name)
            }
            return try change.save(Tables.notes, updated)
        }
    }

    func agreeNoteLevel(_ request: AgreeNoteLevelRequest, _ context: ServerContext) async throws -> Note {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.notes) { change in
            let person = try change.party(.trustor, .trustee)
            var note = try change.get(Tables.notes, request.name)
            guard note.isReadable(by: person) else { throw Refusal.notFound(request.name) }
            try note.agree(to: request.level, by: person)
            return try change.save(Tables.notes, note)
        }
    }

    func deleteNote(_ request: DeleteNoteRequest, _ context: ServerContext) async throws -> Note {
        try await change(request, context) { change, note in
            try change.softDelete(Tables.notes, note, purge: DutyKind.notePurged.rawValue)
        }
    }

    func undeleteNote(_ request: UndeleteNoteRequest, _ context: ServerContext) async throws -> Note {
        try await change(request, context) { change, note in
            try change.undelete(Tables.notes, note, purge: DutyKind.notePurged.rawValue)
        }
    }

    func getNote(_ request: GetNoteRequest, _ context: ServerContext) async throws -> Note {
        try await runtime.get(context, Tables.notes, request.name) { note, access in
            note.isReadable(by: access.caller.person)
        }
    }

    func listNotes(_ request: ListNotesRequest, _ context: ServerContext) async throws -> ListNotesResponse {
        let page = try await runtime.list(context, Tables.notes, request) { note, access in
            note.isReadable(by: access.caller.person)
        }
        return ListNotesResponse(notes: page.items, nextPageToken: page.nextPageToken)
    }

    /// What the author does to a note, in whatever state the relationship is.
    private func change<Q: Mutation>(
        _ request: Q, _ context: ServerContext, _ act: @Sendable @escaping (Change, Note) throws -> Note
    ) async throws -> Note {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.notes) { change in
            let person = try change.party(.trustor, .trustee)
            let note = try change.get(Tables.notes, request.name)
            try note.requireAuthor(person)
            return try act(change, note)
        }
    }
}

extension Change {
    /// Deleted long enough ago.
    func purgeNote(_ name: String) throws {
        guard let note = try find(Tables.notes, name), note.isDeleted else { return }
        try delete(Tables.notes, name)
    }

    /// What the two have noted goes when the programme's retention is over (docs/domain.md §6.10).
    /// - Returns: whether more is left.
    func forgetNotes() throws -> Bool {
        let batch = 500
        let notes = try list(Tables.notes, parent: relationship.name, limit: batch)
        for note in notes {
            try delete(Tables.notes, note.name)
            try cancel(.notePurged, for: note.name)
        }
        return notes.count == batch
    }
}
