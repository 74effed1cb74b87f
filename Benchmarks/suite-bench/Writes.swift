/// Durable writes spread over all pairs, each answered after its commit, in turn with the one-commit rate.
struct Writes {
    static let required = 5.0

    let load: Load
    let suite: Suite
    let pairs: Pairs
    let home: Home

    /// - Returns: the figures, and the promises and feedback that were made.
    func measure(rounds: Int, seconds: Double) async throws -> (Section, promises: [Made], feedback: [Made]) {
        let oneCommit = try await OneCommit(directory: home.path)
        var baseline: [Double] = []
        var commitments: [Measured.Round] = []
        var feedback: [Measured.Round] = []
        var goals: [Measured.Round] = []
        var catchUp: [Double] = []
        var promises: [Made] = []
        var items: [Made] = []
        for round in 1...rounds {
            Console.progress("writes, round \(round) of \(rounds)")
            baseline.append(try await oneCommit.run(seconds: seconds))
            let (promised, burst) = try await Measured.round(of: .relationships, in: suite) {
                try await load.run(seconds: seconds) { try await pairs[$0.number].promise(load.client.relationships) }
            }
            catchUp.append(try await suite.settle().inSeconds)
            commitments.append(promised)
            promises += burst.answers
            let (given, drafts) = try await Measured.round(of: .feedback, in: suite) {
                try await load.run(seconds: seconds) { try await pairs[$0.number].giveFeedback(load.client.feedback) }
            }
            feedback.append(given)
            items += drafts.answers
            let (told, _) = try await Measured.round(of: .goals, in: suite) {
                try await load.run(seconds: seconds) { try await pairs[$0.number].tellObstacle(load.client.goals) }
            }
            goals.append(told)
            try await suite.settle()
        }
        await oneCommit.close()
        let rate = Percentiles(baseline).median
        var section = Section(
            "Acknowledged durable writes, \(load.inFlight) in flight over \(pairs.all.count) relationships, "
                + "medians of \(rounds) rounds of \(Format.fixed(seconds, 0)) s")
        section.line(
            "\(Format.left("one by one", 18)) \(Format.right(Format.fixed(rate, 0), 7))/s   the one-commit rate "
                + "(rounds: \(baseline.map { Format.fixed($0, 0) }.joined(separator: "; ")))")
        section.value("writes.one_commit.per_second", rate)
        let kinds = [
            ("CreateCommitment", "writes.commitments", commitments), ("CreateFeedback", "writes.feedback", feedback),
            ("AddObstacle", "writes.obstacles", goals),
        ]
        for (name, key, rounds) in kinds {
            let measured = Measured(rounds: rounds)
            measured.tell(name, key, in: &section)
            let ratio = measured.median(\.perSecond) / rate
            section.value("\(key).ratio", ratio)
            section.line(
                "\(Format.left("", 18)) \(Format.fixed(ratio, 2)) times the one-commit rate "
                    + "(rounds: \(rounds.map { Format.fixed($0.perSecond, 0) }.joined(separator: "; ")))")
        }
        let behind = Percentiles(catchUp).median
        section.line(
            "the other services had applied all events \(Format.fixed(behind, 1)) s after the last promise (median)")
        section.value("writes.commitments.catch_up_seconds", behind)
        Measured.tellOthers(commitments + feedback + goals, "writes", in: &section)
        let ratio = Measured(rounds: commitments).median(\.perSecond) / rate
        section.requirement("CreateCommitment at least 5 times the one-commit rate", met: ratio >= Self.required)
        return (section, promises, items)
    }
}
