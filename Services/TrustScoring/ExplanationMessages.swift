import Schema
import ServiceKit
import TrustModel

extension Schema.Explanation {
    /// - Parameter evidence: what the lines may be about; a hypothesis has no record, and no name.
    init(_ explanation: Explanation, about evidence: [EventID: EvidenceRecord], of relationship: ResourceName) {
        self.init(
            from: explanation.from.timestamp, to: explanation.to.timestamp, scoreFrom: explanation.before,
            scoreTo: explanation.after, change: explanation.change,
            lines: explanation.lines.map { line in
                let record = line.cause.evidence.flatMap { evidence[$0] }
                let isRepaired = record?.repairedAt.map { $0 <= explanation.to } ?? false
                return Line(
                    cause: line.cause.message, component: Schema.Component(line.component),
                    kind: line.cause.kind?.rawValue ?? "",
                    evidence: record.map { relationship.evidence($0.evidence.id) } ?? "",
                    occurredAt: record?.evidence.occurredAt.timestamp ?? line.cause.day?.timestamp,
                    contribution: line.contribution, text: line.text(isRepaired: isRepaired))
            })
    }
}

extension Explanation.Cause {
    var message: Schema.Explanation.Cause {
        switch self {
        case .evidence: .event
        case .withdrawn, .repair, .reescalation: .reassessment
        case .bucket: .dailyLimit
        case .timePassed: .timePassed
        case .baseRate: .baseRate
        case .policy: .policy
        case .ratings: .ratings
        }
    }

    /// The UTC day that a flood limit is about.
    fileprivate var day: Instant? {
        guard case .bucket(_, _, let day) = self else { return nil }
        return Instant(microseconds: day * Instant.microsecondsPerDay)
    }
}

extension Explanation.Line {
    /// The line in words that a coach understands.
    func text(isRepaired: Bool) -> String {
        switch cause {
        case .evidence(_, let kind): isRepaired ? "\(kind.words); the repair was accepted" : kind.words
        case .withdrawn(_, let kind): "No longer counted: \(kind.words.lowercasedFirst)"
        case .repair(_, let kind): "Repair accepted: \(kind.words.lowercasedFirst)"
        case .reescalation(_, let kind): "Weighed again beside other breaches: \(kind.words.lowercasedFirst)"
        case .bucket(let kind, _, _):
            "Several of one kind on one day count as two at most: \(kind.words.lowercasedFirst)"
        case .timePassed: "Time passed, so what happened earlier says less about \(component.word) today"
        case .baseRate: "What can be expected after a breach of integrity has changed"
        case .policy: "The rules of scoring have changed"
        case .ratings: "Ratings of \(component.word), all together"
        }
    }
}

extension Component {
    fileprivate var word: String {
        switch self {
        case .reliability: "reliability"
        case .integrity: "integrity"
        case .competence: "competence"
        case .empathy: "empathy"
        }
    }
}

extension EvidenceKind {
    fileprivate var words: String {
        switch self {
        case .commitmentKept: "A promise was kept"
        case .commitmentKeptLate: "A promise was kept, but late"
        case .commitmentRenegotiated: "A promise was moved in time, by agreement"
        case .commitmentMissed: "A promise was missed"
        case .commitmentAbandoned: "A promise was missed without a word"
        case .sessionHeld: "A session took place"
        case .sessionRescheduledByTrustee: "A session was moved a day ahead or more"
        case .sessionCancelledLate: "A session was cancelled on short notice"
        case .sessionTrusteeNoShow: "The coach did not come to a session"
        case .responseInSLA: "Feedback was answered within three days"
        case .responseLate: "Feedback was not answered within three days"
        case .pulseDependable: "A rating of dependability"
        case .intentStated: "The purpose of a session was stated in advance"
        case .decisionExplained: "A decision was explained"
        case .decisionUnexplained: "A decision was left without a reason"
        case .conflictDisclosed: "A conflict of interest was disclosed"
        case .sharingAuthorised: "Something was shared only after permission"
        case .recordAlteredAfterSignoff: "A signed record was altered"
        case .confidentialityBreachConfirmed: "Confidentiality was breached"
        case .pulseHonest: "A rating of honesty"
        case .goalAttainment: "Progress on a goal was reviewed by both"
        case .adviceHelpful: "Advice was helpful"
        case .adviceUnhelpful: "Advice was not helpful"
        case .feedbackActionable: "Feedback came with a next step"
        case .feedbackVague: "Feedback was vague"
        case .credentialVerified: "A credential was verified"
        case .pulseUseful: "A rating of usefulness"
        case .reflectionConfirmed: "The coach had understood what was said"
        case .reflectionCorrected: "The coach checked what was meant, and was corrected"
        case .recognitionGiven: "Something done well was recognised"
        case .supportAdapted: "Support was adapted to a change"
        case .contextIgnored: "A change of circumstances was ignored"
        case .pulseUnderstood: "A rating of being understood"
        }
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
