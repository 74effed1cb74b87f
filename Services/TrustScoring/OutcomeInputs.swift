import Schema
import TrustModel

/// The outcomes' inputs, made of what was observed (docs/domain.md §3.12, rules 31 and 50). Pure.
struct OutcomeInputs: Sendable {
    /// Days of sessions that the rhythm is read off.
    static let rhythmDays = 365
    /// Below so many answers a trend would show single ones (docs/domain.md §6.9).
    static let sufficientAnswers = 4
    /// Days of obstacles that their rate is counted over.
    static let obstacleDays = 28

    let facts: OutcomeFacts
    /// Feedback to the trustee, and the answers to it.
    private let toTrustee: [OutcomePart: [OutcomeFacts.Question]]
    private let observations: [Observation.Kind: [Observation]]
    private let motivation: [OutcomeItem]
    private let attention: [OutcomeItem]

    /// - Parameter observations: in the order of time.
    init(_ observations: [Observation]) {
        let byKind = Dictionary(grouping: observations, by: \.kind)
        self.observations = byKind
        var facts = OutcomeFacts()
        facts.items[.raised] = OutcomeInputs.raised(byKind)
        facts.items[.safety] = OutcomeInputs.ratings(byKind[.safety] ?? [])
        facts.items[.attended] = OutcomeInputs.attended(byKind)
        facts.items[.contributed] = OutcomeInputs.contributed(byKind)
        facts.items[.checkedIn] =
            (byKind[.checkIn] ?? []).map { OutcomeItem($0, value: $0.isSet ? 1 : 0) }
            + (byKind[.goalSet] ?? []).map { OutcomeItem($0, value: 1) }
        facts.items[.keptWord] = OutcomeInputs.promises(byKind)
        facts.questions = OutcomeInputs.questions(byKind, by: .trustee)
        self.facts = facts
        toTrustee = OutcomeInputs.questions(byKind, by: .trustor)
        motivation = OutcomeInputs.ratings(byKind[.motivation] ?? [])
        attention = (byKind[.sessionHeld] ?? []).filter { $0.value >= 1 }.map {
            OutcomeItem($0, value: ($0.value - 1) / 4)
        }
    }

    private static func ratings(_ observations: [Observation]) -> [OutcomeItem] {
        observations.map { OutcomeItem($0, value: ($0.value - 1) / 4) }
    }

    /// One item a held session: an obstacle or a concern of the trustor in (previous held session, this session + 24 h], or
    /// their word at the attestation. A session that may still turn out so is none yet.
    private static func raised(_ byKind: [Observation.Kind: [Observation]]) -> [OutcomeItem] {
        let raised =
            ((byKind[.obstacle] ?? []) + (byKind[.agendaItem] ?? []).filter(\.isSet))
            .filter { $0.role == .trustor }.map(\.at)
        var previous = Instant(microseconds: .min)
        return (byKind[.sessionHeld] ?? []).map { session in
            defer { previous = session.at }
            let end = session.at.advanced(byHours: 24)
            if session.isSet { return OutcomeItem(session, value: 1) }
            let first = raised.filter { $0 <= end && $0 > previous }.min()
            return OutcomeItem(session, value: first == nil ? 0 : 1, knownFrom: first ?? end)
        }
    }

    /// Where the trustee did not come, nothing is said about the trustor.
    private static func attended(_ byKind: [Observation.Kind: [Observation]]) -> [OutcomeItem] {
        (byKind[.sessionHeld] ?? []).map { OutcomeItem($0, value: 1) }
            + (byKind[.trustorAbsent] ?? []).map { OutcomeItem($0, value: 0) }
    }

    private static func contributed(_ byKind: [Observation.Kind: [Observation]]) -> [OutcomeItem] {
        let prepared = Set((byKind[.agendaItem] ?? []).filter { $0.role == .trustor }.map(\.object))
        return (byKind[.sessionHeld] ?? []).map { OutcomeItem($0, value: prepared.contains($0.subject) ? 1 : 0) }
    }

    /// A miss stands until the day of the late claim.
    private static func promises(_ byKind: [Observation.Kind: [Observation]]) -> [OutcomeItem] {
        let late = Dictionary((byKind[.promiseLate] ?? []).map { ($0.subject, $0.at) }) { first, _ in first }
        return [.promiseKept, .promiseLate, .promiseRenegotiated].flatMap { kind in
            (byKind[kind] ?? []).map { OutcomeItem($0, value: $0.value) }
        } + (byKind[.promiseMissed] ?? []).map { OutcomeItem($0, value: 0, supersededAt: late[$0.subject]) }
    }

