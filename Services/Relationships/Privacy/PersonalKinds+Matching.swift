import Schema
import ServiceKit
import Storage

/// What matching and what comes after a match keep of a person.
extension RelationshipsService {
    /// Only who is enrolled as a coachee waits. The place itself goes when the erasure begins.
    static let waitlistPlaces = PersonalKind(ofRelationships: false) { scope, after, snapshot in
        try inEachProgramme(of: scope, after: after, snapshot) { programme in
            let enrollment = Enrollment.name(of: scope.person, as: .trustor, in: programme)
            guard try Tables.enrollments.find(enrollment, in: snapshot) != nil else { return [] }
            return try WaitlistEntry.waiting(in: programme, snapshot).filter { $0.person == scope.person }
                .map { try PersonalItem(of: $0.seenByPerson) }
        }
    }

    /// As each of the two reads it. A position is a proposal's name. What the two had in common goes with either; that they were
    /// proposed to each other stays.
    static let proposals = PersonalKind(ofRelationships: false) { scope, after, snapshot in
        let names = try MatchIndex.proposals(of: scope.person, after: after, limit: PersonalKind.batch, snapshot)
        let items = try names.compactMap { name in
            try Tables.matchProposals.find(name, in: snapshot).map(PersonalItem.init(of:))
        }
        return (items, names.count == PersonalKind.batch ? names.last : nil)
    } erase: { party, after, transaction in
        let names = try MatchIndex.proposals(of: party.person, after: after, limit: PersonalKind.batch, transaction)
        var count = 0
        for name in names {
            guard var proposal = try Tables.matchProposals.find(name, in: transaction), proposal.forgetReasons() else {
                continue
            }
            proposal = try Tables.matchProposals.update(proposal, in: transaction)
            count += 1
        }
        return (count, names.count == PersonalKind.batch ? names.last : nil)
    }

    /// The hand-over that made a relationship, for its coach: it lies below the one before, of which the coach is no party.
    static let leadingHandOver = PersonalKind(ofRelationships: true) { scope, _, snapshot in
        guard let access = scope.access, access.role == .trustee,
            let name = try SuccessionIndex.handOver(to: access.relationship.name, in: snapshot),
            let handOver = try Tables.handOvers.find(name, in: snapshot)
        else { return ([], nil) }
        return ([try PersonalItem(of: handOver)], nil)
    }
}

extension HandOver: Erasable {
    /// Names and states alone.
    public mutating func erase(_ party: ErasedParty) -> Bool { true }
}

extension InactivityReport: Erasable {
    /// Names and instants alone.
    public mutating func erase(_ party: ErasedParty) -> Bool { true }
}

extension MatchProposal {
    /// Topics, goals and languages that one has are those of the other one too.
    /// - Returns: whether there were any.
    fileprivate mutating func forgetReasons() -> Bool {
        let before = contributions
        for index in contributions.indices {
            contributions[index].shared = []
            contributions[index].overlapMinutes = 0
        }
        return contributions != before
    }
}
