import Glibc
import TrustModel

/// How quickly evidence becomes a profile, in this process, by the CPU time of one thread: a whole log replayed, the same
/// events appended one by one to a running state, and appended and shown to the detectors; what a profile then costs, and how much
/// memory the state of one relationship takes.
struct Replay {
    static let goal = 1_000_000.0
    static let watchedGoal = 200_000.0
    static let memoryGoal = 4096.0
    static let lengths = [100, 1000, 10_000, 100_000, 1_000_000]
    /// Events folded for one figure.
    static let events = 400_000

    func measure(rounds: Int) throws -> Section {
        var section = Section("Trust replay, events per second and core, medians of \(rounds) rounds")
        // First: later the allocator has room that others left.
        let bytes = try Self.stateBytes()
        section.line("a relationship's state and detectors, an event a day: \(Format.fixed(bytes, 0)) B resident")
        section.value("state.bytes", bytes)
        section.goal("state and detectors in 4 KiB", met: bytes <= Self.memoryGoal)
        for length in Self.lengths {
            Console.progress("replay of histories of \(length) events")
            let logs = try Self.histories(of: length, count: min(40, Self.events / length))
            var replayed: [Double] = []
            var appended: [Double] = []
            var watched: [Double] = []
            for _ in 0..<rounds {
                try Task.checkCancellation()
                replayed.append(try Self.replaysPerSecond(logs, length))
                try Task.checkCancellation()
                appended.append(try Self.appendsPerSecond(logs, length))
                try Task.checkCancellation()
                watched.append(try Self.appendsPerSecond(logs, length, watching: true))
            }
            let (replay, append) = (Percentiles(replayed).median, Percentiles(appended).median)
            let watch = Percentiles(watched).median
            let profile = try Self.profileSeconds(logs[0], length)
            section.line(
                "\(Format.right(Format.fixed(Double(length), 0), 7)) events of history: "
                    + "replayed \(Format.right(Format.fixed(replay, 0), 9))/s   "
                    + "appended \(Format.right(Format.fixed(append, 0), 9))/s   "
                    + "with detectors \(Format.right(Format.fixed(watch, 0), 9))/s   "
                    + "a profile \(Format.fixed(profile * 1e6, 2)) µs")
            section.value("replay.\(length).per_second", replay)
            section.value("append.\(length).per_second", append)
            section.value("watched.\(length).per_second", watch)
            section.value("profile.\(length).seconds", profile)
            section.goal("replay of \(length) events at 1,000,000/s", met: replay >= Self.goal)
            section.goal("scored and detected at 200,000/s, \(length) events", met: watch >= Self.watchedGoal)
        }
        return section
    }

    /// One event a day at the most a quarter of a day apart from noon; every hundredth is an abandoned promise.
    private static func histories(of length: Int, count: Int) throws -> [[Evidence]] {
        var random = SplitMix64(state: 1)
        let kinds = EvidenceKind.allCases.filter { !$0.isBreach }
        // Evidence lies in 80 years: of more than ten thousand events several share a day.
        let spacing = min(1, 10_000 / Double(length))
        return try (0..<max(1, count)).map { log in
            try (0..<length).map { number in
                let kind = number % 100 == 99 ? .commitmentAbandoned : kinds.randomElement(using: &random)!
                let instant = instant((Double(number) + .random(in: 0..<1, using: &random)) * spacing)
                let person = kind.isPulse ? "people/coachee" : "people/coach"
                let id = EventID(high: 0x0190_0000 + UInt64(log), low: UInt64(number))
                for measure in measures(&random) {
                    if let event = try? Evidence.make(
                        kind, id: id, measure: measure, sourceID: person, occurredAt: instant, recordedAt: instant,
                        references: ["r/\(number)"])
                    {
                        return event
                    }
                }
                throw Failure("no measure fits \(kind.rawValue)")
            }
        }
    }

    /// One of each sort: a kind takes exactly one of them.
    private static func measures(_ random: inout SplitMix64) -> [Measure] {
        [
            .none, .daysLate(.random(in: 0...8, using: &random)), .pulse(.random(in: 1...5, using: &random)),
            .attainment(.random(in: -2...2, using: &random)),
        ]
    }

    private static func replaysPerSecond(_ histories: [[Evidence]], _ length: Int) throws -> Double {
        let logs = histories.map { EvidenceLog(evidence: $0) }
        let end = instant(min(Double(length), 10_000))
        let times = max(1, events / (length * logs.count))
        let began = cpuSeconds()
        var sum = 0.0
        for _ in 0..<times {
            for log in logs {
                sum += try TrustModel.Replay.profile(of: log, start: instant(-1), policy: .standard, asOf: end).score
            }
        }
        let seconds = cpuSeconds() - began
        guard sum > 0 else { throw Failure("a replay gave no score") }
        return Double(times * logs.count * length) / seconds
    }

    private static func appendsPerSecond(
        _ histories: [[Evidence]], _ length: Int, watching isWatched: Bool = false
    ) throws -> Double {
        let times = max(1, events / (length * histories.count))
        let began = cpuSeconds()
        for _ in 0..<times {
            for history in histories { _ = try states(of: history, watching: isWatched) }
        }
        return Double(times * histories.count * length) / (cpuSeconds() - began)
    }

    private static func states(
        of history: [Evidence], watching isWatched: Bool
    ) throws -> (RelationshipState, DetectorState) {
        var state = try RelationshipState(start: instant(-1), policy: .standard)
        var detectors = DetectorState(acknowledging: true)
        for event in history {
            guard state.append(event) == .applied else { throw Failure("an event was not applied") }
            guard isWatched else { continue }
            for fact in Conduct.facts(of: [event]) { _ = detectors.take(fact) }
            if event.kind == .feedbackActionable || event.kind == .feedbackVague {
                let kind: FeedbackBalance.Kind = event.kind == .feedbackVague ? .criticismOnly : .balanced
                _ = detectors.take(FeedbackBalance.Item(kind, at: event.occurredAt))
            }
        }
        return (state, detectors)
    }

    /// What each of ten thousand makes resident.
    private static func stateBytes() throws -> Double {
        let copies = 10_000
        let history = try histories(of: 500, count: 1)[0]
        // What the first of them leave in the allocator is not theirs.
        var kept = try (0..<copies / 10).map { _ in try states(of: history, watching: true) }
        kept.reserveCapacity(kept.count + copies)
        let before = Machine.residentBytes(of: "self")
        for _ in 0..<copies { kept.append(try states(of: history, watching: true)) }
        defer { withExtendedLifetime(kept) {} }
        return (Machine.residentBytes(of: "self") - before) / Double(copies)
    }

    /// Of a profile by the running state. Events of one day stay open: of a million a hundred share each.
    private static func profileSeconds(_ history: [Evidence], _ length: Int) throws -> Double {
        let (state, _) = try states(of: history, watching: true)
        let end = instant(min(Double(length), 10_000))
        let began = cpuSeconds()
        let reads = 2000
        for _ in 0..<reads {
            guard state.profile(at: end) != nil else { throw Failure("a profile needs the whole log") }
        }
        return (cpuSeconds() - began) / Double(reads)
    }

    /// Days since 1 September 2025.
    private static func instant(_ days: Double) -> Instant {
        Instant(microseconds: 1_756_684_800_000_000 + Int64(days * Double(Instant.microsecondsPerDay)))
    }

    private static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
