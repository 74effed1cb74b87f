import Schema
import ServiceKit

// Which words go with whom (docs/domain.md §6.8). What only one of the two has said goes with that one; what both have
// signed goes when both are gone.

extension Agreement: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        guard party.isLast else { return true }
        purpose.erase()
        confidentialityClauses.erase()
        sharingRules.erase()
        limits.erase()
        appraisalRule.erase()
        return true
    }
}

extension Session: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if party.role == .trustee { intent.erase() }
        return true
    }
}

extension AgendaItem: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { text.erase() }
        return true
    }
}

extension Commitment: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if owner == party.person { text.erase() }
        return true
    }
}

extension BreachCase: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if reportedBy == party.person { statement.erase() }
        if party.role == .trustee {
            acknowledgement?.what.erase()
            acknowledgement?.effect.erase()
            acknowledgement?.change.erase()
        }
        return true
    }
}

extension Decision: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        guard author == party.person else { return true }
        what.erase()
        why.erase()
        alternatives.erase()
        for index in earlier.indices {
            earlier[index].what.erase()
            earlier[index].why.erase()
            earlier[index].alternatives.erase()
        }
        return true
    }
}

extension ReflectBack: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if party.role == .trustee { heard.erase() } else { correction.erase() }
        return true
    }
}

extension Advice: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if party.role == .trustee { text.erase() } else { teachBack.erase() }
        return true
    }
}

extension ContextChange: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { effect.erase() }
        return true
    }
}

extension Inquiry {
    /// Whoever asked for the relationship answers; the other one has asked.
    mutating func erase(_ party: ErasedParty, requester: String) {
        if party.person == requester { answer.erase() } else { question.erase() }
    }
}

extension Note: Erasable {
    /// What was for oneself, or deleted, nobody else sees the place of.
    public mutating func erase(_ party: ErasedParty) -> Bool {
        guard author == party.person else { return true }
        body.erase()
        revisionNotice.erase()
        return level != .`self` && !isDeleted
    }
}

extension Schema.Reflection: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if self.party == party.person { answers = [] }
        return true
    }
}

extension ConflictDisclosure: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { text.erase() }
        return true
    }
}

extension Credential: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if person == party.person { title.erase() }
        return true
    }
}

extension SharingRequest: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if requester == party.person { purpose.erase() }
        return true
    }
}

extension Rematch: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if askedBy == party.person { note.erase() }
        return true
    }
}
