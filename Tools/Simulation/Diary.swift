/// All that one pair does, in the order of time. A promise that is missed has no act: its date passes.
public struct Diary: Sendable {
    public let pair: Pair
    public private(set) var acts: [Act] = []
    private var dice: Dice
    private var lastNumber = 0

    public init(of pair: Pair) {
        self.pair = pair
        dice = pair.dice
        meet()
        promise(by: .coach, pair.parameters.coachPromises)
        promise(by: .coachee, pair.parameters.coacheePromises)
        decide()
        giveFeedback()
        answerPulses()
        changeInSilence()
        let end = days
        acts = acts.enumerated().filter { $0.element.day >= 0 && $0.element.day < end }
            .sorted { ($0.element.day, $0.offset) < ($1.element.day, $1.offset) }.map(\.element)
    }

    private var days: Double { Double(pair.weeks * 7) }

    private mutating func number() -> Int {
        lastNumber += 1
        return lastNumber
    }

    private mutating func add(_ kind: Act.Kind, on day: Double) { acts.append(Act(day: day, kind: kind)) }

    private func isLeave(_ day: Double) -> Bool { pair.leave.contains { $0.covers(day) } }

    private func hasLapsed(by day: Double) -> Bool {
        pair.planting(.lapse).map { day >= $0.start * 7 } ?? false
    }

    private func missed(on day: Double) -> Double {
        pair.planting(.inconsistency)?.share(pair.missed, at: day / 7) ?? pair.missed
    }

    /// Instants of a Poisson process, while the pair is at it.
    private mutating func instants(_ perWeek: Double) -> [Double] {
        guard perWeek > 0 else { return [] }
        var instants: [Double] = []
        var day = 0.5
        while true {
            day += dice.exponential(rate: perWeek / 7)
            guard day < days, !hasLapsed(by: day) else { return instants }
            if !isLeave(day) { instants.append(day) }
        }
    }

    // MARK: What they do

    /// Held .90, moved .06, called off late .02, not come .02; where inconsistency is planted, the coach fails more often.
    private mutating func meet() {
        var slot = Double(pair.cadenceDays) / 2
        while slot < days {
            defer { slot += Double(pair.cadenceDays) }
            let day = max(1.5, slot + dice.uniform(-2...2)).rounded(.down) + 0.4
            let (chance, isCoach, planned) = (dice.uniform(), dice.happens(0.5), dice.uniform(2...5))
            let delay = dice.uniform(1.5...3)
            guard day < days - 1, !hasLapsed(by: day), !isLeave(day) else { continue }
            let session = number()
            add(.plan(session: session, on: day), on: max(0.1, day - planned))
            let fails = pair.planting(.inconsistency).map { day / 7 >= $0.start } ?? false ? missed(on: day) : 0.02
            switch chance {
            case ..<(fails / 2): add(.absent(session: session, .coach), on: day + 0.1)
            case ..<fails: add(.calledOff(session: session, by: .coach), on: day - 0.5)
            case ..<(fails + 0.01): add(.absent(session: session, .coachee), on: day + 0.1)
            case ..<(fails + 0.02): add(.calledOff(session: session, by: .coachee), on: day - 0.5)
            case ..<(fails + 0.08) where isCoach || day > 4:
                add(.moved(session: session, to: day + delay), on: max(0.2, day - 1.3))
                add(.held(session: session), on: day + delay + 0.1)
            default: add(.held(session: session), on: day + 0.1)
            }
        }
    }

    private mutating func promise(by person: Act.Person, _ perWeek: Double) {
        for day in instants(perWeek) {
            let promise = number()
            let due = day + dice.uniform(4...10)
            let (chance, early) = (dice.uniform(), dice.uniform(0.1...1))
            add(.promise(promise, by: person, due: due), on: day)
            let fails = person == .coach ? missed(on: due) : pair.missed
            guard chance >= fails else { continue }
            if chance >= 0.97 {
                add(.renegotiated(promise: promise, due: due + 5), on: due - early)
                add(.kept(promise: promise), on: due + 4)
            } else {
                add(.kept(promise: promise), on: due - early)
            }
        }
    }

    private mutating func decide() {
        for day in instants(pair.parameters.decisions) {
            let share = pair.planting(.opacity)?.share(pair.unexplained, at: day / 7) ?? pair.unexplained
            add(.decision(number(), isExplained: !dice.happens(share)), on: day)
        }
    }

    private mutating func giveFeedback() {
        for day in instants(pair.parameters.feedback) {
            let share = pair.planting(.criticism)?.share(pair.criticism, at: day / 7) ?? pair.criticism
            let others: [Act.Feedback] = [.recognition, .balanced, .constructive]
            let other = others[dice.choice([0.45, 0.275, 0.275])]
            add(.feedback(number(), dice.happens(share) ? .criticismOnly : other, by: .coach), on: day)
        }
        for day in instants(pair.parameters.upwardFeedback) {
            let kinds: [Act.Feedback] = [.recognition, .balanced, .constructive]
            add(.feedback(number(), kinds[dice.choice([0.5, 0.3, 0.2])], by: .coachee), on: day)
        }
    }

    /// Every second week; the answer follows how things have gone, with the rater's own habit and chance.
    private mutating func answerPulses() {
        let habit = dice.normal() * 0.4
        var day = 13.7
        while day < days, !hasLapsed(by: day) {
            for item in Act.Pulse.allCases {
                let badness =
                    switch item {
                    case .dependable: missed(on: day)
                    case .honest: pair.planting(.opacity)?.share(pair.unexplained, at: day / 7) ?? pair.unexplained
                    default: pair.planting(.criticism)?.share(pair.criticism, at: day / 7) ?? pair.criticism
                    }
                let value = 4.6 - 2.5 * badness + habit + dice.normal() * 0.8
                let answers = dice.happens(pair.parameters.response)
                guard answers, !isLeave(day) else { continue }
                add(.pulse(item, value: min(5, max(1, Int(value.rounded())))), on: day)
            }
            day += 14
        }
    }

    private mutating func changeInSilence() {
        guard let planting = pair.planting(.silentChange) else { return }
        let note = number()
        add(.note(note), on: max(1, planting.start * 7 - 7))
        add(.silentChange(note: note), on: planting.start * 7)
    }
}
