import Schema
import ServiceKit
import Storage

extension RelationshipsService {
    /// What Relationships keeps of people.
    var personalKinds: [PersonalKind] { Self.kinds }

    static let kinds = [
        relationships, people, enrollments, waitlistPlaces, proposals, leave, own(Tables.protectedAttributes),
        own(Tables.leaderCommitments), breakGlassCases, legalHolds,
        PersonalKind(Tables.agreements), PersonalKind(Tables.sessions),
        PersonalKind(Tables.agendaItems, below: Tables.sessions), PersonalKind(Tables.commitments),
        PersonalKind(Tables.breachCases), PersonalKind(Tables.decisions), PersonalKind(Tables.reflectBacks),
        PersonalKind(Tables.advice), PersonalKind(Tables.contextChanges),
        PersonalKind(Tables.inquiries) { inquiry, party, transaction in
            guard let relationship = party.relationship else { return true }
            let requester = try PairIndex.requester(
                of: relationship.name, organization: ResourceName.organization(of: relationship.name).text,
                in: transaction)
            inquiry.erase(party, requester: requester)
            return true
        },
        PersonalKind(Tables.notes) { $0.isReadable(by: $1.caller.person) },
        PersonalKind(Tables.reflections) { $0.isReadable(by: $1.caller.person) },
        PersonalKind(Tables.conflictDisclosures), PersonalKind(Tables.credentials),
        PersonalKind(Tables.sharingRequests),
        // Why somebody wants another partner is told to nobody who did not ask.
        PersonalKind(Tables.rematches) { rematch, access in rematch.askedBy == access.caller.person },
        PersonalKind(Tables.handOvers), leadingHandOver, PersonalKind(Tables.inactivityReports),
    ]

    /// What goes of these goes when the erasure begins.
    private static let relationships = PersonalKind(ofRelationships: true) { scope, _, _ in
        (try scope.access.map { [try PersonalItem(of: $0.relationship)] } ?? [], nil)
    }

    private static let people = PersonalKind(ofRelationships: false) { scope, _, snapshot in
        (try Tables.people.find(scope.person, in: snapshot).map { [try PersonalItem(of: $0)] } ?? [], nil)
    }

    private static let enrollments = PersonalKind(ofRelationships: false) { scope, after, snapshot in
        try inEachProgramme(of: scope, after: after, snapshot) { programme in
            try [Enrollment.Role.trustor, .trustee].compactMap { role in
                try Tables.enrollments.find(
                    Enrollment.name(of: scope.person, as: role, in: programme), in: snapshot
                ).map(PersonalItem.init(of:))
            }
        }
    }

    /// What of a programme is a person's, programme by programme: a position is a programme's id.
    static func inEachProgramme(
        of scope: PersonalScope, after: String?, _ snapshot: Snapshot, _ items: (String) throws -> [PersonalItem]
    ) throws -> (items: [PersonalItem], next: String?) {
        let programmes = try Tables.programmes.list(
            parent: ResourceName.organization(of: scope.person), after: after, limit: PersonalKind.batch, in: snapshot)
        let found = try programmes.flatMap { try items($0.name) }
        guard programmes.count == PersonalKind.batch, let last = programmes.last else { return (found, nil) }
        return (found, try ResourceName(last.name, "organizations", "programmes").id)
    }

    /// What a person declares or promises to all: it goes whole, and so does a key that is the person's alone.
    private static func own<R: ServiceKit.Resource>(_ table: Table<R>) -> PersonalKind {
        PersonalKind(ofRelationships: false) { scope, _, snapshot in
            let person = try ResourceName(scope.person, "organizations", "people")
            return (
                try table.list(parent: person, after: nil, limit: 500, in: snapshot).map(PersonalItem.init(of:)), nil
            )
        } erase: { party, _, transaction in
            let person = try ResourceName(party.person, "organizations", "people")
            let all = try table.list(parent: person, after: nil, limit: PersonalKind.batch, in: transaction)
            for resource in all { try table.remove(resource.name, in: transaction) }
            try table.shredKey(of: person, in: transaction)
            return (all.count, all.isEmpty ? nil : "more")
        }
    }

    private static let leave = PersonalKind(ofRelationships: false) { scope, _, snapshot in
        let windows = try Tables.leaveWindows.list(
            parent: ResourceName(scope.person, "organizations", "people"), after: nil,
            limit: 4 * LeaveWindow.maximumPerPerson, in: snapshot)
        return (try windows.filter { !$0.isDeleted }.map(PersonalItem.init(of:)), nil)
    }
}
