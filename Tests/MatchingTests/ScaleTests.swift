import FoundationEssentials
import Glibc
import Testing

@testable import Matching

/// Time and memory of a run. `make bench-matching` has 5,000 coachees and 5,000 coaches; `make test` a tenth of them.
@Suite(.serialized) struct ScaleTests {
    static let size = ProcessInfo.processInfo.environment["MATCHING_SIZE"].flatMap(Int.init) ?? 500

    /// The most memory that this process has had resident, in MiB.
    static var peak: Int {
        guard let file = fopen("/proc/self/status", "r") else { return 0 }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 4096)
        let length = fread(&text, 1, text.count, file)
        let line = String(decoding: text[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
            .split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) >> 10
    }

    enum Market: String, CaseIterable {
        /// People who differ, as random topics and hours make them.
        case varied
        /// Everybody wants the same coaches in the same order: the most proposals that there can be.
        case alike
    }

    @Test(arguments: Market.allCases) func aRunEndsWithinAMinute(market: Market) {
        var random = Random(1962)
        var (coachees, coaches) = People.random(coachees: Self.size, coaches: Self.size, capacity: 3, &random)
        if market == .alike {
            coachees = coachees.map { Participant(id: $0.id, topics: ["sales"]) }
            coaches = coaches.map { Participant(id: $0.id, topics: ["sales"]) }
        }
        let before = Self.peak
        let begin = ContinuousClock.now
        let pool = Pool(coachees: coachees, coaches: coaches, rules: Rules())
        let choices = pool.coachees.indices.map(pool.choices)
        let judged = ContinuousClock.now
        let assignment = pool.assign(choices)
        let end = ContinuousClock.now
        let grown = Self.peak - before
        print(
            """
            matching: \(Self.size) × \(Self.size), \(market.rawValue): \(end - begin) in all \
            (\(judged - begin) to judge all pairs), \(grown) MiB more, \(assignment.matches.count) matched, \
            \(assignment.waiting.count) waiting, \(assignment.leftOut.count) left out
            """)
        #expect(end - begin < .seconds(60))
        // Other tests of the process grow too while a small case runs.
        if Self.size >= 2000 {
            #expect(grown < 32 + ((3 * Self.size * Self.size) >> 20), "MiB: 2 bytes a pair, and some")
        }
        #expect(assignment.matches.count + assignment.waiting.count + assignment.leftOut.count == Self.size)
    }
}
