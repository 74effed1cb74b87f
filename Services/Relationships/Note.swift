import RPC
import Schema
import ServiceKit

/// Something written for later, by one party (docs/domain.md §6.8).
extension Note {
    static let mutableFields = UpdateMask<Note>("level", "body")

    static func written(_ draft: Note, name: String, author: String) throws -> Note {
        let note = Note(name: name, author: author, level: draft.level, session: draft.session, body: draft.body)
        try note.check()
        return note
    }

    /// A note for oneself may become one for both, and the other way round: its author decides alone, since nobody was
    /// promised that it stays for one. Below PAIR there is no level yet; it would need the other one's word as well.
    func updated(by patch: Note) throws -> Note {
        guard !isDeleted else { throw Refusal.wrongState("note", is: "deleted", needs: "one that is not") }
        try patch.check()
        return patch
    }

    /// Minutes in which a slip of the pen is mended without a word.
    static let mendingMinutes: Int64 = 60
    static let noticeLength = 0...500

    /// Whether the other one has read something else until now, and is told nothing of the change (docs/domain.md §4.3, T1).
    func changesInSilence(_ changed: Note, at now: Instant) throws -> Bool {
        guard level == .pair, changed.level == .pair, changed.body != body, !changed.revisionNotice.saysSomething else {
            return false
        }
        let written = try Check.instant(createTime, "note.create_time")
        return now - written > Self.mendingMinutes * 60_000_000
    }

    func isReadable(by person: String?) -> Bool {
        person == author || level == .pair && !isDeleted && person != nil
    }

    /// Undone and hidden notes look alike to the other party: there is no such note.
    func requireAuthor(_ person: String) throws {
        guard isReadable(by: person) else { throw Refusal.notFound(name) }
        guard person == author else { throw Refusal.roleForbidden("A note is changed by its author.") }
    }

    private func check() throws {
        try Check.known(level, "note.level")
        guard level != .sealed else {
            throw Refusal(.unimplemented, "NOT_BUILT", "SEALED notes are not built yet; take PAIR or SELF.")
        }
        try Check.text(body, "note.body", 1...10_000)
    }
}
