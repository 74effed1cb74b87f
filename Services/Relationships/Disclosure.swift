import Schema
import ServiceKit

/// A conflict of interest, told to the other one (docs/domain.md S11).
extension ConflictDisclosure {
    static func told(_ draft: ConflictDisclosure, name: String, author: String) throws -> ConflictDisclosure {
        try Check.text(draft.text, "conflict_disclosure.text", 1...2000)
        return ConflictDisclosure(name: name, author: author, text: draft.text)
    }
}

/// What an administrator has seen proof of; once for a person and relationship (docs/domain.md §3.2).
extension Credential {
    static func verified(
        _ draft: Credential, name: String, of trustee: String, by verifier: String, among present: [Credential]
    ) throws -> Credential {
        try Check.text(draft.title, "credential.title", 1...200)
        guard draft.person.isEmpty || draft.person == trustee else {
            throw Refusal.invalid("credential.person", "empty, or the coach of the relationship")
        }
        guard present.isEmpty else {
            throw Refusal.wrongState("credential", is: "VERIFIED", needs: "none yet: it counts once")
        }
        return Credential(name: name, person: trustee, title: draft.title, verifier: verifier)
    }
}
