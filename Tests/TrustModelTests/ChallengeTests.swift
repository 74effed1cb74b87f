import Testing

@testable import TrustModel

@Suite("Detectors of the challenges (docs/domain.md §4)")
struct ChallengeTests {
    // MARK: Cumulative sums

    @Test("One bad fact adds ln(p1/p0), one good fact takes ln((1-p1)/(1-p0)), and nothing falls below 0")
    func steps() {
        let sum = CumulativeSum.inconsistency
        #expect(near(sum.next(after: 0, true), 0.980829253))
        #expect(near(sum.next(after: 1, false), 1 - 0.348306694))
        #expect(sum.next(after: 0.2, false) == 0)
        #expect(near(CumulativeSum.opacity.next(after: 0, true), 1.098612289))
        #expect(near(CumulativeSum.opacity.next(after: 1, false), 1 - 0.435318071))
    }

    @Test(
        "Average run lengths of D1 are the published ones (docs/domain.md §4.1, first table)",
        arguments: [
            (2.5, [2521.0, 324, 104, 11.1, 7.6]), (3.0, [14951, 959, 214, 14.5, 9.7]),
            (3.5, [30228, 1665, 323, 16.5, 10.8]), (4.0, [164_899, 4579, 613, 19.7, 12.8]),
            (4.5, [467_169, 10007, 1035, 22.4, 14.3]),
        ])
    func runLengths(threshold: Double, published: [Double]) {
        for (share, expected) in zip([0.05, 0.10, 0.15, 0.40, 0.50], published) {
            let length = RunLength(of: .inconsistency, threshold: threshold, share: share).value
            #expect(abs(length / expected - 1) < 0.02, "h \(threshold), p \(share): \(length), published \(expected)")
        }
    }

