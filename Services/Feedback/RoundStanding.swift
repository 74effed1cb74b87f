import RPC
import Schema
import ServiceKit
import Storage

/// What somebody is to a round; one person can be several things (docs/domain.md §6.9, row "360 result").
struct RoundStanding: OptionSet, Sendable {
    let rawValue: Int

    static let subject = RoundStanding(rawValue: 1)
    static let administrator = RoundStanding(rawValue: 2)
    static let rater = RoundStanding(rawValue: 4)
    /// Of a relationship with which the subject shares the result, as long as it has not ended.
    static let coach = RoundStanding(rawValue: 8)

    /// Opens rounds, asks raters, closes.
    static let organizers: RoundStanding = [.subject, .administrator]

    static func organizer(_ caller: Caller, of subject: ResourceName) -> RoundStanding {
        guard let person = caller.person, caller.belongs(to: subject.organization) else { return [] }
        var standing: RoundStanding = person == subject.text ? .subject : []
        if caller.isProgrammeAdmin { standing.insert(.administrator) }
        return standing
    }

    static func of(
        _ caller: Caller, to round: Round, _ relationships: RelationshipProjection?, in snapshot: Snapshot
    ) throws -> RoundStanding {
        guard let person = caller.person else { return [] }
        var standing = organizer(caller, of: try ResourceName(round.subject, "organizations", "people"))
        if round.raters.contains(person) { standing.insert(.rater) }
        let coaches = round.sharedWith.compactMap { relationships?.relationship($0, in: snapshot) }
            .filter { $0.state != .ended }.map(\.trustee)
        if coaches.contains(person) { standing.insert(.coach) }
        return standing
    }
}

extension FeedbackService {
    /// The round, and what the caller is to it: at least one of `roles`.
    /// - Throws: NOT_FOUND for those who may see the subject's rounds; otherwise PERMISSION_DENIED, one text for what does
    ///   not exist and for what the caller may not see (docs/domain.md rule 33).
    func round(
        _ name: String, for caller: Caller, as roles: RoundStanding, in snapshot: Snapshot
    ) throws -> (Round, RoundStanding) {
        let subject = try ResourceName(name, Round.collections).parent
        guard caller.belongs(to: subject.organization) else { throw Refusal.notParty }
        guard let round = try Tables.rounds.find(name, in: snapshot) else {
            throw RoundStanding.organizer(caller, of: subject).isEmpty ? Refusal.notParty : Refusal.notFound(name)
        }
        let standing = try RoundStanding.of(caller, to: round, runtime.projection, in: snapshot)
        guard !standing.isEmpty else { throw Refusal.notParty }
        guard !standing.isDisjoint(with: roles) else { throw Refusal.notFor(roles) }
        return (round, standing)
    }
}

extension Refusal {
    fileprivate static func notFor(_ roles: RoundStanding) -> Refusal {
        switch roles {
        case .rater: roleForbidden("only those who are asked answer a round")
        case .subject: roleForbidden("only the subject of a round shares its result")
        case .organizers: roleForbidden("only the subject of a round or a programme administrator may do this")
        default: roleForbidden("a round's result is its subject's, and of those with whom they share it")
        }
    }
}
