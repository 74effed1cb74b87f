import Matching
import RPC
import Schema
import ServiceKit
import Storage

/// Runs are for programme administrators alone.
extension RelationshipsService {
    func proposeMatches(_ request: ProposeMatchesRequest, _ context: ServerContext) async throws -> MatchRun {
        let name = try ResourceName(request.parent, "organizations", "programmes")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.matchRuns) {
            change in
            try change.requireProgrammeAdmin()
            let programme = try change.get(Tables.programmes, name.text)
            guard try !change.list(Tables.enrollments, parent: name.text, limit: 1).isEmpty else {
                throw Refusal(
                    .failedPrecondition, "NOBODY_ENROLLED",
                    "Nobody takes part in this programme yet: enrol people first.")
            }
            guard
                try change.list(Tables.matchRuns, parent: name.text, limit: MatchRun.maximumPerProgramme).count
                    < MatchRun.maximumPerProgramme
            else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "A programme has at most \(MatchRun.maximumPerProgramme) matching runs.")
            }
            let run = MatchRun.asked(
                change.newName("matchRuns", in: name.text), of: programme, seed: request.seed)
            guard try MatchIndex.enqueue(run.name, of: name.text, in: change.transaction) else {
                throw Refusal(
                    .failedPrecondition, "WRONG_STATE",
                    "Another matching run of this programme is going on; wait for it or cancel it.")
            }
            return try change.create(Tables.matchRuns, run)
        }
    }

    func cancelMatchRun(_ request: CancelMatchRunRequest, _ context: ServerContext) async throws -> MatchRun {
        let name = try ResourceName(request.name, Tables.Form.matchRuns)
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.matchRuns) {
            change in
            try change.requireProgrammeAdmin()
            var run = try change.get(Tables.matchRuns, name.text)
            try run.cancel(at: change.now)
            try MatchIndex.dequeue(run.name, in: change.transaction)
            for proposal in try MatchIndex.open(of: run.name, in: name.parent.text, change.transaction) {
                try change.close(proposal, .withdrawn)
            }
            return try change.save(Tables.matchRuns, run)
        }
    }

    func getMatchRun(_ request: GetMatchRunRequest, _ context: ServerContext) async throws -> MatchRun {
        let name = try ResourceName(request.name, Tables.Form.matchRuns)
        try requireAdmin(context, of: name)
        return try await runtime.database.read { snapshot in
            guard let run = try Tables.matchRuns.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return run
        }
    }

    func listMatchRuns(_ request: ListMatchRunsRequest, _ context: ServerContext) async throws
        -> ListMatchRunsResponse
    {
        try requireAdmin(context, of: try ResourceName(request.parent, "organizations", "programmes"))
        let page = try await runtime.page(context, Tables.matchRuns, request)
        return ListMatchRunsResponse(matchRuns: page.items, nextPageToken: page.nextPageToken)
    }

    /// Judges the two as the run saw them. For how they rank, nobody else is needed but the coach that the coachee got.
    func getMatchExplanation(
        _ request: GetMatchExplanationRequest, _ context: ServerContext
    ) async throws -> MatchExplanation {
        let name = try ResourceName(request.name, Tables.Form.matchRuns)
        try requireAdmin(context, of: name)
        for person in [request.trustee, request.trustor] { _ = try ResourceName(person, "organizations", "people") }
        return try await runtime.database.read { snapshot in
            guard let run = try Tables.matchRuns.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            let programme = name.parent.text
            guard run.state == .succeeded || run.state == .cancelled,
                try MatchIndex.keepsParticipants(of: name.text, in: programme, snapshot)
            else {
                throw Refusal.wrongState(
                    "the run", is: run.state, needs: "the programme's latest run that succeeded")
            }
            func participant(_ person: String, _ role: Enrollment.Role) throws -> Participant {
                guard
                    let bytes = try MatchIndex.participant(
                        person, as: role, for: name.text, of: programme, in: snapshot)
                else { throw Refusal.notFound("\(person) in this run") }
                return try Participant(bytes: bytes)
            }
            let coachee = try participant(request.trustor, .trustor)
            var coaches = [try participant(request.trustee, .trustee)]
            let matched = try MatchIndex.trustee(of: request.trustor, by: name.text, in: programme, snapshot)
            if let matched, matched != request.trustee { coaches.append(try participant(matched, .trustee)) }
            let pool = Pool(coachees: [coachee], coaches: coaches, rules: run.matchingRules)
            return MatchExplanation(
                of: pool, trustee: request.trustee, matched: matched, trustor: request.trustor, run: name.text)
        }
    }

    private func requireAdmin(_ context: ServerContext, of name: ResourceName) throws {
        let caller = try context.caller
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        guard caller.isProgrammeAdmin else {
            throw Refusal.roleForbidden("Only programme administrators look at matching runs.")
        }
    }
}

extension MatchExplanation {
    /// - Parameter pool: the coachee alone, this coach, and the one that the coachee got.
    fileprivate init(of pool: Pool, trustee: String, matched: String?, trustor: String, run: String) {
        let coach = pool.coach(trustee) ?? 0
        let (points, exclusions) = pool.judge(0, coach)
        self.init(
            matchRun: run, trustee: trustee, trustor: trustor, score: Int32(points.total),
            contributions: pool.explain(0, coach).map(\.message), exclusions: exclusions.messages,
            trustorPreference: Int32(pool.wish(of: 0, for: coach) ?? 0),
            trusteePreference: Int32(pool.wish(ofCoach: coach, for: 0) ?? 0),
            outcome: pool.outcome(0, coach, matched: matched.flatMap(pool.coach)).message)
    }
}
