import Glibc
import Testing

@testable import TrustModel

/// How quickly the log folds. The goal is a million events a second and core; the test holds a floor that only a change of
/// order breaks, since it shares its machine.
@Suite(.serialized) struct ReplaySpeedTests {
    static let floor = 200_000.0

    /// Events folded per second of this thread's own CPU time: whole logs of `length` events, each replayed to a profile.
    static func eventsPerSecond(relationships: Int = 400, length: Int = 500) throws -> Double {
        var random = SplitMix64(state: 1)
        var factory = EventFactory()
        let kinds = EvidenceKind.allCases.filter { !$0.isBreach }
        let logs = try (0..<relationships).map { _ in
            EvidenceLog(
                evidence: try (0..<length).map { number in
                    let kind = number % 100 == 99 ? .commitmentAbandoned : kinds.randomElement(using: &random)!
                    return try factory.make(
                        kind, on: Double(number) + .random(in: 0..<1, using: &random),
                        RandomLog.measure(for: kind, &random))
                })
        }
        let end = day(Double(length))
        let began = cpuSeconds()
        var sum = 0.0
        for log in logs {
            sum += try Replay.profile(of: log, start: day(-1), policy: .standard, asOf: end).score
        }
        let seconds = cpuSeconds() - began
        #expect(sum > 0)
        return Double(relationships * length) / seconds
    }

    /// The same events one by one, into running states.
    static func appendsPerSecond(relationships: Int = 400, length: Int = 500) throws -> Double {
        var random = SplitMix64(state: 1)
        var factory = EventFactory()
        let kinds = EvidenceKind.allCases.filter { !$0.isBreach }
        let events = try (0..<length).map { number in
            let kind = kinds.randomElement(using: &random)!
            return try factory.make(kind, on: Double(number), RandomLog.measure(for: kind, &random))
        }
        let began = cpuSeconds()
        for _ in 0..<relationships {
            var state = try RelationshipState(start: day(-1), policy: .standard)
            for event in events { #expect(state.append(event) == .applied) }
        }
        return Double(relationships * length) / (cpuSeconds() - began)
    }

    static func cpuSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test func aLogFoldsQuickly() throws {
        let speed = try Self.eventsPerSecond()
        let appends = try Self.appendsPerSecond()
        print("trust replay: \(Int(speed)) events/s a core; appended one by one: \(Int(appends)) events/s a core")
        #expect(speed > Self.floor)
    }
}