    /// Feedback of one side: all of it asks for an acknowledgement, what is neither recognition nor neutral for an action.
    private static func questions(
        _ byKind: [Observation.Kind: [Observation]], by author: Role
    ) -> [OutcomePart: [OutcomeFacts.Question]] {
        func first(_ kinds: [Observation.Kind]) -> [String: Instant] {
            Dictionary(kinds.flatMap { byKind[$0] ?? [] }.map { ($0.subject, $0.at) }, uniquingKeysWith: min)
        }
        // Who acts on it has taken note of it.
        let acknowledged = first([.acknowledged, .acted])
        let acted = first([.acted])
        let items = (byKind[.feedback] ?? []).filter { $0.role == author }
        return [
            .acknowledged: items.map { .init(askedAt: $0.at, answeredAt: acknowledged[$0.subject]) },
            .acted: items.filter { ![.recognition, .neutral].contains($0.feedbackKind) }.map {
                .init(askedAt: $0.at, answeredAt: acted[$0.subject])
            },
        ]
    }

    // MARK: Beside the outcomes

    /// Median time until the feedback to one side is answered, in microseconds.
    func median(_ part: OutcomePart, toTrustor: Bool, at instant: Instant) -> Int64? {
        let questions = (toTrustor ? facts.questions : toTrustee)[part] ?? []
        return KaplanMeier(OutcomeFacts.waiting(questions, at: instant)).median
    }

    /// Contacts that each side began in the last 120 days: feedback that says something.
    func contacts(at instant: Instant) -> (trustor: Int, trustee: Int) {
        let first = instant.advanced(byDays: -OutcomeFacts.responseDays)
        let items = (observations[.feedback] ?? []).filter {
            $0.at > first && $0.at <= instant && $0.feedbackKind != .neutral
        }
        return (items.count { $0.role == .trustor }, items.count { $0.role == .trustee })
    }

    func burstiness(at instant: Instant) -> Double? {
        let first = instant.advanced(byDays: -Self.rhythmDays)
        let starts = (observations[.sessionHeld] ?? []).map(\.at).filter { $0 > first && $0 <= instant }
        return Rhythm.burstiness(of: zip(starts.dropFirst(), starts).map { $0.days(since: $1) })
    }

    /// The share of the last 120 days' sessions of known depth that told the state of things alone (docs/domain.md S09).
    func formality(at instant: Instant) -> Double? {
        let first = instant.advanced(byDays: -OutcomeFacts.responseDays)
        let depths = (observations[.depth] ?? []).filter { $0.at > first && $0.at <= instant && $0.value >= 1 }
        guard depths.count >= Self.sufficientAnswers else { return nil }
        return Double(depths.count { $0.value == Double(Session.Depth.status.rawValue) }) / Double(depths.count)
    }

    func attention(at instant: Instant) -> Double? { Self.trend(attention, at: instant) }

    func motivation(at instant: Instant) -> Double? { Self.trend(motivation, at: instant) }

    private static func trend(_ items: [OutcomeItem], at instant: Instant) -> Double? {
        let (value, count) = OutcomeFacts.share(of: items, at: instant)
        return count >= sufficientAnswers ? value : nil
    }

    /// Mean of each goal's latest level, -2 to 2.
    func attainment(at instant: Instant) -> Double? {
        mean(of: latest(.attainment, by: \.object, at: instant).map(\.value))
    }

    /// Mean of the rated goals that are open, 1 to 5 (docs/domain.md S50).
    func ambition(at instant: Instant) -> Double? {
        mean(of: latest(.goalState, by: \.subject, at: instant).filter { $0.isSet && $0.value >= 1 }.map(\.value))
    }

    /// Obstacles that the trustor raised, per week of the 28 days before (docs/domain.md S50).
    func obstaclesPerWeek(at instant: Instant) -> Double {
        let first = instant.advanced(byDays: -Self.obstacleDays)
        let count = (observations[.obstacle] ?? []).count { $0.role == .trustor && $0.at > first && $0.at <= instant }
        return Double(count) * 7 / Double(Self.obstacleDays)
    }

    private func latest(
        _ kind: Observation.Kind, by key: (Observation) -> String, at instant: Instant
    ) -> [Observation] {
        let known = (observations[kind] ?? []).filter { $0.at <= instant }
        return Array(Dictionary(known.map { (key($0), $0) }) { $1 }.values)
    }

    private func mean(of values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}

extension OutcomeItem {
    fileprivate init(
        _ observation: Observation, value: Double, knownFrom: Instant? = nil, supersededAt: Instant? = nil
    ) {
        self.init(
            value: value, occurredAt: observation.at, knownFrom: knownFrom, supersededAt: supersededAt,
            reference: observation.subject)
    }
}

extension Observation {
    /// Of feedback: what its giver calls it.
    var feedbackKind: FeedbackItem.Kind { FeedbackItem.Kind(rawValue: Int32(object) ?? 0) }
    /// Of feedback: what balance counts, the receiver's own tag where there is one.
    var effectiveKind: FeedbackItem.Kind { FeedbackItem.Kind(rawValue: Int32(value)) }
    /// A held session, or feedback that says something.
    var isContact: Bool { kind == .sessionHeld || kind == .feedback && effectiveKind != .neutral }
}
