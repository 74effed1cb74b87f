import RPC
import Schema
import ServiceKit
import Storage

/// Opening a round, asking people, closing it, and who may see what came of it (docs/domain.md §6.2, §6.9).
extension FeedbackService {
    func createRound(_ request: CreateRoundRequest, _ context: ServerContext) async throws -> Round {
        let caller = try context.caller
        let subject = try ResourceName(request.parent, "organizations", "people")
        guard !RoundStanding.organizer(caller, of: subject).isEmpty else { throw Refusal.notParty }
        guard let words = request.round else { throw Refusal.invalid("round", "is required") }
        let directory = Directory(runtime: runtime)
        let programme = try ResourceName(words.programme, "organizations", "programmes")
        guard programme.organization == subject.organization else {
            throw Refusal.invalid("round.programme", "must be of the same organisation")
        }
        let least = try await directory.programme(programme.text, "round.programme").minimumGroupSize
        _ = try await directory.activePerson(subject.text, "parent")
        try Check.count(words.raters.count, "round.raters", 0...Round.raterLimit)
        for rater in words.raters { try await requireRater(rater, of: subject, in: words.kind) }
        return try await runtime.mutate(request, context, in: subject.organization, answering: Tables.rounds) {
            [secret = runtime.secret] change in
            try change.requireNoRound(about: subject, secret)
            let round = try change.insert(
                Tables.rounds,
                Round.open(words, named: change.newName("rounds", in: subject.text), least: least, at: change.now))
            try RoundStore(round: round.name, secret: secret).ask(round.raters, in: change.transaction)
            try change.schedule(Duties.round, for: round.name, at: Check.instant(round.closeTime, "close_time"))
            return round
        }
    }

    func nominateRater(_ request: NominateRaterRequest, _ context: ServerContext) async throws -> Round {
        let caller = try context.caller
        let (asked, _) = try await runtime.database.read {
            try self.round(request.name, for: caller, as: .organizers, in: $0)
        }
        try await requireRater(
            request.rater, of: ResourceName(asked.subject, "organizations", "people"), in: asked.kind)
        return try await change(request, context, as: .organizers) { [secret = runtime.secret] change, round in
            try round.nominate(request.rater, at: change.now)
            try RoundStore(round: round.name, secret: secret).ask([request.rater], in: change.transaction)
        }
    }

