import Schema
import TrustModel

/// What the coach could do next: acts of their own that become evidence, as far as there is an occasion (docs/domain.md S14,
/// §4.5).
struct NextActs {
    static let maximum = 3

    private let reasons: [EvidenceKind: SuggestedAction.Reason]

    init(_ inputs: SustainingInputs, at instant: Instant) {
        var reasons: [EvidenceKind: SuggestedAction.Reason] = [
            .commitmentKept: .mostUncertain, .sessionHeld: .mostUncertain, .intentStated: .mostUncertain,
            .decisionExplained: .mostUncertain, .feedbackActionable: .mostUncertain, .adviceHelpful: .mostUncertain,
            .reflectionConfirmed: .mostUncertain, .recognitionGiven: .mostUncertain,
        ]
        if inputs.hasContactGap(at: instant) { reasons[.sessionHeld] = .contactGap }
        if inputs.hasRecognitionDrought(at: instant) { reasons[.recognitionGiven] = .recognitionDrought }
        if !inputs.openContextChanges.isEmpty { reasons[.supportAdapted] = .openContextChange }
        if !inputs.openFeedback.isEmpty { reasons[.responseInSLA] = .openFeedback }
        self.reasons = reasons
    }

    func kinds(of component: Component) -> [EvidenceKind] {
        EvidenceKind.allCases.filter { $0.component == component && reasons[$0] != nil }
    }

    func reason(of kind: EvidenceKind) -> SuggestedAction.Reason { reasons[kind] ?? .unspecified }
}

extension SuggestedAction {
    init(_ suggestion: Suggestion, reason: Reason) {
        self.init(
            kind: suggestion.kind.rawValue, text: suggestion.kind.invitation, reason: reason,
            change: suggestion.change, interval: Schema.Interval(suggestion.interval),
            widthChange: suggestion.widthChange)
    }
}

extension EvidenceKind {
    /// The act as an invitation; empty for what nobody would be advised to do.
    fileprivate var invitation: String {
        switch self {
        case .commitmentKept: "Promise something small with a date, and keep it"
        case .sessionHeld: "Meet for a session"
        case .responseInSLA: "Acknowledge the feedback that waits for you"
        case .intentStated: "Say a day ahead what the next session is for"
        case .decisionExplained: "Explain a decision that affects your coachee"
        case .feedbackActionable: "Give feedback with situation, behaviour, impact and a next step"
        case .adviceHelpful: "Offer advice, and let your coachee judge it"
        case .reflectionConfirmed: "Say back what you have heard, and let your coachee confirm it"
        case .recognitionGiven: "Recognise something that was done well"
        case .supportAdapted: "Adapt your support to what has changed"
        default: ""
        }
    }
}
