import Glibc
import TrustModel

/// How quickly evidence becomes a profile, in this process, by the CPU time of one thread: a whole log replayed, and
/// the same events appended one by one to a running state.
struct Replay {
    static let goal = 1_000_000.0
    static let lengths = [100, 1000, 10_000]
    /// Events folded for one figure.
    static let events = 400_000

    func measure(rounds: Int) throws -> Section {
        var section = Section("Trust replay, events per second and core, medians of \(rounds) rounds")
        for length in Self.lengths {
            Console.progress("replay of histories of \(length) events")
            let logs = try Self.histories(of: length, count: min(40, Self.events / length))
            var replayed: [Double] = []
            var appended: [Double] = []
            for _ in 0..<rounds {
                try Task.checkCancellation()
                replayed.append(try Self.replaysPerSecond(logs, length))
                try Task.checkCancellation()
                appended.append(try Self.appendsPerSecond(logs, length))
            }
            let (replay, append) = (Percentiles(replayed).median, Percentiles(appended).median)
            section.line(
                "\(Format.right(Format.fixed(Double(length), 0), 6)) events of history: "
                    + "replayed \(Format.right(Format.fixed(replay, 0), 9))/s   "
                    + "appended \(Format.right(Format.fixed(append, 0), 9))/s")
            section.value("replay.\(length).per_second", replay)
            section.value("append.\(length).per_second", append)
            section.goal("replay of \(length) events at 1,000,000/s", met: replay >= Self.goal)
        }
        return section
    }

    /// One event a day at the most a quarter of a day apart from noon; every hundredth is an abandoned promise.
    private static func histories(of length: Int, count: Int) throws -> [[Evidence]] {
        var random = SplitMix64(state: 1)
        let kinds = EvidenceKind.allCases.filter { !$0.isBreach }
        // Evidence lies in 80 years: ten thousand events come to one a day.
        return try (0..<count).map { log in
            try (0..<length).map { number in
                let kind = number % 100 == 99 ? .commitmentAbandoned : kinds.randomElement(using: &random)!
                let instant = instant(Double(number) + .random(in: 0..<1, using: &random))
                let person = kind.isPulse ? "people/coachee" : "people/coach"
                let id = EventID(high: 0x0190_0000 + UInt64(log), low: UInt64(number))
                for measure in measures(&random) {
                    if let event = try? Evidence.make(
                        kind, id: id, measure: measure, sourceID: person, occurredAt: instant, recordedAt: instant)
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
        let end = instant(Double(length))
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

    private static func appendsPerSecond(_ histories: [[Evidence]], _ length: Int) throws -> Double {
        let times = max(1, events / (length * histories.count))
        let began = cpuSeconds()
        for _ in 0..<times {
            for history in histories {
                var state = try RelationshipState(start: instant(-1), policy: .standard)
                for event in history {
                    guard state.append(event) == .applied else { throw Failure("an event was not applied") }
                }
            }
        }
        return Double(times * histories.count * length) / (cpuSeconds() - began)
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
