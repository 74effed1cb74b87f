/// An organisation made of a seed: who is in it and who works with whom. Each pair is made of dice of its own, so any one of
/// them can be made without the others, and millions of acts never lie in memory at once.
public struct Organization: Sendable {
    public let parameters: Parameters
    private let dice: Dice
    /// The first pair of each coach, ascending.
    private let firstPairs: [Int]

    /// Coachees of one coach at most.
    static let coachCapacity = 12

    public init(_ parameters: Parameters) {
        self.parameters = parameters
        dice = Dice(seed: parameters.seed)
        // 1 + Geometric with mean 3 coachees a coach.
        var dice = dice.child(.max)
        var firstPairs: [Int] = []
        var pairs = 0
        while pairs < parameters.pairs {
            firstPairs.append(pairs)
            pairs += min(1 + dice.geometric(1.0 / 3), Self.coachCapacity)
        }
        self.firstPairs = firstPairs
    }

    public var pairCount: Int { parameters.pairs }
    public var coachCount: Int { firstPairs.count }

    /// Coaches come first, then coachees, then those who have neither.
    public var personCount: Int { max(parameters.people, coachCount + pairCount) }

    public func coach(of pair: Int) -> Int {
        var (low, high) = (0, firstPairs.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstPairs[middle] <= pair { low = middle } else { high = middle }
        }
        return low
    }

    public func coachee(of pair: Int) -> Int { coachCount + pair }

    public func unit(of person: Int) -> Int { person % max(1, parameters.units) }

    public func pair(_ number: Int) -> Pair {
        Pair(number: number, of: self, dice: dice.child(UInt64(number)))
    }

    /// When a person is away, in days from the start, and whether the calendar knows.
    public func leave(of person: Int) -> [Leave] {
        var dice = dice.child(1 << 40 | UInt64(person))
        let days = Double(parameters.weeks * 7)
        func leave(_ length: Double) -> Leave {
            let start = dice.uniform(0...max(1, days - length)).rounded(.down)
            return Leave(start: start, end: start + length, isInCalendar: dice.happens(parameters.calendarShare))
        }
        return (0..<parameters.fortnights).map { _ in leave(14) } + (0..<parameters.singleDays).map { _ in leave(1) }
    }
}

/// Days that somebody is away.
public struct Leave: Hashable, Sendable {
    public var start: Double
    public var end: Double
    public var isInCalendar: Bool

    func covers(_ day: Double) -> Bool { day >= start && day < end }
}
