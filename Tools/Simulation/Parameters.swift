/// What a synthetic organisation is made of; the defaults are those of docs/domain.md §8.2.
public struct Parameters: Hashable, Sendable, Codable {
    /// One number decides everything.
    public var seed: UInt64 = 1
    public var people = 1200
    public var units = 12
    public var pairs = 400
    public var weeks = 52
    /// Shares of weekly, fortnightly and monthly pairs.
    public var cadences = [0.6, 0.3, 0.1]

    /// Acts a week in the mean.
    public var coachPromises = 1.0
    public var coacheePromises = 1.2
    public var decisions = 0.5
    public var feedback = 0.8
    public var upwardFeedback = 0.2
    /// Share of the pulses that are answered.
    public var response = 0.55

    /// Beta parameters of what each pair does where all is well.
    public var missed = [2.0, 23]
    public var unexplained = [2.0, 23]
    public var criticism = [4.0, 16]

    /// Shares of the pairs in which something is planted, and how strong it is.
    public var inconsistencyShare = 0.06
    public var inconsistency = 0.40
    /// Of those, the share that comes in a ramp of 8 weeks.
    public var rampShare = 0.5
    public var criticismShare = 0.05
    public var criticismOnly = 0.75
    public var opacityShare = 0.05
    public var opacity = 0.50
    public var silentChangeShare = 0.01
    public var lapseShare = 0.08
    /// Weeks between which what is planted begins.
    public var earliestStart = 10.0
    public var latestStart = 40.0

    /// Fortnights and single days that each person is away, and the share of them that the calendar knows.
    public var fortnights = 2
    public var singleDays = 8
    public var calendarShare = 0.7

    /// Of the posted acts.
    public var duplicates = 0.02

    public init() {}

    /// A size by name.
    public static let presets: [(name: String, summary: String, parameters: Parameters)] = [
        (
            "tiny", "4 pairs, 12 weeks",
            make {
                $0.people = 12
                $0.units = 2
                $0.pairs = 4
                $0.weeks = 12
                $0.fortnights = 0
                $0.singleDays = 2
                $0.earliestStart = 2
                $0.latestStart = 5
                $0.inconsistencyShare = 0.5
                $0.criticismShare = 0.5
                $0.opacityShare = 0.5
                $0.silentChangeShare = 0.5
            }
        ),
        (
            "org-120", "120 people, 40 pairs",
            make {
                $0.people = 120
                $0.units = 4
                $0.pairs = 40
            }
        ),
        ("org-1200", "1,200 people, 400 pairs", make { _ in }),
        ("null-1200", "1,200 people, nothing planted", make { $0.plantNothing() }),
        (
            "org-50k", "50,000 people, 16,667 pairs",
            make {
                $0.people = 50_000
                $0.units = 500
                $0.pairs = 16_667
            }
        ),
        ("targets", "the rates that the targets of the detectors are stated for, in 1,000 pairs", targets),
    ]

    /// docs/domain.md §4.1 to §4.3: two obligations and one feedback item a week, a decision in two; 12 to 15 % planted.
    public static let targets = make {
        $0.people = 2000
        $0.pairs = 1000
        $0.cadences = [1, 0, 0]
        $0.feedback = 1
        $0.inconsistencyShare = 0.15
        $0.rampShare = 0
        $0.criticismShare = 0.12
        $0.opacityShare = 0.12
        $0.lapseShare = 0
        $0.fortnights = 0
        $0.singleDays = 0
    }

    public mutating func plantNothing() {
        inconsistencyShare = 0
        criticismShare = 0
        opacityShare = 0
        silentChangeShare = 0
        lapseShare = 0
    }

    private static func make(_ change: (inout Parameters) -> Void) -> Parameters {
        var parameters = Parameters()
        change(&parameters)
        return parameters
    }
}
