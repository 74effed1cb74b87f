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

    /// The author alone decides, but for a level that promises the other one less: what was sealed between the two is
    /// unsealed by both (docs/domain.md §6.1).
    func updated(by patch: Note) throws -> Note {
        guard !isDeleted else { throw Refusal.wrongState("note", is: "deleted", needs: "one that is not") }
        try patch.check()
        var note = patch
        note.offeredLevel = .unspecified
        if level == .sealed, patch.level == .pair {
            note.level = .sealed
            note.offeredLevel = .pair
        }
        return note
    }

    /// The other one agrees to the lower level.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE for another level than the one that is offered.
    mutating func agree(to level: Level, by person: String) throws {
        guard person != author else { throw Refusal.roleForbidden("The other party agrees to the level.") }
        guard !isDeleted, level != .unspecified, level == offeredLevel else {
            throw Refusal.wrongState("the offered level", is: offeredLevel, needs: "that it is the one agreed to")
        }
        self.level = level
        offeredLevel = .unspecified
    }

    /// Minutes in which a slip of the pen is mended without a word.
    static let mendingMinutes: Int64 = 60
    static let noticeLength = 0...500

    /// Whether the other one has read something else until now, and is told nothing of the change (docs/domain.md §4.3, T1).
    func changesInSilence(_ changed: Note, at now: Instant) throws -> Bool {
        guard level != .`self`, changed.level != .`self`, changed.body != body, !changed.revisionNotice.saysSomething
        else {
            return false
        }
        let written = try Check.instant(createTime, "note.create_time")
        return now - written > Self.mendingMinutes * 60_000_000
    }

    func isReadable(by person: String?) -> Bool {
        person == author || level != .`self` && !isDeleted && person != nil
    }

    /// Undone and hidden notes look alike to the other party: there is no such note.
    func requireAuthor(_ person: String) throws {
        guard isReadable(by: person) else { throw Refusal.notFound(name) }
        guard person == author else { throw Refusal.roleForbidden("A note is changed by its author.") }
    }

    private func check() throws {
        try Check.known(level, "note.level")
        try Check.text(body, "note.body", 1...10_000)
    }
}

extension Note {
    public static let sealedTexts: Set = ["body", "revision_notice"]

    public var writer: String? { author }
    public var isSealed: Bool { level == .sealed }
}
