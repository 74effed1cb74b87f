import Schema
import Synchronization

/// From the sending of what is evidence until the profile shows it: the way through the disk of the service where it
/// happens, its events, and trust-scoring's disk.
struct Latency {
    /// Between two looks at the profile; a time may be too long by this much, never too short.
    static let lookInterval: Duration = .microseconds(500)
    static let patience: Duration = .seconds(30)
    static let required = 1000.0
    static let goal = 50.0

    let client: Client
    let load: Load
    let suite: Suite
    let pairs: Pairs

    /// What becomes evidence, each on a pair of its own: a promise is confirmed, or a recognition given.
    private enum Cause: Sendable {
        case promiseKept(commitment: String)
        case recognition
    }

    /// - Parameter first: the number of the first pair.
    /// - Returns: the figures, and what the load beside made.
    func measure(samples: Int, first: Int, besideWrites: Bool) async throws -> (Section, [Made]) {
        let claims = try await claims(samples: samples, first: first)
        try await suite.settle()
        guard besideWrites else { return (section(try await sample(claims, first: first), nil), []) }
        let isOver = Flag()
        async let beside = load.run(
            while: { _ in !isOver.isSet },
            { try await pairs[$0.number].promise(load.client.relationships) })
        let times = try await sample(claims, first: first)
        isOver.set()
        let burst = try await beside
        return (section(times, burst.perSecond), burst.answers)
    }

    /// Promises that wait for the coachee's word: one for every second sample.
    private func claims(samples: Int, first: Int) async throws -> [Cause] {
        let relationships = load.client.relationships
        let claimed = try await load.run(count: samples) { turn -> (Int, Cause) in
            guard turn.number.isMultiple(of: 2) else { return (turn.number, .recognition) }
            let pair = pairs[first + turn.number]
            let promise = try await pair.promise(relationships).name
            _ = try await relationships.acceptCommitment(.init(name: promise), options: pair.coachee.options)
            _ = try await relationships.claimKept(.init(name: promise), options: pair.coach.options)
            return (turn.number, .promiseKept(commitment: promise))
        }
        return claimed.answers.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// One after another, in milliseconds.
    private func sample(_ causes: [Cause], first: Int) async throws -> [Double] {
        try await Task(executorPreference: client.executors[0]) {
            var times: [Double] = []
            for (number, cause) in causes.enumerated() {
                let pair = pairs[first + number]
                let before = try await evidence(of: pair)
                let began = ContinuousClock.now
                try await bring(about: cause, pair)
                while try await evidence(of: pair) <= before {
                    guard ContinuousClock.now - began < Self.patience else {
                        throw Failure("evidence of \(pair.name) is not in its profile after \(Self.patience)")
                    }
                    try await Task.sleep(for: Self.lookInterval)
                }
                times.append((ContinuousClock.now - began).inMilliseconds)
            }
            return times
        }.value
    }

    private func evidence(of pair: Pair) async throws -> Int64 {
        try await client.trust.getTrustProfile(
            .init(name: "\(pair.name)/trustProfile"), options: pair.coachee.options
        ).evidenceCount
    }

    private func bring(about cause: Cause, _ pair: Pair) async throws {
        switch cause {
        case .promiseKept(let commitment):
            _ = try await client.relationships.confirmKept(.init(name: commitment), options: pair.coachee.options)
        case .recognition:
            _ = try await client.feedback.giveRecognition(
                .init(parent: pair.name, behaviour: "You listened", impact: "She opened up"),
                options: pair.coach.options)
        }
    }

    private func section(_ times: [Double], _ writesPerSecond: Double?) -> Section {
        let when = writesPerSecond == nil ? "quiet" : "loaded"
        let all = Percentiles(times)
        let kept = Percentiles(times.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element))
        let recognized = Percentiles(times.enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element))
        var section = Section(
            writesPerSecond.map {
                "Evidence shows in the profile, beside \(Format.fixed($0, 0)) writes/s (\(load.inFlight) in flight)"
            } ?? "Evidence shows in the profile, nothing else running")
        for (name, times) in [("all", all), ("ConfirmKept", kept), ("GiveRecognition", recognized)] {
            section.line(
                "\(Format.left(name, 16)) \(times.count) samples: p50 \(Format.milliseconds(times.median)), "
                    + "p95 \(Format.milliseconds(times[0.95])), max \(Format.milliseconds(times.largest))")
        }
        section.value("latency.\(when).p50_ms", all.median)
        section.value("latency.\(when).p95_ms", all[0.95])
        section.value("latency.\(when).max_ms", all.largest)
        if let writesPerSecond { section.value("latency.loaded.writes_per_second", writesPerSecond) }
        section.requirement("evidence within 1 s, p95, \(when)", met: all[0.95] < Self.required)
        section.goal("evidence within 50 ms, p95, \(when)", met: all[0.95] < Self.goal)
        return section
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
