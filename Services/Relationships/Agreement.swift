import Schema
import ServiceKit

/// What the pair agrees on. Signed by both it never changes; a later revision takes its place
/// (docs/domain.md §6.1).
extension Agreement {
    /// More revisions of one agreement are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumRevisions: Int32 = 200

    static func drafted(_ draft: Agreement, name: String, revision: Int32) throws -> Agreement {
        try Check.text(draft.purpose, "agreement.purpose", 1...2000)
        try Check.count(draft.confidentialityClauses.count, "agreement.confidentiality_clauses", 0...20)
        for clause in draft.confidentialityClauses {
            try Check.text(clause, "agreement.confidentiality_clauses", 1...2000)
        }
        try Check.count(draft.sharingRules.count, "agreement.sharing_rules", 0...20)
        for rule in draft.sharingRules { try Check.text(rule, "agreement.sharing_rules", 1...2000) }
        try Check.text(draft.limits, "agreement.limits", 0...2000)
        try Check.text(draft.appraisalRule, "agreement.appraisal_rule", 0...2000)
        guard revision <= maximumRevisions else {
            throw Refusal(
                .resourceExhausted, "CAPACITY_FULL", "An agreement has at most \(maximumRevisions) revisions.")
        }
        return Agreement(
            name: name, revision: revision, purpose: draft.purpose,
            confidentialityClauses: draft.confidentialityClauses, sharingRules: draft.sharingRules,
            limits: draft.limits, appraisalRule: draft.appraisalRule, state: .draft)
    }

    /// One party's consent. True when it was the second: the agreement holds from now on.
    mutating func sign(by person: String, at now: Instant) throws -> Bool {
        guard state == .draft else { throw Refusal.wrongState("agreement", is: state, needs: "DRAFT") }
        guard !signatures.contains(where: { $0.person == person }) else {
            throw Refusal.wrongState("agreement", is: "SIGNED BY YOU", needs: "the other party's signature")
        }
        signatures.append(Signature(person: person, signTime: now.timestamp))
        guard signatures.count == 2 else { return false }
        state = .signed
        return true
    }

    mutating func supersede() {
        state = .superseded
    }
}
