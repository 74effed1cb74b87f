import Glibc

/// Numbers with noise, for exports that leave the organisation: ε-differentially private for each coachee (Dwork, McSherry,
/// Nissim & Smith 2006; docs/domain.md §5.3). How many coachees there are is known.
public enum PrivateFigures {
    /// b of the noise on the mean of `count` values in 0...1: 1/(n ε).
    public static func meanScale(count: Int, epsilon: Double) -> Double { 1 / (Double(count) * epsilon) }

    /// b of the noise on a count: 1/ε.
    public static func countScale(epsilon: Double) -> Double { 1 / epsilon }

    /// Within which the noise stays with 95 %: b ln 20.
    public static func halfWidth(scale: Double) -> Double { scale * log(20) }

    public static func standardDeviation(scale: Double) -> Double { scale * 2.0.squareRoot() }

    /// The step of the grid that means are rounded to before noise of whole steps is added.
    static let steps: Int64 = 1 << 24

    /// The mean of `count` values in 0...1, each of another coachee, with noise; cut to 0...1 afterwards, which tells nothing.
    /// - Parameter epsilon: rounded down to a millionth, 0.000001 at least.
    public static func mean(
        _ mean: Double, count: Int, epsilon: Double, using random: inout some RandomNumberGenerator
    ) -> Double {
        precondition(count > 0 && (0...1).contains(mean), "the mean of somebody")
        // One coachee moves the mean by 1/n, and rounding by one step more.
        let sensitivity = steps / Int64(count) + 2
        let noise = DiscreteLaplace.sample(
            scale: sensitivity * PrivacyBudget.unit, over: micro(epsilon), using: &random)
        let noisy = Int64((mean * Double(steps)).rounded()) + noise
        return min(1, max(0, Double(noisy) / Double(steps)))
    }

    /// A number of coachees, with noise; it may be negative.
    public static func count(
        _ count: Int, epsilon: Double, using random: inout some RandomNumberGenerator
    ) -> Int64 {
        Int64(count)
            + DiscreteLaplace.sample(scale: PrivacyBudget.unit, over: micro(epsilon), using: &random)
    }

    private static func micro(_ epsilon: Double) -> Int64 {
        max(1, Int64((epsilon * Double(PrivacyBudget.unit)).rounded(.down)))
    }
}
