import Glibc
import Testing

@testable import TrustModel

/// 2025-09-01T00:00:00Z, a Monday.
let origin = Instant(microseconds: 1_756_684_800_000_000)

func day(_ days: Double) -> Instant {
    Instant(microseconds: origin.microseconds + Int64((days * 86_400_000_000).rounded()))
}

func near(_ value: Double, _ expected: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(value - expected) <= tolerance
}

/// Deterministic random numbers (Steele, Lea & Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A generator whose seed is printed; RAPPORT_TEST_SEED repeats a run.
func seeded(_ test: String = #function) -> SplitMix64 {
    let given = getenv("RAPPORT_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: .min ... .max)
    print("\(test): RAPPORT_TEST_SEED=\(seed)")
    return SplitMix64(state: seed)
}

/// Makes events with distinct ids, each ascending in the order of making.
struct EventFactory {
    private var last: UInt64 = 0

    mutating func make(
        _ kind: EvidenceKind, at instant: Instant, measure: Measure = .none, sourceClass: SourceClass? = nil,
        by person: String = "people/coach", supersedes: EventID? = nil
    ) throws -> Evidence {
        last += 1
        return try Evidence.make(
            kind, id: EventID(high: 0x0190, low: last), measure: measure, sourceClass: sourceClass, sourceID: person,
            occurredAt: instant, recordedAt: instant, supersedes: supersedes)
    }

    mutating func make(_ kind: EvidenceKind, on days: Double, _ measure: Measure = .none) throws -> Evidence {
        try make(kind, at: day(days), measure: measure, by: kind.isPulse ? "people/coachee" : "people/coach")
    }
}

/// The size of the largest difference between two profiles.
func distance(_ left: Profile, _ right: Profile) -> Double {
    var worst = max(
        abs(left.score - right.score), abs(left.variance - right.variance),
        abs(left.interval.lower - right.interval.lower), abs(left.interval.upper - right.interval.upper))
    for component in Component.allCases {
        let (first, second) = (left.components[component], right.components[component])
        worst = max(
            worst, abs(first.opinion.positive - second.opinion.positive),
            abs(first.opinion.negative - second.opinion.negative),
            abs(first.opinion.baseRate - second.opinion.baseRate),
            abs((first.observedRate ?? -1) - (second.observedRate ?? -1)))
    }
    return worst
}
