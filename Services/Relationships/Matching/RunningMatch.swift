import Matching
import RPC
import Schema
import ServiceKit
import Storage

/// Carries out the runs that wait, one after another, beside requests. A run that a restart interrupts begins again:
/// nothing of it is visible before all of it is.
struct RunningMatch: Sendable {
    /// Participants that one transaction keeps.
    private static let batch = 500
    /// Coachees between two looks at whether to go on.
    private static let lookInterval = 250
    /// Proposals that one transaction lets expire.
    private static let expiryBatch = 200

    let runtime: Runtime

    func run() async throws { try await runtime.work(on: "matching", runAll) }

    /// What waits now, and what is over by now.
    func runAll() async throws {
        while let run = try await runtime.database.read({ try MatchIndex.next(in: $0) }) { try await match(run) }
        while try await expire() == Self.expiryBatch {}
    }

    private func match(_ name: String) async throws {
        let name = try ResourceName(name, Tables.Form.matchRuns)
        guard let run = try await begin(name) else { return }
        do {
            let now = try Check.instant(run.startTime, "start_time")
            let people = try await runtime.database.read {
                try ProgrammePeople(of: name.parent, at: now, in: $0)
            }
            try await keep(people, for: name)
            let pool = Pool(coachees: people.coachees, coaches: people.coaches, rules: run.matchingRules)
            var choices: [[UInt16]] = []
            choices.reserveCapacity(pool.coachees.count)
            for coachee in pool.coachees.indices {
                if coachee % Self.lookInterval == 0, coachee > 0 {
                    try Task.checkCancellation()
                    guard try await report(90 * coachee / pool.coachees.count, of: name) else { return }
                }
                choices.append(pool.choices(of: coachee))
            }
            let assignment = pool.assign(choices)
            let waiting = assignment.waiting.map { pool.exclusions(of: $0.coachee) }
            try await finish(name) { change, run in
                try change.store(assignment, waiting, of: pool, people, for: &run, of: name.parent)
            }
        } catch let error where !(error is CancellationError) {
            runtime.logger.error("a matching run failed", metadata: ["run": "\(name)", "error": "\(error)"])
            let refusal = Refusal(failed: error)
            try await finish(name) { change, run in
                run.fail(refusal, at: change.now)
                try MatchIndex.forget(name.text, of: name.parent.text, in: change.transaction)
            }
        }
    }

    // MARK: Its own changes

    private func change<T: Sendable>(
        _ organization: String, _ body: @Sendable @escaping (Change) throws -> T
    ) async throws -> T {
        try await runtime.act(as: "matching", in: organization, body)
    }

    private func begin(_ name: ResourceName) async throws -> MatchRun? {
        try await change(name.organization) { change in
            guard var run = try change.find(Tables.matchRuns, name.text), run.begin(at: change.now) else {
                try MatchIndex.dequeue(name.text, in: change.transaction)
                return nil
            }
            return try change.save(Tables.matchRuns, run)
        }
    }

    private func keep(_ people: ProgrammePeople, for run: ResourceName) async throws {
        for (participants, role) in [(people.coachees, Enrollment.Role.trustor), (people.coaches, .trustee)] {
            for start in stride(from: 0, to: participants.count, by: Self.batch) {
                let rows = try participants[start..<min(start + Self.batch, participants.count)].map {
                    (person: $0.id, body: try $0.bytes)
                }
                try await runtime.database.write { transaction in
                    try MatchIndex.keep(rows, as: role, for: run.text, of: run.parent.text, in: transaction)
                }
            }
        }
    }

    /// - Returns: whether the run goes on.
    private func report(_ percent: Int, of name: ResourceName) async throws -> Bool {
        try await change(name.organization) { change in
            guard var run = try change.find(Tables.matchRuns, name.text), run.state == .running else {
                try MatchIndex.forget(name.text, of: name.parent.text, in: change.transaction)
                return false
            }
            guard percent >= run.progressPercent + 5 else { return true }
            run.progressPercent = Int32(percent)
            _ = try change.save(Tables.matchRuns, run)
            return true
        }
    }

