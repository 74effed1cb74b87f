import Glibc
import Schema
import TrustModel

/// One coachee of a programme in the days that a run compares: in what circumstances, and what of each measure
/// (docs/domain.md §4.4 b).
struct FairnessUnit: Sendable {
    var circumstances: Circumstances
    /// In the unit of `GroupComparison`; nothing where there is nothing to measure.
    var values: [FairnessTest.Measure: Double]

    /// A stratum: coachees who are alike in these are compared with each other.
    struct Circumstances: Hashable, Comparable, Sendable, CustomStringConvertible {
        var intensity: Intensity
        var difficulty: Difficulty
        var tenure: Tenure

        /// - Parameters:
        ///   - cadenceDays: between two sessions.
        ///   - ambitions: of the goals that are rated, 1 to 5.
        ///   - days: since the coachee began in the programme.
        init(cadenceDays: Int, ambitions: [Double], days: Double) {
            intensity = cadenceDays <= 7 ? .weekly : cadenceDays <= 14 ? .fortnightly : .rarely
            let mean = ambitions.isEmpty ? nil : ambitions.reduce(0, +) / Double(ambitions.count)
            difficulty = mean.map { $0 < 2.5 ? .low : $0 < 3.5 ? .middle : .high } ?? .notRated
            tenure = days < 90 ? .short : days < 180 ? .middle : .long
        }

        var description: String {
            "\(intensity.rawValue) / \(difficulty.rawValue) / \(tenure.rawValue)"
        }

        static func < (left: Circumstances, right: Circumstances) -> Bool { left.description < right.description }
    }

    /// Of the programme, for this coachee.
    enum Intensity: String, Sendable {
        case weekly
        case fortnightly
        case rarely = "more rarely"
    }

    /// Of the coachee's goals.
    enum Difficulty: String, Sendable {
        case notRated = "ambition not rated"
        case low = "low ambition"
        case middle = "middle ambition"
        case high = "high ambition"
    }

    enum Tenure: String, Sendable {
        case short = "under 90 days"
        case middle = "under 180 days"
        case long = "180 days and more"
    }

    // MARK: Measures

    /// What one coachee's relationships of the programme have seen in these days.
    struct Facts: Sendable {
        var wasOffered = false
        /// The latest level of each goal that was reviewed, -2 to 2.
        var levels: [Double] = []
        var responseHours: [Double] = []
        var heldSessions = 0
        var expectedSessions = 0.0
        var supportActions = 0
    }

    /// A minute at least: nothing is answered before it is read.
    private static let shortestResponse = 1.0 / 60

    init(_ circumstances: Circumstances, _ facts: Facts) {
        self.circumstances = circumstances
        values = [.opportunityOffered: facts.wasOffered ? 1 : 0]
        if !facts.levels.isEmpty { values[.goalAchieved] = facts.levels.contains { $0 >= 0 } ? 1 : 0 }
        if !facts.responseHours.isEmpty {
            let logarithms = facts.responseHours.map { log(max(Self.shortestResponse, $0)) }
            values[.responseTime] = logarithms.reduce(0, +) / Double(logarithms.count)
        }
        if facts.expectedSessions >= 1 {
            values[.sessionsHeld] = Double(facts.heldSessions) / facts.expectedSessions
        }
        if facts.heldSessions > 0 {
            values[.supportGiven] = Double(facts.supportActions) / Double(facts.heldSessions)
        }
    }
}

extension FairnessTest.Measure {
    static let all: [FairnessTest.Measure] = [
        .opportunityOffered, .goalAchieved, .responseTime, .sessionsHeld, .supportGiven,
    ]

    /// Happens or does not, for each coachee.
    var isOutcome: Bool { self == .opportunityOffered || self == .goalAchieved }

    /// As people read it: percent, hours, or the mean itself.
    func shown(_ mean: Double) -> Double {
        let value = isOutcome ? (100 * mean).rounded() : self == .responseTime ? exp(mean) : mean
        return Rounding.level(value)
    }
}
