import Schema

/// What one pair did, as business facts in time order.
struct Story: Sendable {
    /// Short name: the alias on the command line and the key in demo.json.
    let id: String
    let trustor: Persona
    let trustee: Persona
    let programme: DemoProgramme
    /// Why the two work together, as their agreement says it.
    let purpose: String
    /// Days from the demo's day 0 to this story's day 0.
    var offset = 0
    /// Hour of the day, UTC, at which this pair's facts happen, 0 to 23.
    var hour = 0
    let days: [StoryDay]

    /// Day on which the relationship begins, before the first fact of day 0 (docs/domain.md rule 18).
    static let activationDay = -1

    var title: String { "\(trustor.displayName)'s trust in \(trustee.displayName)" }
    var lastDay: Int { days.last?.day ?? 0 }

    func person(_ party: Party) -> Persona {
        party == .trustor ? trustor : trustee
    }

    /// Whose promise a label stands for; a support action's is the trustee's.
    func owner(ofPromise label: String) -> Party {
        for case .promise(label, let owner, _, _) in days.flatMap(\.facts) { return owner }
        return .trustee
    }

    /// The evidence that Trust makes of the story, by day (docs/domain.md §3.2, rules 3 and 4).
    var evidence: [(day: Int, kind: String)] {
        days.flatMap { day in
            day.facts.flatMap { fact in
                fact.evidence(isTrustees: { owner(ofPromise: $0) == .trustee }).map { (day.day, $0) }
            }
        }
    }
}

extension Fact {
    /// Kinds of docs/domain.md §3.2. Acts of the trustor are none (docs/domain.md rule 3).
    func evidence(isTrustees: (String) -> Bool) -> [String] {
        switch self {
        case .plan, .promise, .acknowledged, .repaired, .contextChange, .goal: []
        case .held: ["session.held"]
        case .intent: ["intent.stated"]
        case .kept(let label): isTrustees(label) ? ["commitment.kept"] : []
        case .renegotiated(let label, _): isTrustees(label) ? ["commitment.renegotiated"] : []
        case .missed(let label): isTrustees(label) ? ["commitment.missed"] : []
        case .decision: ["decision.explained"]
        case .reflectBack(_, let correction): [correction == nil ? "reflection.confirmed" : "reflection.corrected"]
        case .advice: ["advice.helpful"]
        case .support(_, _, let contextChange, _): contextChange == nil ? [] : ["support.adapted"]
        case .feedback(let item): item.evidence
        case .recognition: ["recognition.given"]
        case .attainment(_, _, _, let countersigned, _): countersigned ? ["goal.gas"] : []
        case .pulse(.dependable, _): ["pulse.dependable"]
        case .pulse(.honest, _): ["pulse.honest"]
        case .pulse(.useful, _): ["pulse.useful"]
        case .pulse(.understood, _): ["pulse.understood"]
        case .pulse: []
        }
    }
}

extension FeedbackItem {
    /// docs/domain.md rule 10.
    fileprivate var evidence: [String] {
        let isComplete = ![situation, behaviour, impact, nextStep].contains("")
        let substance = isComplete ? "feedback.actionable" : "feedback.vague"
        return switch kind {
        case .recognition: ["recognition.given"]
        case .balanced: ["recognition.given", substance]
        case .constructive, .criticismOnly: [substance]
        default: []
        }
    }
}
