import TrustModel

/// What a pair's acts are to the model: evidence and feedback, in the order of time, as the services would derive them.
public struct Ledger: Sendable {
    public enum Fact: Sendable {
        case evidence(Evidence)
        case feedback(FeedbackBalance.Item)

        public var at: Instant {
            switch self {
            case .evidence(let evidence): evidence.occurredAt
            case .feedback(let item): item.deliveredAt
            }
        }
    }

    public private(set) var facts: [Fact] = []
    private let number: UInt64
    private let start: Instant
    private var last: UInt64 = 0

    /// - Parameter start: the instant of day 0.
    public init(_ diary: Diary, from start: Instant) throws {
        number = UInt64(diary.pair.number) + 1
        self.start = start
        facts.reserveCapacity(diary.acts.count + diary.acts.count / 2)
        /// The coach's promises: due, and whether it was kept.
        var promises: [Int: (due: Double, isKept: Bool)] = [:]
        for act in diary.acts {
            switch act.kind {
            case .held: try add(.sessionHeld, act.day)
            case .absent(_, .coach): try add(.sessionTrusteeNoShow, act.day)
            case .calledOff(_, .coach): try add(.sessionCancelledLate, act.day)
            case .moved: try add(.sessionRescheduledByTrustee, act.day)
            case .promise(let promise, .coach, let due): promises[promise] = (due, false)
            case .renegotiated(let promise, let due) where promises[promise] != nil:
                promises[promise]?.due = due
                try add(.commitmentRenegotiated, act.day)
            case .kept(let promise) where promises[promise] != nil:
                promises[promise]?.isKept = true
                try add(.commitmentKept, act.day)
            case .decision(let decision, let isExplained):
                let kind: EvidenceKind = isExplained ? .decisionExplained : .decisionUnexplained
                try add(kind, act.day + (isExplained ? 0 : 2), about: "decisions/\(decision)")
            case .feedback(_, let kind, .coach): try addFeedback(kind, act.day)
            case .pulse(let item, let value): try addPulse(item, value, act.day)
            default: break
            }
        }
        for (_, promise) in promises.sorted(by: { $0.key < $1.key }) where !promise.isKept {
            let missed = try add(.commitmentMissed, promise.due + 1)
            try add(.commitmentAbandoned, promise.due + 8, supersedes: missed)
        }
        let end = instant(Double(diary.pair.weeks * 7))
        facts = facts.filter { $0.at < end }.sorted { $0.at < $1.at }
    }

    private func instant(_ day: Double) -> Instant {
        Instant(microseconds: start.microseconds + Int64((day * 86_400e6).rounded()))
    }

    private mutating func addFeedback(_ kind: Act.Feedback, _ day: Double) throws {
        switch kind {
        case .recognition: try add(.recognitionGiven, day)
        case .balanced:
            try add(.recognitionGiven, day)
            try add(.feedbackActionable, day)
        case .constructive: try add(.feedbackActionable, day)
        case .criticismOnly: try add(.feedbackVague, day)
        }
        let counted: FeedbackBalance.Kind =
            switch kind {
            case .recognition: .recognition
            case .balanced: .balanced
            case .criticismOnly: .criticismOnly
            default: .constructive
            }
        facts.append(.feedback(FeedbackBalance.Item(counted, at: instant(day))))
    }

    private mutating func addPulse(_ item: Act.Pulse, _ value: Int, _ day: Double) throws {
        let kind: EvidenceKind =
            switch item {
            case .dependable: .pulseDependable
            case .honest: .pulseHonest
            case .useful: .pulseUseful
            case .understood: .pulseUnderstood
            }
        try add(kind, day, measure: .pulse(value))
    }

    @discardableResult
    private mutating func add(
        _ kind: EvidenceKind, _ day: Double, measure: Measure = .none, about resource: String = "",
        supersedes: EventID? = nil
    ) throws -> EventID {
        last += 1
        let id = EventID(high: number, low: last)
        let person = kind.isPulse ? "people/coachee" : "people/coach"
        facts.append(
            .evidence(
                try Evidence.make(
                    kind, id: id, measure: measure, sourceID: person, occurredAt: instant(day),
                    recordedAt: instant(day), supersedes: supersedes,
                    references: resource.isEmpty ? [] : [resource])))
        return id
    }
}

extension Ledger {
    /// Loses facts.
    public mutating func keep(_ isKept: (Fact) -> Bool) { facts = facts.filter(isKept) }

    /// What D1 to D3 raise on these facts.
    public func alarms(acknowledging isAcknowledged: Bool) -> [Alarm] {
        var detectors = DetectorState(acknowledging: isAcknowledged)
        return facts.compactMap { fact in
            let raised: DetectorState.Raised? =
                switch fact {
                // What supersedes a miss says the same of it once more.
                case .evidence(let evidence) where evidence.kind != .commitmentAbandoned:
                    Conduct.facts(of: [evidence]).first.flatMap { detectors.take($0) }
                case .evidence: nil
                case .feedback(let item): detectors.take(item)
                }
            guard let raised, raised.isAlert else { return nil }
            return Alarm(raised.challenge, week: raised.at.days(since: start) / 7)
        }
    }
}