    @Test("Thresholds: at 2.5 a watch, at 4 an alert, at 0.5 it is over; between them nothing changes")
    func thresholds() {
        let thresholds = Thresholds.inconsistency
        #expect(
            [0, 0.5, 0.51, 2.49, 2.5, 3.99, 4].map(thresholds.reading) == [
                .clear, .clear, .undecided, .undecided, .watch, .watch, .alert,
            ])
        // 6 in 8 weeks are .75 a week, 7 are .875.
        #expect(Thresholds.opacity(recentDecisions: 6).alert == 2.5)
        #expect(Thresholds.opacity(recentDecisions: 7).alert == 3.0)
    }

    // MARK: Conduct

    @Test("Kept and held is good; missed, abandoned, absent, called off late and more than 3 days late is bad")
    func conduct() throws {
        var events = EventFactory()
        let cases: [(EvidenceKind, Measure, Bool?)] = [
            (.commitmentKept, .none, false), (.sessionHeld, .none, false), (.commitmentKeptLate, .daysLate(3), false),
            (.commitmentKeptLate, .daysLate(4), true), (.commitmentMissed, .none, true),
            (.commitmentAbandoned, .none, true), (.sessionTrusteeNoShow, .none, true),
            (.sessionCancelledLate, .none, true), (.commitmentRenegotiated, .none, nil),
            (.sessionRescheduledByTrustee, .none, nil), (.recognitionGiven, .none, nil),
        ]
        for (kind, measure, isBad) in cases {
            let facts = Conduct.facts(of: [try events.make(kind, on: 1, measure)])
            #expect(facts.map(\.isBad) == (isBad.map { [$0] } ?? []), "\(kind) \(measure)")
            #expect(facts.allSatisfy { $0.challenge == .inconsistentBehaviour && $0.occurredAt == day(1) })
        }
    }

    @Test("Missed, then abandoned counts once, at the time of the miss; kept late is no miss any more")
    func chains() throws {
        var events = EventFactory()
        let missed = try events.make(.commitmentMissed, on: 2)
        let abandoned = try events.make(.commitmentAbandoned, at: day(9), supersedes: missed.id)
        let facts = Conduct.facts(of: [missed, abandoned])
        #expect(facts.map(\.occurredAt) == [day(2)] && facts.map(\.id) == [abandoned.id])
        let late = try events.make(.commitmentKeptLate, at: day(3), measure: .daysLate(2), supersedes: missed.id)
        #expect(Conduct.facts(of: [missed, late]).map(\.isBad) == [false])
        #expect(Conduct.facts(of: [missed, late]).map(\.occurredAt) == [day(3)])
    }

    @Test(
        "A decision is one fact: what was not explained in time stays so, and an explanation that was none is taken back"
    )
    func decisions() throws {
        var events = EventFactory()
        let unexplained = try events.make(.decisionUnexplained, on: 2)
        let late = try events.make(.decisionExplained, on: 5)
        #expect(Conduct.facts(of: [unexplained, late]).map(\.id) == [unexplained.id])
        let early = try events.make(.decisionExplained, on: 1)
        #expect(Conduct.facts(of: [early, unexplained]).map(\.isBad) == [true])
        #expect(Conduct.facts(of: [early]).map(\.isBad) == [false])
    }

    // MARK: Balance of feedback

    private func balance(_ kinds: String, every days: Double = 1, at instant: Double? = nil) -> FeedbackBalance {
        let items = kinds.enumerated().map { index, kind in
            FeedbackBalance.Item(
                kind == "c" ? .criticismOnly : kind == "r" || kind == "e" ? .recognition : .balanced,
                at: day(Double(index) * days), isSubstantive: kind != "e")
        }
        return FeedbackBalance(items, at: day(instant ?? Double(kinds.count) * days))
    }

    @Test("π is exact: of 6 items 5 criticisms give 120/128, 4 give 99/128")
    func probability() {
        #expect(near(FeedbackBalance.probability(5, of: 6), 120.0 / 128, 1e-12))
        #expect(near(FeedbackBalance.probability(4, of: 6), 99.0 / 128, 1e-12))
        // G-32.
        #expect(near(FeedbackBalance.probability(6, of: 8), 233.0 / 256, 1e-12))
        #expect(near(FeedbackBalance.probability(7, of: 8), 251.0 / 256, 1e-12))
        #expect(near(FeedbackBalance.probability(9, of: 12), 0.953857))
        #expect(near(FeedbackBalance.probability(0, of: 0), 0.5, 1e-12))
    }

    @Test("Below 6 items nothing but a run of 4 criticisms says anything, and that only to watch")
    func minimum() {
        #expect(balance("ccc").reading == .undecided)
        #expect(balance("cccc").reading == .watch)
        #expect(balance("bcccc").reading == .watch)
        #expect(balance("ccbcc").reading == .undecided)
        #expect(balance("bccccc").reading == .alert)
        #expect(balance("bbcccc").reading == .watch)
        #expect(balance("bcbccc").reading == .undecided)
        #expect(balance("bbbccc").reading == .clear)
    }

    @Test("The window is the last 12 items of the last 70 days")
    func window() {
        #expect(balance("cccccc" + "bbbbbbbbbbbb").criticismCount == 0)
        #expect(balance("cccccc", every: 7, at: 69.9).itemCount == 6)
        #expect(balance("cccccc", every: 7, at: 70).itemCount == 5)
        #expect(balance("cccccc", every: 7, at: 200).reading == .clear)
    }

    @Test("Empty praise does not clear what criticism has raised; praise that says what for does")
    func emptyPraise() {
        #expect(balance("bccccccc").reading == .alert)
        #expect(balance("bccccccc" + "eeeeee").reading == .undecided)
        #expect(balance("bccccccc" + "rrrrrr").reading == .clear)
    }

    @Test("However much empty praise there is, it does not clear, and nothing more than 24 items is remembered")
    func flood() {
        #expect(balance("bccccccc" + String(repeating: "e", count: 100), every: 0.5).reading == .undecided)
        let items = (0..<200).map {
            FeedbackBalance.Item(
                $0 % 3 == 0 ? .criticismOnly : .recognition, at: day(Double($0) / 4), isSubstantive: false)
        }
        let needed = FeedbackBalance.needed(items)
        #expect(needed.count <= 2 * FeedbackBalance.windowItems)
        #expect(FeedbackBalance(needed, at: day(50)) == FeedbackBalance(items, at: day(50)))
    }

    // MARK: The course of a signal

    @Test("A watch becomes an alert at once; another alert follows only 28 days after the last")
    func coolDown() {
        var course = AlertCourse()
        #expect(course.take(.undecided, at: day(0)) == .none)
        #expect(course.take(.watch, at: day(1)) == .raise(isAlert: false))
        #expect(course.take(.watch, at: day(2)) == .none)
        #expect(course.take(.alert, at: day(3)) == .escalate)
        #expect(course.take(.clear, at: day(5)) == .resolve)
        #expect(course.take(.alert, at: day(30.9)) == .none)
        #expect(course.take(.watch, at: day(30.9)) == .none)
        #expect(course.take(.alert, at: day(31)) == .raise(isAlert: true))
    }

    @Test("Between the thresholds nothing ends")
    func hysteresis() {
        var course = AlertCourse()
        _ = course.take(.alert, at: day(0))
        #expect(course.take(.watch, at: day(1)) == .none)
        #expect(course.take(.undecided, at: day(2)) == .none)
        #expect(course.signal != nil)
    }

    @Test("What was acknowledged gets 28 days to show; then it is resolved, or comes again as another alert")
    func acknowledged() {
        var course = AlertCourse()
        _ = course.take(.alert, at: day(0))
        course.signal?.state = .acknowledged
        #expect(course.take(.clear, at: day(27.9)) == .none)
        var other = course
        #expect(course.take(.clear, at: day(28)) == .resolve)
        #expect(other.take(.alert, at: day(28)) == .raise(isAlert: true))
        #expect(other.signal?.state == .open)
    }

    @Test("A watch that is over is resolved, and is not given again within 28 days")
    func watches() {
        var course = AlertCourse()
        _ = course.take(.watch, at: day(0))
        #expect(course.take(.clear, at: day(1)) == .resolve)
        #expect(course.take(.watch, at: day(27)) == .none)
        #expect(course.take(.watch, at: day(28)) == .raise(isAlert: false))
    }
}

