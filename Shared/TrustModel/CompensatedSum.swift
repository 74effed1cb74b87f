import Glibc

/// A sum that keeps what rounding would lose (Neumaier 1974), so that order hardly matters.
struct CompensatedSum: Hashable, Sendable {
    private var sum = 0.0
    private var compensation = 0.0

    var value: Double { sum + compensation }

    mutating func add(_ term: Double) {
        let total = sum + term
        compensation += abs(sum) >= abs(term) ? (sum - total) + term : (term - total) + sum
        sum = total
    }
}

/// Σ x_e · 2^(−(T − t_e)/h), kept as Σ x_e · 2^((t_e − t0)/h) at a fixed epoch t0 and never rescaled, so that a late event
/// is a plain addition (docs/domain.md §3.4). The caller holds t0 and h, which many sums share.
struct DecayingSum: Hashable, Sendable {
    private var atEpoch = CompensatedSum()

    /// `growth` is 2^((t_e − t0)/h).
    mutating func add(_ term: Double, growth: Double) {
        atEpoch.add(term * growth)
    }

    /// `decay` is 2^(−(T − t0)/h).
    func value(decay: Double) -> Double {
        // Compensation may leave −0 or a negative trace of a sum of terms that are not negative.
        max(0, atEpoch.value * decay)
    }

    /// 2^(days/halfLife).
    static func growth(days: Double, halfLife: Double) -> Double {
        exp2(days / halfLife)
    }

    static func decay(days: Double, halfLife: Double) -> Double {
        exp2(-days / halfLife)
    }
}
