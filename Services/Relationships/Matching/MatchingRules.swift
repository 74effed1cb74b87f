import Matching
import Schema
import ServiceKit

extension MatchingRules {
    /// Minutes a day: nobody is asked for more than a working day.
    static let overlap: ClosedRange<Int32> = 0...480

    func check(_ field: String) throws {
        for (name, points) in [
            ("topic_points", topicPoints), ("goal_points", goalPoints), ("language_points", languagePoints),
            ("time_zone_points", timeZonePoints), ("capacity_points", capacityPoints),
        ] {
            try Check.range(points, "\(field).\(name)", 0...Int32(Points.maximum))
        }
        try Check.range(minimumOverlapMinutes, "\(field).minimum_overlap_minutes", Self.overlap)
    }

    /// With the default points where none are given.
    var whole: MatchingRules {
        guard points == Points() else { return self }
        let standard = Points.standard
        return MatchingRules(
            topicPoints: Int32(standard.topics), goalPoints: Int32(standard.goals),
            languagePoints: Int32(standard.language), timeZonePoints: Int32(standard.timeZone),
            capacityPoints: Int32(standard.capacity), minimumOverlapMinutes: minimumOverlapMinutes)
    }

    var points: Points {
        Points(
            topics: Int(topicPoints), goals: Int(goalPoints), language: Int(languagePoints),
            timeZone: Int(timeZonePoints), capacity: Int(capacityPoints))
    }
}

extension MeetingHours {
    func check(_ field: String) throws {
        try Check.range(startHour, "\(field).start_hour", 0...23)
        try Check.range(endHour, "\(field).end_hour", startHour + 1...24)
    }
}

extension MatchRun {
    var matchingRules: Rules {
        let rules = (rules ?? MatchingRules()).whole
        return Rules(
            points: rules.points, minimumOverlap: Int(rules.minimumOverlapMinutes),
            excludesReportingLine: excludeReportingLine, seed: seed)
    }
}

extension Contribution {
    var message: MatchContribution {
        MatchContribution(
            criterion: criterion.message, points: Int32(points), possiblePoints: Int32(possible), shared: shared,
            overlapMinutes: Int32(overlap), freePlaces: Int32(freePlaces), unknown: isUnknown)
    }
}

extension Criterion {
    fileprivate var message: MatchContribution.Criterion {
        switch self {
        case .topics: .topics
        case .goals: .goals
        case .language: .language
        case .timeZone: .timeZone
        case .capacity: .capacity
        }
    }
}

extension Exclusions {
    var messages: [MatchExplanation.Exclusion] { each.map(\.message) }

    /// Of one exclusion.
    var message: MatchExplanation.Exclusion {
        switch self {
        case .samePerson: .samePerson
        case .reportingLine: .reportingLine
        case .conflict: .declaredConflict
        case .paired: .alreadyPaired
        case .pairedBefore: .pairedBefore
        case .inactiveCoachee: .trustorInactive
        case .inactiveCoach: .trusteeInactive
        case .fullCoachee: .trustorHasNoRoom
        case .fullCoach: .trusteeHasNoRoom
        case .noCommonLanguage: .noCommonLanguage
        case .tooLittleOverlap: .tooLittleOverlap
        default: .unspecified
        }
    }
}

extension Matching.Outcome {
    var message: MatchExplanation.Outcome {
        switch self {
        case .matched: .proposed
        case .excluded: .excluded
        case .coacheeHasBetter: .trustorHasBetter
        case .coachHasBetter: .trusteeHasBetter
        }
    }
}

extension Assignment.Waiting.Reason {
    var message: WaitlistEntry.Reason {
        switch self {
        case .noFreeCoach: .noFreeCoach
        case .allExcluded: .allExcluded
        case .placesTaken: .placesTaken
        }
    }
}