/// The average run length of a cumulative sum, by a Markov chain on a grid of 0.01 (Brook & Evans 1972).
private struct RunLength {
    let value: Double

    init(of sum: CumulativeSum, threshold: Double, share: Double) {
        let grid = 0.01
        let states = Int((threshold / grid).rounded())
        // L_i = 1 + p L_up(i) + (1 - p) L_down(i), with 0 beyond the threshold: solved by elimination.
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: states + 1), count: states)
        for state in 0..<states {
            matrix[state][state] += 1
            matrix[state][states] = 1
            for (isBad, probability) in [(true, share), (false, 1 - share)] {
                let next = Int((sum.next(after: Double(state) * grid, isBad) / grid).rounded())
                if next < states { matrix[state][next] -= probability }
            }
        }
        for pivot in 0..<states {
            let row = (pivot..<states).max { abs(matrix[$0][pivot]) < abs(matrix[$1][pivot]) } ?? pivot
            matrix.swapAt(pivot, row)
            for below in (pivot + 1)..<max(states, pivot + 1) where matrix[below][pivot] != 0 {
                let factor = matrix[below][pivot] / matrix[pivot][pivot]
                for column in pivot...states { matrix[below][column] -= factor * matrix[pivot][column] }
            }
        }
        var lengths = [Double](repeating: 0, count: states)
        for state in (0..<states).reversed() {
            var rest = matrix[state][states]
            for column in (state + 1)..<max(states, state + 1) { rest -= matrix[state][column] * lengths[column] }
            lengths[state] = rest / matrix[state][state]
        }
        value = lengths[0]
    }
}
