@testable import Matching

/// SplitMix64, so that a printed seed shows the same case again.
struct Random: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    mutating func some(_ words: [String], upTo count: Int) -> [String] {
        Array(words.shuffled(using: &self).prefix(Int.random(in: 0...count, using: &self)))
    }

    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &self) == 0 }
}

enum People {
    static let topics = (0..<12).map { "topic \($0)" }
    static let languages = ["de", "en", "fr", "pt-BR", "es"]

    /// Coachees c0…, coaches k0…; the first few coaches are coachees as well.
    static func random(
        coachees: Int, coaches: Int, capacity: Int = 4, _ random: inout Random
    ) -> (coachees: [Participant], coaches: [Participant]) {
        let coacheeIDs = (0..<coachees).map { "c\($0)" }
        let coachIDs = (0..<coaches).map { $0 % 10 == 9 && $0 < coachees ? "c\($0)" : "k\($0)" }
        func participant(_ id: String, _ others: [String], _ capacity: Int) -> Participant {
            Participant(
                id: id, isActive: !random.chance(20), capacity: Int.random(in: 1...capacity, using: &random),
                load: random.chance(6) ? 1 : 0, topics: random.some(topics, upTo: 5),
                goals: random.some(topics, upTo: 3), languages: random.some(languages, upTo: 3),
                hours: random.chance(10)
                    ? nil
                    : Hours(start: 540, length: 480, offset: 60 * Int.random(in: -5...5, using: &random)),
                enrolled: Int.random(in: 0...2, using: &random), reportingLine: random.one(of: others, 5),
                conflicts: random.one(of: others, 5), preferences: random.one(of: others, 3),
                partners: random.one(of: others, 9), formerPartners: random.one(of: others, 9))
        }
        return (coacheeIDs.map { participant($0, coachIDs, 1) }, coachIDs.map { participant($0, coacheeIDs, capacity) })
    }
}

extension Random {
    /// Mostly nobody; one in `chance` has one or two. Few are drawn, so that large cases stay quick to make.
    fileprivate mutating func one(of ids: [String], _ chance: Int) -> [String] {
        guard !ids.isEmpty, self.chance(chance) else { return [] }
        return Array(Set((0..<2).map { _ in ids[Int.random(in: ids.indices, using: &self)] })).sorted()
    }
}
