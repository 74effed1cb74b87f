/// The four practices that sustain trust (docs/domain.md §3.13).
public enum Practice: UInt8, CaseIterable, Sendable {
    case communication
    case recognition
    case flexibility
    case reflection
}

/// What the practices of one relationship are measured from: the 56 days before an instant are enough, with what
/// answered their triggers.
public struct SustainingFacts: Sendable {
    /// A time that does not count: leave of either, or a pause.
    public struct Absence: Hashable, Sendable {
        public var from: Instant
        public var to: Instant

        public init(from: Instant, to: Instant) {
            self.from = from
            self.to = to
        }
    }

    /// Something that asks for an adaptation.
    public struct Trigger: Hashable, Sendable {
        public var occurredAt: Instant
        /// The first adaptation to it that both agreed on.
        public var answeredAt: Instant?

        public init(occurredAt: Instant, answeredAt: Instant?) {
            self.occurredAt = occurredAt
            self.answeredAt = answeredAt
        }
    }

    public struct Reflection: Hashable, Sendable {
        public var occurredAt: Instant
        public var isByBoth: Bool
        /// When the first of the actions that came of it was done.
        public var actionClosedAt: Instant?

        public init(occurredAt: Instant, isByBoth: Bool, actionClosedAt: Instant?) {
            self.occurredAt = occurredAt
            self.isByBoth = isByBoth
            self.actionClosedAt = actionClosedAt
        }
    }

    public static let windowDays = 56
    static let halfDays = 28
    static let answerDays = 14

    /// The relationship's start: what began before is left out.
    public var start: Instant
    /// 1 or more.
    public var cadenceDays: Int
    /// Held sessions and delivered feedback.
    public var contacts: [Instant] = []
    public var absences: [Absence] = []
    public var recognitions: [Instant] = []
    /// Improvement with a next step.
    public var guidance: [Instant] = []
    public var triggers: [Trigger] = []
    public var reflections: [Reflection] = []

    public init(start: Instant, cadenceDays: Int) {
        self.start = start
        self.cadenceDays = max(1, cadenceDays)
    }

    // MARK: Levels

    /// How far one practice was kept up in the 56 days up to `instant`.
    func level(of practice: Practice, at instant: Instant) -> PracticeLevel {
        switch practice {
        case .communication: communication(at: instant)
        case .recognition: recognition(at: instant)
        case .flexibility: flexibility(at: instant)
        case .reflection: reflection(at: instant)
        }
    }

    private func communication(at instant: Instant) -> PracticeLevel {
        let windows = cadenceWindows(before: instant)
        let met = windows.count { window in contacts.contains { $0 > window.from && $0 <= window.to } }
        return PracticeLevel(.communication, met: met, of: windows.count, otherwise: .noWindow)
    }

    /// Spans of `cadenceDays` outside of absences each, the latest first, within the 56 days and after the start.
    func cadenceWindows(before instant: Instant) -> [Absence] {
        let limit = max(start, instant.advanced(byDays: -Self.windowDays))
        let length = Int64(cadenceDays) * Instant.microsecondsPerDay
        let latestFirst = absences.filter { $0.from < $0.to }.sorted { $0.to > $1.to }
        var windows: [Absence] = []
        var end = instant
        while true {
            var (from, missing) = (end, length)
            for absence in latestFirst where absence.from < from {
                let gap = from.microseconds - min(absence.to, from).microseconds
                if gap >= missing { break }
                missing -= gap
                from = absence.from
            }
            from = Instant(microseconds: from.microseconds - missing)
            guard from >= limit else { return windows }
            windows.append(Absence(from: from, to: end))
            end = from
        }
    }

    private func recognition(at instant: Instant) -> PracticeLevel {
        var (met, expected) = (0, 0)
        for half in 0..<Self.windowDays / Self.halfDays {
            let end = instant.advanced(byDays: -half * Self.halfDays)
            let from = end.advanced(byDays: -Self.halfDays)
            guard from >= start else { break }
            expected += 2
            for kind in [recognitions, guidance] where kind.contains(where: { $0 > from && $0 <= end }) { met += 1 }
        }
        return PracticeLevel(.recognition, met: met, of: expected, otherwise: .noWindow)
    }

    /// A trigger that may still be answered in time says nothing yet.
    private func flexibility(at instant: Instant) -> PracticeLevel {
        var (met, expected) = (0, 0)
        for trigger in triggers where isWithin(trigger.occurredAt, instant) {
            let deadline = trigger.occurredAt.advanced(byDays: Self.answerDays)
            let isAnswered = trigger.answeredAt.map { $0 <= min(deadline, instant) } ?? false
            guard isAnswered || deadline < instant else { continue }
            expected += 1
            if isAnswered { met += 1 }
        }
        return PracticeLevel(.flexibility, met: met, of: expected, otherwise: .noTrigger)
    }

    /// One reflection is due in 56 days, so a younger relationship owes none yet.
    private func reflection(at instant: Instant) -> PracticeLevel {
        guard start <= instant.advanced(byDays: -Self.windowDays) else {
            return PracticeLevel(.reflection, met: 0, of: 0, otherwise: .noWindow)
        }
        let best = reflections.filter { isWithin($0.occurredAt, instant) }.map { reflection in
            1 + (reflection.isByBoth && reflection.actionClosedAt.map { $0 <= instant } ?? false ? 1 : 0)
        }.max()
        return PracticeLevel(.reflection, met: best ?? 0, of: 2, otherwise: .noWindow)
    }

    private func isWithin(_ occurredAt: Instant, _ instant: Instant) -> Bool {
        occurredAt > instant.advanced(byDays: -Self.windowDays) && occurredAt >= start && occurredAt <= instant
    }
}

/// How far one practice was kept up.
public struct PracticeLevel: Hashable, Sendable {
    public enum Flag: Hashable, Sendable {
        /// Nothing asked for an adaptation.
        case noTrigger
        /// No window lies wholly after the start, outside of absences.
        case noWindow
    }

    public let practice: Practice
    /// p, 0...1: 1 where nothing was expected.
    public let value: Double
    public let met: Int
    public let expected: Int
    public let flag: Flag?

    init(_ practice: Practice, met: Int, of expected: Int, otherwise flag: Flag) {
        self.practice = practice
        self.met = met
        self.expected = expected
        value = expected == 0 ? 1 : Double(met) / Double(expected)
        self.flag = expected == 0 ? flag : nil
    }
}

extension SustainingFacts {
    /// Days between two instants, absences removed.
    public func presence(from: Instant, to: Instant) -> Double {
        Self.presence(from: from, to: to, without: absences)
    }

    public static func presence(from: Instant, to: Instant, without absences: [Absence]) -> Double {
        var present = 0.0
        var end = to
        for absence in absences.sorted(by: { $0.to > $1.to }) where absence.from < end && absence.to > from {
            if absence.to < end { present += end.days(since: absence.to) }
            end = absence.from
        }
        return end > from ? present + end.days(since: from) : present
    }
}
