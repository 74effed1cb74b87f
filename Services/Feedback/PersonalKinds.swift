import Schema
import ServiceKit
import Storage

extension FeedbackService {
    /// What Feedback keeps of people.
    var personalKinds: [PersonalKind] {
        [
            PersonalKind(Tables.feedbackItems) { $0.isReadable(by: $1.caller.person) },
            PersonalKind(Tables.feedbackRequests),
            PersonalKind(Tables.pulses) { $0.author == $1.caller.person },
            PersonalKind(Tables.selfRatings) { $0.author == $1.caller.person },
            rounds, responses,
        ]
    }

    /// Those about the person, with their results as the person reads them. They go whole.
    private var rounds: PersonalKind {
        let secret = runtime.secret
        return PersonalKind(ofRelationships: false) { scope, after, snapshot in
            let (rounds, next) = try Self.rounds(about: scope.person, after: after, in: snapshot)
            let items = try rounds.flatMap { round in
                let store = RoundStore(round: round.name, secret: secret)
                let result = try store.result(in: snapshot)?.seen(alias: store.alias(for: scope.person))
                return try [PersonalItem(of: round)] + (result.map { [try PersonalItem(of: $0)] } ?? [])
            }
            return (items, next)
        } erase: { party, _, transaction in
            let (rounds, _) = try Self.rounds(about: party.person, after: nil, in: transaction)
            for round in rounds {
                try RoundStore(round: round.name, secret: secret).forget(round.raters, in: transaction)
                try Tables.rounds.remove(round.name, in: transaction)
            }
            // What is gone is not in the way of what comes.
            return (rounds.count, rounds.isEmpty ? nil : "more")
        }
    }

    /// Of open rounds that the person was asked in. Of closed ones nobody knows who said what.
    private var responses: PersonalKind {
        let secret = runtime.secret
        return PersonalKind(ofRelationships: false) { scope, after, snapshot in
            let rounds = try RoundStore.rounds(
                asking: scope.person, after: after, limit: PersonalKind.batch, in: snapshot)
            let items = try rounds.compactMap {
                try RoundStore(round: $0, secret: secret).response(of: scope.person, in: snapshot)
                    .map(PersonalItem.init(of:))
            }
            guard rounds.count == PersonalKind.batch, let last = rounds.last else { return (items, nil) }
            return (items, try ResourceName(last, Round.collections).id)
        } erase: { party, _, transaction in
            let rounds = try RoundStore.rounds(
                asking: party.person, after: nil, limit: PersonalKind.batch, in: transaction)
            for round in rounds {
                let store = RoundStore(round: round, secret: secret)
                try store.remove(of: party.person, in: transaction)
                try store.stopAsking([party.person], in: transaction)
            }
            return (rounds.count, rounds.isEmpty ? nil : "more")
        }
    }

    private static func rounds(
        about person: String, after: String?, in snapshot: Snapshot
    ) throws -> (rounds: [Round], next: String?) {
        let rounds = try Tables.rounds.list(
            parent: ResourceName(person, "organizations", "people"), after: after, limit: PersonalKind.batch,
            in: snapshot)
        guard rounds.count == PersonalKind.batch, let last = rounds.last else { return (rounds, nil) }
        return (rounds, try ResourceName(last.name, Round.collections).id)
    }
}

extension RoundStore {
    /// All of a round, whose subject is no more.
    fileprivate func forget(_ raters: [String], in transaction: Transaction) throws {
        for table in ["round_response", "round_result"] {
            try transaction.execute("DELETE FROM \(table) WHERE round = ?", [.text(round)])
        }
        try stopAsking(raters, in: transaction)
    }
}

extension FeedbackItem: Erasable {
    /// The author's words go with the author, the receiver's answer with the receiver; a draft was for nobody else.
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person {
            situation.erase()
            behaviour.erase()
            impact.erase()
            nextStep.erase()
            strength.erase()
            return state != .draft
        }
        note.erase()
        disagreeReason.erase()
        action.erase()
        return true
    }
}

extension FeedbackRequest: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if about == party.person { question.erase() } else { declineReason.erase() }
        return true
    }
}

extension Pulse: Erasable {
    /// Nobody else reads it.
    public mutating func erase(_ party: ErasedParty) -> Bool { author != party.person }
}

extension SelfRating: Erasable {
    /// Nobody else reads it; about the other one it says nothing.
    public mutating func erase(_ party: ErasedParty) -> Bool { author != party.person }
}
