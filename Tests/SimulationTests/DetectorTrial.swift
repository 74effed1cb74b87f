import Simulation
import TrustModel

/// The experiments of docs/domain.md §4.1 to §4.3: some thousand relationships of 52 weeks, of which a planted share changes at
/// a week between 10 and 40.
struct DetectorTrial {
    var relationships: Int
    var plantedShare: Double
    /// Facts a week.
    var rate: Double
    /// The share of bad facts where all is well.
    var healthy: (Double, Double)
    var changed: Double
    /// Weeks from the old share to the new one.
    var ramp = 0.0
    /// One fact in each part of a week, instead of by chance at any time.
    var isRegular = false

    static let weeks = 52.0

    struct Result: CustomStringConvertible {
        var planted = 0
        var detected = 0
        var detectedInTime = 0
        var delays: [Double] = []
        var chanceAlarms = 0
        var chanceRelationships = 0
        var healthyYears = 0.0

        var recall: Double { Double(detected) / Double(planted) }
        var recallInTime: Double { Double(detectedInTime) / Double(planted) }
        var chancePerYear: Double { Double(chanceAlarms) / healthyYears }
        /// Of the relationships with an alert, those in which something was planted.
        var precision: Double { Double(detected) / Double(detected + chanceRelationships) }
        var delay: Double { delays.sorted()[delays.count / 2] }

        var description: String {
            func percent(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
            return
                "planted \(planted), recall \(percent(recall)), in 12 weeks \(percent(recallInTime)), median \(delay) weeks, "
                + "\(percent(chancePerYear)) chance alarms a year, precision \(percent(precision))"
        }
    }

    /// - Parameter detector: makes a detector of one relationship, which takes one fact and says whether it raises an ALERT.
    func run(seed: UInt64, _ detector: () -> (Bool, Instant) -> Bool) -> Result {
        var result = Result()
        let root = Dice(seed: seed)
        for number in 0..<relationships {
            var dice = root.child(UInt64(number))
            let isPlanted = dice.happens(plantedShare)
            let start = dice.uniform(10...40)
            let base = dice.beta(healthy.0, healthy.1)
            let take = detector()
            var (time, first, before, slot) = (0.0, Double?.none, 0, 0.0)
            while true {
                time = isRegular ? (slot + dice.uniform()) / rate : time + dice.exponential(rate: rate)
                slot += 1
                guard time < Self.weeks else { break }
                let progress = !isPlanted || time < start ? 0 : ramp == 0 ? 1 : min(1, (time - start) / ramp)
                let isBad = dice.happens(base + (changed - base) * progress)
                let instant = Instant(microseconds: Int64(time * 7 * 86_400e6))
                guard take(isBad, instant) else { continue }
                if isPlanted && time >= start { first = first ?? time } else { before += 1 }
            }
            if isPlanted {
                result.planted += 1
                if let first {
                    result.detected += 1
                    result.delays.append(((first - start) * 10).rounded() / 10)
                    if first - start <= 12 { result.detectedInTime += 1 }
                }
            } else {
                result.healthyYears += 1
                result.chanceAlarms += before
                if before > 0 { result.chanceRelationships += 1 }
            }
        }
        return result
    }
}
