import Schema

/// Reads at random over everything that was made: from storage, and of trust from memory.
struct Reads {
    let load: Load
    let suite: Suite
    let pairs: Pairs

    func measure(
        promises: [Made], feedback: [Made], goals: [Made], rounds: Int, seconds: Double
    ) async throws -> Section {
        let client = load.client
        let profiles = pairs.all.map { Made(name: "\($0.name)/trustProfile", reader: $0.coachee) }
        var section = Section(
            "Reads, \(load.inFlight) in flight, medians of \(rounds) rounds of \(Format.fixed(seconds, 0)) s, at random "
                + "over \(Format.fixed(Double(promises.count), 0)) promises, \(Format.fixed(Double(feedback.count), 0)) "
                + "feedback items, \(Format.fixed(Double(goals.count), 0)) goals, \(profiles.count) profiles")
        let kinds: [(String, Service, [Made], @Sendable (Made) async throws -> String)] = [
            (
                "GetCommitment", .relationships, promises,
                { try await client.relationships.getCommitment(.init(name: $0.name), options: $0.reader.options).name }
            ),
            (
                "GetFeedback", .feedback, feedback,
                { try await client.feedback.getFeedback(.init(name: $0.name), options: $0.reader.options).name }
            ),
            (
                "GetGoal", .goals, goals,
                { try await client.goals.getGoal(.init(name: $0.name), options: $0.reader.options).name }
            ),
            (
                "GetTrustProfile", .trustScoring, profiles,
                { try await client.trust.getTrustProfile(.init(name: $0.name), options: $0.reader.options).name }
            ),
        ]
        var measured = [[Measured.Round]](repeating: [], count: kinds.count)
        for round in 1...rounds {
            Console.progress("reads, round \(round) of \(rounds)")
            for (index, (name, service, stored, get)) in kinds.enumerated() {
                let (figures, _) = try await Measured.round(of: service, in: suite) {
                    try await load.run(seconds: seconds) { turn in
                        let wanted = turn.pick(of: stored)
                        guard try await get(wanted) == wanted.name else {
                            throw Failure("\(name) answered another one")
                        }
                    }
                }
                measured[index].append(figures)
            }
        }
        for ((name, _, _, _), rounds) in zip(kinds, measured) {
            Measured(rounds: rounds).tell(name, "reads.\(name)", in: &section)
        }
        Measured.tellOthers(measured.flatMap(\.self), "reads", in: &section)
        return section
    }
}
