import Schema
import ServiceKit

/// What people say of themselves so that unequal treatment of groups can be noticed (docs/domain.md §4.4 b).
extension ProtectedAttribute {
    static let maximumLength = 40

    /// One of a kind for a person: the id follows from it.
    static func id(of kind: Kind) -> String {
        switch kind {
        case .gender: "gender"
        case .ageBand: "age-band"
        case .ethnicity: "ethnicity"
        case .disability: "disability"
        case .religion: "religion"
        case .orientation: "orientation"
        case .careWork: "care-work"
        default: ""
        }
    }

    static func declared(_ kind: Kind, _ value: String, by person: String) throws -> ProtectedAttribute {
        try Check.known(kind, "kind")
        guard (1...maximumLength).contains(value.count),
            value.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { throw Refusal.invalid("value", "1 to \(maximumLength) of a-z, 0-9 and -") }
        return ProtectedAttribute(name: "\(person)/protectedAttributes/\(id(of: kind))", kind: kind, value: value)
    }

    /// What is left of it for the answer to its deletion.
    var emptied: ProtectedAttribute { ProtectedAttribute(name: name, kind: kind) }
}
