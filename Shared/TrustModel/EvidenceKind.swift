/// The kinds of acts and statements that are evidence, and nothing else ever is (docs/domain.md §3.2).
public enum EvidenceKind: String, CaseIterable, Sendable {
    case commitmentKept = "commitment.kept"
    case commitmentKeptLate = "commitment.kept_late"
    case commitmentRenegotiated = "commitment.renegotiated"
    case commitmentMissed = "commitment.missed"
    case commitmentAbandoned = "commitment.abandoned"
    case sessionHeld = "session.held"
    case sessionRescheduledByTrustee = "session.rescheduled_by_trustee"
    case sessionCancelledLate = "session.cancelled_late"
    case sessionTrusteeNoShow = "session.trustee_no_show"
    case responseInSLA = "response.in_sla"
    case responseLate = "response.late"
    case pulseDependable = "pulse.dependable"

    case intentStated = "intent.stated"
    case decisionExplained = "decision.explained"
    case decisionUnexplained = "decision.unexplained"
    case conflictDisclosed = "conflict.disclosed"
    case sharingAuthorised = "sharing.authorised"
    case recordAlteredAfterSignoff = "record.altered_after_signoff"
    case confidentialityBreachConfirmed = "confidentiality.breach_confirmed"
    case pulseHonest = "pulse.honest"

    case goalAttainment = "goal.gas"
    case adviceHelpful = "advice.helpful"
    case adviceUnhelpful = "advice.unhelpful"
    case feedbackActionable = "feedback.actionable"
    case feedbackVague = "feedback.vague"
    case credentialVerified = "credential.verified"
    case pulseUseful = "pulse.useful"

    case reflectionConfirmed = "reflection.confirmed"
    case reflectionCorrected = "reflection.corrected"
    case recognitionGiven = "recognition.given"
    case supportAdapted = "support.adapted"
    case contextIgnored = "context.ignored"
    case pulseUnderstood = "pulse.understood"
}

extension EvidenceKind {
    /// One row of the table in docs/domain.md §3.2.
    private struct Row {
        var component: Component
        var value: Value
        var weight: Double
        var source: SourceClass = .system
        var isBreach = false
    }

    /// How v follows from the fact.
    enum Value: Equatable {
        case fixed(Double)
        /// max(0.2, 0.8 − 0.1 d) for a promise kept d whole days late.
        case daysLate
        /// (x − 1)/4 for an answer x in 1...5.
        case pulse
        /// (x + 2)/4 for an attainment x in −2...2.
        case attainment
    }

    private var row: Row {
        switch self {
        case .commitmentKept: Row(component: .reliability, value: .fixed(1), weight: 1)
        case .commitmentKeptLate: Row(component: .reliability, value: .daysLate, weight: 1)
        case .commitmentRenegotiated: Row(component: .reliability, value: .fixed(0.7), weight: 0.5)
        case .commitmentMissed: Row(component: .reliability, value: .fixed(0), weight: 1)
        case .commitmentAbandoned: Row(component: .reliability, value: .fixed(0), weight: 1.5, isBreach: true)
        case .sessionHeld: Row(component: .reliability, value: .fixed(1), weight: 0.5)
        case .sessionRescheduledByTrustee: Row(component: .reliability, value: .fixed(0.5), weight: 0.25)
        case .sessionCancelledLate: Row(component: .reliability, value: .fixed(0), weight: 0.75)
        case .sessionTrusteeNoShow: Row(component: .reliability, value: .fixed(0), weight: 1.5, isBreach: true)
        case .responseInSLA: Row(component: .reliability, value: .fixed(1), weight: 0.25)
        case .responseLate: Row(component: .reliability, value: .fixed(0), weight: 0.25)
        case .pulseDependable: Row(component: .reliability, value: .pulse, weight: 1, source: .coachee)

        case .intentStated: Row(component: .integrity, value: .fixed(1), weight: 0.5)
        case .decisionExplained: Row(component: .integrity, value: .fixed(1), weight: 0.75)
        case .decisionUnexplained: Row(component: .integrity, value: .fixed(0), weight: 0.75)
        case .conflictDisclosed: Row(component: .integrity, value: .fixed(1), weight: 0.5)
        case .sharingAuthorised: Row(component: .integrity, value: .fixed(1), weight: 0.25)
        case .recordAlteredAfterSignoff: Row(component: .integrity, value: .fixed(0), weight: 1.5, isBreach: true)
        case .confidentialityBreachConfirmed: Row(component: .integrity, value: .fixed(0), weight: 3, isBreach: true)
        case .pulseHonest: Row(component: .integrity, value: .pulse, weight: 1, source: .coachee)

        case .goalAttainment: Row(component: .competence, value: .attainment, weight: 1, source: .countersigned)
        case .adviceHelpful: Row(component: .competence, value: .fixed(1), weight: 0.5, source: .coachee)
        case .adviceUnhelpful: Row(component: .competence, value: .fixed(0), weight: 0.5, source: .coachee)
        case .feedbackActionable: Row(component: .competence, value: .fixed(1), weight: 0.25)
        case .feedbackVague: Row(component: .competence, value: .fixed(0), weight: 0.25)
        case .credentialVerified: Row(component: .competence, value: .fixed(1), weight: 0.5)
        case .pulseUseful: Row(component: .competence, value: .pulse, weight: 1, source: .coachee)

        case .reflectionConfirmed: Row(component: .empathy, value: .fixed(1), weight: 0.5, source: .coachee)
        case .reflectionCorrected: Row(component: .empathy, value: .fixed(0.4), weight: 0.5, source: .coachee)
        case .recognitionGiven: Row(component: .empathy, value: .fixed(1), weight: 0.25)
        case .supportAdapted: Row(component: .empathy, value: .fixed(1), weight: 0.5)
        case .contextIgnored: Row(component: .empathy, value: .fixed(0), weight: 0.5, source: .coachee)
        case .pulseUnderstood: Row(component: .empathy, value: .pulse, weight: 1, source: .coachee)
        }
    }

    /// The component whose opinion this kind moves.
    public var component: Component { row.component }

    /// The weight w of the table, 0.25 ... 3.
    public var weight: Double { row.weight }

    /// Who usually vouches for the fact.
    public var sourceClass: SourceClass { row.source }

    /// A breach escalates, scars (integrity only) and is exempt from the flood limit.
    public var isBreach: Bool { row.isBreach }

    /// Ratings of the trustor, which the trustee sees only folded into one line (docs/domain.md §3.18).
    public var isPulse: Bool { row.value == .pulse }

    var value: Value { row.value }

    /// A commitment that its beneficiary called trivial weighs this much (docs/domain.md §3.18).
    static let trivialWeight = 0.25

    var canBeTrivial: Bool {
        switch self {
        case .commitmentKept, .commitmentKeptLate, .commitmentRenegotiated, .commitmentMissed, .commitmentAbandoned:
            true
        default: false
        }
    }

    /// A case opens only for these, so only these can be repaired: no repair answers a rating, a late promise
    /// or a goal (docs/domain.md §3.6).
    var hasBreachCase: Bool { isBreach || self == .commitmentMissed }
}
