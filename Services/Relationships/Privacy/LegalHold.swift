import Schema
import ServiceKit
import Storage

/// What must be kept as it is (docs/domain.md §6.10). ACTIVE → RELEASED.
extension LegalHold {
    static let reasonLength = 1...2000

    static func held(_ draft: LegalHold, name: String, by requester: String) throws -> LegalHold {
        try Check.text(draft.reason, "legal_hold.reason", reasonLength)
        let organization = try ResourceName.organization(of: name)
        let subject =
            try (try? ResourceName(draft.subject, "organizations", "people"))
            ?? ResourceName(draft.subject, "organizations", "relationships")
        guard subject.organization == organization.text else {
            throw Refusal.invalid("legal_hold.subject", "of the same organisation")
        }
        return LegalHold(
            name: name, subject: subject.text, reason: draft.reason, requester: requester, state: .active)
    }

    mutating func release(by person: String, at now: Instant) throws {
        guard state == .active else { throw Refusal.wrongState("the legal hold", is: state, needs: "ACTIVE") }
        state = .released
        releaser = person
        releaseTime = now.timestamp
    }

    /// Whether it is on a person; else it is on a relationship.
    var isOnPerson: Bool { (try? ResourceName(subject, "organizations", "people")) != nil }
}

extension Refusal {
    /// One text for a hold and a case, of which not everybody may know.
    static let legalHold = Refusal(
        .failedPrecondition, "LEGAL_HOLD",
        "what the law wants kept is not erased: a legal hold or an open break-glass case covers this person")
}

/// What is held, found by people and relationships.
enum LegalHolds {
    static let statements = [
        """
        CREATE TABLE held_subject (
            organization TEXT NOT NULL, subject TEXT NOT NULL, legal_hold TEXT NOT NULL,
            PRIMARY KEY (organization, subject, legal_hold)) STRICT, WITHOUT ROWID
        """
    ]

    static func insert(_ hold: LegalHold, of organization: String, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO held_subject (organization, subject, legal_hold) VALUES (?, ?, ?)",
            [.text(organization), .text(hold.subject), .text(hold.name)])
    }

    static func remove(_ hold: LegalHold, of organization: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM held_subject WHERE organization = ? AND subject = ? AND legal_hold = ?",
            [.text(organization), .text(hold.subject), .text(hold.name)])
    }

    /// Whether a relationship is held, by itself or with one of the two.
    static func cover(_ relationship: Relationship, of organization: String, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first(
            "SELECT 1 FROM held_subject WHERE organization = ? AND subject IN (?, ?, ?) LIMIT 1",
            [
                .text(organization), .text(relationship.name), .text(relationship.trustee),
                .text(relationship.trustor),
            ]) != nil
    }

    /// Whether a person is held, by themselves or with something that the person has written into: a relationship, or a
    /// partner, whose relationships are held too. An open break-glass case holds as well.
    static func cover(
        person: String, of organization: String, at now: Instant, in snapshot: Snapshot
    ) throws -> Bool {
        let pairs = """
            SELECT relationship, trustee, trustor FROM relationship_pair
            WHERE organization = ?1 AND (trustee = ?2 OR trustor = ?2)
            """
        return try snapshot.first(
            """
            WITH pair AS (\(pairs))
            SELECT 1 FROM held_subject WHERE organization = ?1 AND (subject = ?2
                OR subject IN (SELECT relationship FROM pair) OR subject IN (SELECT trustee FROM pair)
                OR subject IN (SELECT trustor FROM pair))
            UNION ALL SELECT 1 FROM open_glass WHERE expiry > ?3 AND relationship IN (SELECT relationship FROM pair)
            LIMIT 1
            """, [.text(organization), .text(person), .integer(now.microseconds)]) != nil
    }
}
