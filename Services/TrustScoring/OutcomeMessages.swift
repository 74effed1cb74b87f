import Schema
import ServiceKit
import Standard
import TrustModel

extension Outcomes {
    /// - Parameter withRatings: single ratings are the trustor's own (docs/domain.md rule 19).
    init(
        _ inputs: OutcomeInputs, tally: [EvidenceKind: Int], at instant: Instant, of relationship: ResourceName,
        withRatings: Bool, weeks: [OutcomeWeek]
    ) {
        self.init(
            name: "\(relationship)/outcomes", asOf: instant.timestamp,
            outcomes: OutcomeKind.allCases.map { kind in
                let earlier = instant.advanced(byDays: -Outcome.changeDays)
                let change = inputs.facts.change(of: kind, from: earlier, to: instant)
                return Outcome(
                    inputs.facts.value(of: kind, at: instant), withRatings ? change : change?.foldingRatings())
            },
            companions: OutcomeCompanions(inputs, tally: tally, at: instant), weeks: weeks)
    }
}

extension Outcome {
    static let changeDays = 28

    fileprivate init(_ outcome: OutcomeValue, _ change: OutcomeChange?) {
        self.init(
            kind: Schema.OutcomeKind(outcome.kind), value: outcome.value.map { DoubleValue(value: $0) },
            interval: outcome.interval.map { Schema.Interval($0) }, itemCount: Int64(outcome.count),
            change: change.map { DoubleValue(value: $0.change) }, lines: (change?.lines ?? []).map { Line($0) },
            parts: outcome.parts.map { part in
                Part(
                    part: Schema.OutcomePart(part.part),
                    value: part.count == 0 ? nil : part.value.map { DoubleValue(value: $0) },
                    itemCount: Int64(part.count), weight: part.weight)
            })
    }
}

extension Outcome.Line {
    fileprivate init(_ line: OutcomeChange.Line) {
        self.init(
            cause: Outcome.Cause(line.cause), part: Schema.OutcomePart(line.part), contribution: line.contribution,
            text: line.part.text(line.cause))
        if case .item(let reference, let occurredAt) = line.cause {
            self.reference = reference
            self.occurredAt = occurredAt.timestamp
        }
    }
}

extension Outcome.Cause {
    fileprivate init(_ cause: OutcomeChange.Cause) {
        self =
            switch cause {
            case .item: .item
            case .timePassed: .timePassed
            case .responseRate: .responseRate
            case .partWeight: .partWeight
            case .ratings: .pulses
            }
    }
}

extension OutcomePart {
    fileprivate func text(_ cause: OutcomeChange.Cause) -> String {
        switch cause {
        case .item: item
        case .timePassed: "Time passed, so earlier \(plural) say less"
        case .responseRate: "How quickly \(plural) changed"
        case .partWeight: "There are now enough, or too few, \(plural) to count"
        case .ratings: "Ratings of safety, all together"
        }
    }

    private var item: String {
        switch self {
        case .raised: "What was or was not raised around a session"
        case .safety: "A rating of safety"
        case .attended: "Whether the coachee came to a session"
        case .contributed: "Whether the coachee brought a topic to a session"
        case .checkedIn: "A check-in, or a part in setting a goal"
        case .acknowledged, .acted: "An answer to feedback"
        case .keptWord: "A promise of the coachee"
        }
    }

    private var plural: String {
        switch self {
        case .raised, .attended, .contributed: "sessions"
        case .safety: "ratings of safety"
        case .checkedIn: "check-ins"
        case .acknowledged: "acknowledgements of feedback"
        case .acted: "actions on feedback"
        case .keptWord: "promises"
        }
    }
}

extension Schema.OutcomeKind {
    fileprivate init(_ kind: OutcomeKind) {
        self =
            switch kind {
            case .openness: .openness
            case .engagement: .engagement
            case .responsiveness: .responsiveness
            case .accountability: .accountability
            }
    }
}

extension Schema.OutcomePart {
    fileprivate init(_ part: OutcomePart) {
        self =
            switch part {
            case .raised: .raised
            case .safety: .safety
            case .attended: .attended
            case .contributed: .contributed
            case .checkedIn: .checkedIn
            case .acknowledged: .acknowledged
            case .acted: .acted
            case .keptWord: .keptWord
            }
    }
}

