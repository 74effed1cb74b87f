import Schema
import ServiceKit
import Testing
import TrustModel

@testable import TrustScoring

/// The first profile after a change costs the same for a short log and a long one; with the state hash it takes the whole
/// log (docs/domain.md §3.9).
@Suite(.serialized) struct ProfileCostTests {
    /// Microseconds of the first profile after each of `rounds` changes, the median, with and without the hash.
    static func costs(of length: Int, rounds: Int = 15) async throws -> (plain: Double, hashed: Double) {
        let pair = try await Pair(now: 2_000)
        func kept(_ number: Double) -> Event {
            pair.facts.commitment("commitment.kept.v1", "c\(number)", at: day(number), claim: day(number))
        }
        let history = (0..<length).map { kept(Double($0) * 1_900 / Double(length)) }
        for first in stride(from: 0, to: length, by: 500) {
            try await pair.tell(Array(history[first..<min(first + 500, length)]))
        }
        _ = try await pair.profile()
        func median(_ offset: Double, _ ask: () async throws -> Void) async throws -> Double {
            var times: [Double] = []
            for round in 0..<rounds {
                try await pair.tell(kept(1_900 + offset + Double(round) / 10))
                let began = ContinuousClock.now
                try await ask()
                times.append(Double((ContinuousClock.now - began).components.attoseconds) / 1e12)
            }
            return times.sorted()[rounds / 2]
        }
        return (
            try await median(0) { _ = try await pair.profile() },
            try await median(50) { _ = try await pair.stateHash() }
        )
    }

    @Test func theFirstProfileAfterAChange() async throws {
        let (short, long) = (try await Self.costs(of: 100), try await Self.costs(of: 3_000))
        print(
            """
            first profile after a change, median: 100 events \(Int(short.plain)) us (with hash \(Int(short.hashed)) us), \
            3000 events \(Int(long.plain)) us (with hash \(Int(long.hashed)) us)
            """)
        // A fifth of what the hash costs is far above any noise.
        #expect(long.plain < long.hashed / 5)
    }
}
