import Schema
import ServiceKit
import Storage

/// What data-protection officers have written about others.
extension RelationshipsService {
    /// The cases that a data-protection officer has asked for: with the officer the words go. That there was a case, when, in
    /// whose name and for which of the three reasons, stays: the two whom it is about have a right to know, and somebody must
    /// answer for it (docs/domain.md §6.8).
    static let breakGlassCases = PersonalKind(ofRelationships: false) { scope, _, snapshot in
        (try BreakGlassCase.asked(by: scope.person, in: snapshot).map(PersonalItem.init(of:)), nil)
    } erase: { party, _, transaction in
        let cases = try BreakGlassCase.asked(by: party.person, in: transaction)
        for var glass in cases {
            glass.justification.erase()
            _ = try Tables.breakGlassCases.update(glass, in: transaction)
        }
        return (cases.count, nil)
    }

    /// The holds that a data-protection officer has made: while one holds, so does its reason; then it goes. A position is an id.
    static let legalHolds = PersonalKind(ofRelationships: false) { scope, after, snapshot in
        let (holds, next) = try holds(of: scope.person, after: after, in: snapshot)
        return (try holds.map(PersonalItem.init(of:)), next)
    } erase: { party, after, transaction in
        let (holds, next) = try holds(of: party.person, after: after, in: transaction)
        let over = holds.filter { $0.state == .released }
        for var hold in over {
            hold.reason.erase()
            _ = try Tables.legalHolds.update(hold, in: transaction)
        }
        return (over.count, next)
    }

    private static func holds(
        of officer: String, after: String?, in snapshot: Snapshot
    ) throws -> (holds: [LegalHold], next: String?) {
        let page = try Tables.legalHolds.list(
            parent: ResourceName.organization(of: officer), after: after, limit: PersonalKind.batch, in: snapshot)
        let own = page.filter { $0.requester == officer }
        guard page.count == PersonalKind.batch, let last = page.last else { return (own, nil) }
        return (own, try ResourceName(last.name, "organizations", "legalHolds").id)
    }
}

extension BreakGlassCase {
    /// Cases are few, so that all of them are looked through.
    fileprivate static func asked(by officer: String, in snapshot: Snapshot) throws -> [BreakGlassCase] {
        var cases: [BreakGlassCase] = []
        try Tables.breakGlassCases.each(in: snapshot) { if $0.requester == officer { cases.append($0) } }
        return cases
    }

    /// Whoever asked is gone: nothing is opened to them any more.
    /// - Returns: what is told of it; nil for a case that is over.
    fileprivate mutating func end() -> String? {
        switch state {
        case .requested: state = .refused
        case .open: state = .closed
        default: return nil
        }
        return state == .refused ? "break_glass.refused" : "break_glass.closed"
    }
}

extension Change {
    func endBreakGlassCases(of officer: String) throws {
        for var glass in try BreakGlassCase.asked(by: officer, in: transaction) {
            guard let action = glass.end() else { continue }
            let pair = try get(Tables.relationships, ResourceName.relationship(of: glass.name).text)
            try audit(
                action, glass.name, about: [pair.trustor, pair.trustee],
                hiddenUntil: try glass.silenceEndTime.map { try Instant($0) })
            try cancel(.breakGlassExpires, for: glass.name)
            _ = try save(Tables.breakGlassCases, glass)
        }
    }
}
