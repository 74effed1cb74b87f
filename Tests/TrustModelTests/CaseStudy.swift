@testable import TrustModel

/// The 61 events and the repair of docs/domain.md §8.1, by day.
struct CaseStudy {
    var start = origin
    var evidence: [Evidence] = []
    var repairs: [Repair] = []
    private var factory = EventFactory()

    var log: EvidenceLog { EvidenceLog(evidence: evidence, repairs: repairs) }

    static let days: [(Double, [(EvidenceKind, Measure)])] = [
        (0, [(.sessionHeld, .none), (.intentStated, .none), (.reflectionCorrected, .none)]),
        (2, [(.pulseUnderstood, .pulse(3)), (.pulseHonest, .pulse(3))]),
        (6, [(.commitmentKept, .none)]),
        (7, [(.sessionHeld, .none), (.reflectionConfirmed, .none)]),
        (9, [(.pulseUnderstood, .pulse(4))]),
        (13, [(.commitmentKept, .none)]),
        (
            14,
            [
                (.sessionHeld, .none), (.decisionExplained, .none), (.feedbackActionable, .none),
                (.reflectionConfirmed, .none),
            ]
        ),
        (16, [(.pulseUseful, .pulse(3)), (.pulseDependable, .pulse(4))]),
        (20, [(.commitmentKept, .none)]),
        (21, [(.sessionHeld, .none), (.recognitionGiven, .none), (.supportAdapted, .none)]),
        (23, [(.pulseUnderstood, .pulse(4))]),
        (27, [(.commitmentKept, .none)]),
        (28, [(.sessionHeld, .none), (.intentStated, .none), (.adviceHelpful, .none)]),
        (30, [(.pulseHonest, .pulse(4)), (.pulseUseful, .pulse(4))]),
        (34, [(.commitmentMissed, .none)]),
        (35, [(.sessionHeld, .none)]),
        (41, [(.commitmentKept, .none)]),
        (
            42,
            [
                (.sessionHeld, .none), (.goalAttainment, .attainment(0)), (.feedbackActionable, .none),
                (.recognitionGiven, .none),
            ]
        ),
        (44, [(.pulseUnderstood, .pulse(5)), (.pulseDependable, .pulse(4))]),
        (48, [(.commitmentKept, .none)]),
        (49, [(.sessionHeld, .none), (.decisionExplained, .none)]),
        (55, [(.commitmentKept, .none)]),
        (56, [(.sessionHeld, .none), (.reflectionConfirmed, .none)]),
        (58, [(.pulseHonest, .pulse(5)), (.pulseUseful, .pulse(4))]),
        (62, [(.commitmentRenegotiated, .none)]),
        (63, [(.sessionHeld, .none), (.adviceHelpful, .none)]),
        (69, [(.commitmentKept, .none)]),
        (70, [(.sessionHeld, .none), (.recognitionGiven, .none), (.feedbackActionable, .none)]),
        (72, [(.pulseUnderstood, .pulse(5))]),
        (76, [(.commitmentKept, .none)]),
        (77, [(.sessionHeld, .none), (.intentStated, .none)]),
        (83, [(.commitmentKept, .none)]),
        (84, [(.sessionHeld, .none), (.goalAttainment, .attainment(1))]),
        (86, [(.pulseHonest, .pulse(5)), (.pulseUseful, .pulse(5)), (.pulseDependable, .pulse(5))]),
    ]

    init() throws {
        for (number, facts) in CaseStudy.days {
            for (kind, measure) in facts { try add(kind, on: number, measure) }
        }
        repairs = [Repair(evidence: missed.id, acceptedAt: day(36))]
    }

    var missed: Evidence { evidence.first { $0.kind == .commitmentMissed }! }

    mutating func add(_ kind: EvidenceKind, on number: Double, _ measure: Measure = .none) throws {
        evidence.append(try factory.make(kind, on: number, measure))
    }

    /// Replaces events by what `change` makes of them; nil removes.
    mutating func replace(_ change: (Evidence) throws -> Evidence?) rethrows {
        evidence = try evidence.compactMap(change)
    }

    func state() throws -> RelationshipState {
        try Replay.state(of: log, start: start, policy: .standard)
    }

    func profile(at days: Double) throws -> Profile {
        try Replay.profile(of: log, start: start, policy: .standard, asOf: day(days))
    }
}

extension Evidence {
    /// The same event, otherwise dated, discounted or of another kind.
    func changed(
        kind: EvidenceKind? = nil, sourceClass: SourceClass? = nil, occurredAt: Instant? = nil
    ) throws -> Evidence {
        try Evidence(
            id: id, kind: kind ?? self.kind, v: v, w: kind?.weight ?? w,
            sourceClass: sourceClass ?? self.sourceClass, sourceID: sourceID,
            occurredAt: occurredAt ?? self.occurredAt, recordedAt: recordedAt)
    }
}