extension OutcomeCompanions {
    fileprivate init(
        _ inputs: OutcomeInputs, tally: [EvidenceKind: Int], at instant: Instant
    ) {
        func median(_ part: OutcomePart, toTrustor: Bool) -> ProtobufDuration? {
            inputs.median(part, toTrustor: toTrustor, at: instant).map {
                ProtobufDuration(seconds: $0 / 1_000_000, nanos: Int32($0 % 1_000_000) * 1000)
            }
        }
        let contacts = inputs.contacts(at: instant)
        func count(_ kinds: EvidenceKind...) -> Double { Double(kinds.reduce(0) { $0 + (tally[$1] ?? 0) }) }
        let kept = count(.commitmentKept)
        let promises = kept + count(.commitmentKeptLate, .commitmentMissed, .commitmentAbandoned)
        self.init(
            trustorAcknowledgeMedian: median(.acknowledged, toTrustor: true),
            trustorActMedian: median(.acted, toTrustor: true),
            trusteeAcknowledgeMedian: median(.acknowledged, toTrustor: false),
            trusteeActMedian: median(.acted, toTrustor: false),
            reciprocity: Rhythm.reciprocity(contacts.trustor, contacts.trustee).map { DoubleValue(value: $0) },
            contactCount: Int64(contacts.trustor + contacts.trustee),
            sayDoRatio: promises == 0 ? nil : DoubleValue(value: kept / promises),
            cadenceBurstiness: inputs.burstiness(at: instant).map { DoubleValue(value: $0) },
            attention: inputs.attention(at: instant).map { DoubleValue(value: $0) },
            formalityRatio: inputs.formality(at: instant).map { DoubleValue(value: $0) })
    }
}

extension OutcomeWeek {
    init(_ profile: Profile, _ inputs: OutcomeInputs, withRatings: Bool) {
        let instant = profile.asOf
        func outcome(_ kind: OutcomeKind) -> DoubleValue? {
            inputs.facts.value(of: kind, at: instant).value.map { DoubleValue(value: $0) }
        }
        func projected(_ component: Component) -> Double { profile.components[component].opinion.projected }
        self.init(
            asOf: instant.timestamp, score: profile.score, numberShown: profile.numberShown,
            reliability: projected(.reliability), integrity: projected(.integrity),
            competence: projected(.competence), empathy: projected(.empathy), openness: outcome(.openness),
            engagement: outcome(.engagement), responsiveness: outcome(.responsiveness),
            accountability: outcome(.accountability),
            goalAttainment: inputs.attainment(at: instant).map { DoubleValue(value: $0) },
            ambition: inputs.ambition(at: instant).map { DoubleValue(value: $0) },
            obstaclesPerWeek: inputs.obstaclesPerWeek(at: instant),
            motivated: withRatings ? inputs.motivation(at: instant).map { DoubleValue(value: $0) } : nil)
    }
}

extension Schema.SustainingIndex {
    /// - Parameter earlier: what it is compared with, and when that was.
    init(
        _ index: SustainingIndex, at instant: Instant, of relationship: ResourceName,
        since earlier: (index: SustainingIndex, at: Instant)?
    ) {
        let changes = earlier.map { index.logChanges(since: $0.index) }
        self.init(
            name: "\(relationship)/sustainingIndex", asOf: instant.timestamp, value: index.value,
            practices: index.levels.enumerated().map { number, level in
                Level(
                    practice: Schema.Practice(level.practice), value: level.value, met: Int64(level.met),
                    expected: Int64(level.expected), flag: Flag(level.flag), logChange: changes?[number] ?? 0)
            },
            weakest: Schema.Practice(index.weakest), comparedTo: earlier?.at.timestamp,
            logChange: changes.map { DoubleValue(value: $0.reduce(0, +)) })
    }
}

extension Schema.Practice {
    init(_ practice: Practice) {
        self =
            switch practice {
            case .communication: .communication
            case .recognition: .recognizing
            case .flexibility: .flexibility
            case .reflection: .reflection
            }
    }
}

extension Schema.SustainingIndex.Flag {
    fileprivate init(_ flag: PracticeLevel.Flag?) {
        self =
            switch flag {
            case .noTrigger: .noTrigger
            case .noWindow: .noWindow
            case nil: .unspecified
            }
    }
}
