import Schema
import ServiceKit
import Storage

extension TrustScoringService {
    /// What trust-scoring keeps of people.
    var personalKinds: [PersonalKind] { [Self.evidence, Self.snapshots, Self.alerts, Self.places] }

    /// Without ratings for the trustee (docs/domain.md rule 19). It holds nobody's words, and stays.
    private static let evidence = PersonalKind(ofRelationships: true) { scope, after, snapshot in
        guard let access = scope.access else { return ([], nil) }
        let name = try ResourceName(access.relationship.name, "organizations", "relationships")
        let records = try EvidenceStore(name).page(
            after: after.flatMap(EvidenceStore.Position.init), limit: PersonalKind.batch,
            withRatings: access.role != .trustee, in: snapshot)
        let items = try records.map { try PersonalItem(of: Schema.Evidence($0, of: name)) }
        guard records.count == PersonalKind.batch, let last = records.last else { return (items, nil) }
        return (items, EvidenceStore.Position(of: last).description)
    }

    private static let snapshots = PersonalKind(ofRelationships: true) { scope, after, snapshot in
        guard let access = scope.access else { return ([], nil) }
        let name = try ResourceName(access.relationship.name, "organizations", "relationships")
        let links = try SnapshotStore(name).page(
            after: after.flatMap { Int64($0) } ?? 0, limit: PersonalKind.batch, in: snapshot)
        let items = try links.map { try PersonalItem(of: TrustSnapshot($0, of: name)) }
        return (items, links.count == PersonalKind.batch ? links.last.map { "\($0.sequence)" } : nil)
    }

    /// It is not known which of the two wrote a plan: it goes with either, since there is nothing more to plan.
    private static let alerts = PersonalKind(AlertTable.alerts) {
        $0.isVisible(to: $1.role, isService: false)
    } erasing: { alert, _, _ in
        alert.plan.erase()
        alert.dismissalNote.erase()
        return true
    }

    /// Where the person belonged, and when away.
    private static let places = PersonalKind(ofRelationships: false) { _, _, _ in
        ([], nil)
    } erase: { party, _, transaction in
        let organization = try ResourceName.organization(of: party.person).text
        let count = try ["person_place", "leave_window"].reduce(0) { count, table in
            try count
                + transaction.execute(
                    "DELETE FROM \(table) WHERE organization = ? AND person = ?",
                    [.text(organization), .text(party.person)])
        }
        return (count, nil)
    }
}