    func closeRound(_ request: CloseRoundRequest, _ context: ServerContext) async throws -> Round {
        let caller = try context.caller
        let name = try ResourceName(request.name, Round.collections)
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.rounds) { change in
            var (round, _) = try self.round(name.text, for: caller, as: .organizers, in: change.transaction)
            try change.cancel(Duties.round, for: round.name)
            return try change.close(&round, runtime.secret)
        }
    }

    func shareRoundResult(_ request: ShareRoundResultRequest, _ context: ServerContext) async throws -> Round {
        let caller = try context.caller
        _ = try await runtime.database.read { try self.round(request.name, for: caller, as: .subject, in: $0) }
        let pair = try ResourceName(request.relationship, "organizations", "relationships")
        guard caller.belongs(to: pair.organization) else { throw Refusal.notParty }
        let relationship = try await runtime.projection?.find(pair.text)
        return try await change(request, context, as: .subject) { change, round in
            guard let relationship, try relationship.trustor == round.subject else { throw Refusal.notParty }
            guard relationship.state == .active || relationship.state == .paused else { throw Refusal.notActive }
            try round.share(with: pair.text, at: change.now)
        }
    }

    func recallRoundResult(_ request: RecallRoundResultRequest, _ context: ServerContext) async throws -> Round {
        try await change(request, context, as: .subject) { change, round in
            round.recall(from: request.relationship, at: change.now)
        }
    }

    func getRound(_ request: GetRoundRequest, _ context: ServerContext) async throws -> Round {
        let caller = try context.caller
        return try await runtime.database.read {
            let (round, standing) = try self.round(
                request.name, for: caller, as: [.subject, .administrator, .rater, .coach], in: $0)
            return standing.isDisjoint(with: .organizers) ? round.withoutPeople : round
        }
    }

    func listRounds(_ request: ListRoundsRequest, _ context: ServerContext) async throws -> ListRoundsResponse {
        let subject = try ResourceName(request.parent, "organizations", "people")
        guard try !RoundStanding.organizer(context.caller, of: subject).isEmpty else { throw Refusal.notParty }
        let page = try await runtime.page(context, Tables.rounds, request)
        return ListRoundsResponse(rounds: page.items, nextPageToken: page.nextPageToken)
    }

    func getRoundResult(_ request: GetRoundResultRequest, _ context: ServerContext) async throws -> RoundResult {
        let name = try ResourceName(parentOf: request.name, singleton: "result", Round.collections).text
        let caller = try context.caller
        return try await runtime.database.read { [secret = runtime.secret] snapshot in
            let (round, standing) = try self.round(
                name, for: caller, as: [.subject, .coach, .administrator], in: snapshot)
            let store = RoundStore(round: round.name, secret: secret)
            let result = try store.result(in: snapshot) ?? .stillOpen(round)
            if standing.isDisjoint(with: [.subject, .coach]) { return result.countsAlone }
            guard caller.purpose == "coaching" else { throw Refusal.notForCoaching }
            return result.seen(alias: store.alias(for: caller.person ?? ""))
        }
    }

    private func change<Q: Mutation>(
        _ request: Q, _ context: ServerContext, as roles: RoundStanding,
        _ body: @Sendable @escaping (Change, inout Round) throws -> Void
    ) async throws -> Round {
        let caller = try context.caller
        let name = try ResourceName(request.name, Round.collections)
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.rounds) { change in
            var (round, _) = try self.round(name.text, for: caller, as: roles, in: change.transaction)
            let before = round
            try body(change, &round)
            return round == before ? round : try change.update(Tables.rounds, round)
        }
    }

    /// In an UPWARD round those are asked who report to the subject or are coached by the subject.
    private func requireRater(_ rater: String, of subject: ResourceName, in kind: Round.Kind) async throws {
        guard try ResourceName(rater, "organizations", "people").organization == subject.organization else {
            throw Refusal.invalid("rater", "must be of the same organisation")
        }
        let person = try await Directory(runtime: runtime).activePerson(rater, "rater")
        guard kind == .upward, person.manager != subject.text else { return }
        let isCoached = runtime.projection?.relationships(trustee: subject.text).contains {
            $0.trustor == rater && ($0.state == .active || $0.state == .paused)
        }
        guard isCoached == true else {
            throw Refusal.invalid("rater", "neither reports to the subject nor is coached by the subject")
        }
    }
}

extension Change {
    /// What may be told of the responses is kept, and nothing else.
    @discardableResult
    func close(_ round: inout Round, _ secret: ServiceSecret) throws -> Round {
        try round.close(at: now)
        let store = RoundStore(round: round.name, secret: secret)
        let responses = try store.take(in: transaction)
        try store.stopAsking(round.raters, in: transaction)
        try store.keep(.of(responses, to: round) { RoundStore.lot() }, in: transaction)
        round = try update(Tables.rounds, round)
        try publishClose(of: round)
        return round
    }

    /// Two rounds that are close together could be subtracted from each other: with one rater more, the difference is that
    /// rater's answer.
    /// - Throws: RESOURCE_EXHAUSTED, TOO_MANY_ROUNDS while one is open, and for 28 days after one that was released.
    fileprivate func requireNoRound(about subject: ResourceName, _ secret: ServiceSecret) throws {
        for round in try Tables.rounds.latest(parent: subject, limit: Round.lookBack, in: transaction) {
            guard round.state != .open else {
                throw Refusal(
                    .resourceExhausted, "TOO_MANY_ROUNDS", "a round about this person is open; close it before the next"
                )
            }
            let isRecent = try Check.instant(round.endTime, "end_time").adding(days: Round.restDays) > now
            let result = try RoundStore(round: round.name, secret: secret).result(in: transaction)
            if isRecent, case .released? = result?.outcome {
                throw Refusal(
                    .resourceExhausted, "TOO_MANY_ROUNDS",
                    "a round about this person was released less than \(Round.restDays) days ago")
            }
        }
    }
}

extension Refusal {
    fileprivate static let notForCoaching = Refusal(
        .permissionDenied, "PURPOSE_MISSING", "this needs a token for the purpose coaching")
}