    private func finish(
        _ name: ResourceName, _ body: @Sendable @escaping (Change, inout MatchRun) throws -> Void
    ) async throws {
        try await change(name.organization) { change in
            try MatchIndex.dequeue(name.text, in: change.transaction)
            guard var run = try change.find(Tables.matchRuns, name.text), run.state == .running else {
                try MatchIndex.forget(name.text, of: name.parent.text, in: change.transaction)
                return
            }
            try body(change, &run)
            _ = try change.save(Tables.matchRuns, run)
        }
    }

    /// - Returns: how many proposals were over.
    private func expire() async throws -> Int {
        let now = runtime.clock.now
        let over = try await runtime.database.read {
            try MatchIndex.expired(before: now, limit: Self.expiryBatch, in: $0)
        }
        let byOrganization = Dictionary(grouping: over) { $0.split(separator: "/").prefix(2).joined(separator: "/") }
        for (organization, names) in byOrganization {
            try await change(organization) { change in
                for name in names { try change.close(name, .expired) }
            }
        }
        return over.count
    }
}

extension Change {
    /// A proposal that nobody answered.
    func close(_ name: String, _ end: MatchProposal.State) throws {
        guard var proposal = try find(Tables.matchProposals, name), proposal.close(end) else { return }
        proposal = try save(Tables.matchProposals, proposal)
        try MatchIndex.close(proposal, in: transaction)
    }

    /// Proposals, the waiting list anew, and the figures of the run.
    fileprivate func store(
        _ assignment: Assignment, _ exclusions: [[(exclusion: Exclusions, count: Int)]], of pool: Pool,
        _ people: ProgrammePeople, for run: inout MatchRun, of programme: ResourceName
    ) throws {
        for match in assignment.matches {
            let proposal = try create(
                Tables.matchProposals,
                MatchProposal(
                    name: newName("matchProposals", in: programme.text), matchRun: run.name,
                    trustee: pool.coaches[match.coach].id, trustor: pool.coachees[match.coachee].id,
                    score: Int32(pool.judge(match.coachee, match.coach).points.total),
                    contributions: pool.explain(match.coachee, match.coach).map(\.message), state: .proposed,
                    expireTime: now.adding(days: Span.requestDays).timestamp))
            try MatchIndex.insert(proposal, of: programme, in: transaction)
        }
        while case let entries = try list(Tables.waitlistEntries, parent: programme.text), !entries.isEmpty {
            for entry in entries { try delete(Tables.waitlistEntries, entry.name) }
        }
        for (place, waiting) in assignment.waiting.enumerated() {
            let person = pool.coachees[waiting.coachee].id
            _ = try create(
                Tables.waitlistEntries,
                WaitlistEntry(
                    name: newName("waitlistEntries", in: programme.text), person: person, matchRun: run.name,
                    position: Int32(place + 1), reason: waiting.reason.message,
                    exclusions: exclusions[place].map {
                        WaitlistEntry.ExclusionCount(exclusion: $0.exclusion.message, count: Int32($0.count))
                    },
                    waitingSinceTime: people.enrolled[person]))
        }
        try MatchIndex.forgetOthers(than: run.name, of: programme.text, in: transaction)
        run.state = .succeeded
        run.progressPercent = 100
        run.trustorCount = Int32(pool.coachees.count)
        run.trusteeCount = Int32(pool.coaches.count)
        run.placeCount = Int32(pool.coaches.reduce(0) { $0 + ($1.isActive ? $1.free : 0) })
        run.proposalCount = Int32(assignment.matches.count)
        run.waitlistCount = Int32(assignment.waiting.count)
        run.leftOutCount = Int32(assignment.leftOut.count)
        run.endTime = now.timestamp
    }
}
