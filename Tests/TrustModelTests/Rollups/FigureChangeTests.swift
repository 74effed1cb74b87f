import Testing

@testable import TrustModel

/// Before and after (docs/domain.md S51).
@Suite struct FigureChangeTests {
    private func figure(_ value: Double, _ lower: Double, _ upper: Double) -> CohortFigure {
        CohortFigure(value: value, interval: Interval(lower: lower, upper: upper))
    }

    @Test("S51: a level's change with its interval, rounded outwards") func levels() throws {
        // √(0.06² + 0.05²) = 0.0781 below, √(0.04² + 0.05²) = 0.0640 above.
        let change = FigureChange(from: figure(0.60, 0.55, 0.65), to: figure(0.72, 0.66, 0.76), of: .trustLevel)
        #expect(near(change.value, 0.12, 1e-12))
        let interval = try #require(change.interval)
        #expect(near(interval.lower, 0.04, 1e-12) && near(interval.upper, 0.19, 1e-12))
    }

    /// Newcombe's interval of a difference of two shares (1998, method 10), with Wilson's 90 % intervals of 56/70 and 48/80.
    @Test("S51: a share's change is Newcombe's") func shares() throws {
        let (before, after) = (Interval(wilson: 48, of: 80), Interval(wilson: 56, of: 70))
        let change = FigureChange(
            from: CohortFigure(value: 60, interval: Interval(lower: 100 * before.lower, upper: 100 * before.upper)),
            to: CohortFigure(value: 80, interval: Interval(lower: 100 * after.lower, upper: 100 * after.upper)),
            of: .healthyShare)
        let interval = try #require(change.interval)
        // Without rounding 7.66 and 31.36.
        #expect(change.value == 20 && interval == Interval(lower: 7, upper: 32))
    }

    @Test func withoutAnIntervalThereIsNone() {
        let change = FigureChange(
            from: CohortFigure(value: 40), to: CohortFigure(value: 35, interval: Interval(lower: 30, upper: 40)),
            of: .exposure)
        #expect(change.value == -5 && change.interval == nil)
    }

    @Test func numbersThatAreExactAreNotMovedByRounding() {
        let change = FigureChange(from: figure(0.1, 0.1, 0.1), to: figure(0.3, 0.3, 0.3), of: .opennessLevel)
        #expect(near(change.value, 0.2, 1e-12))
        #expect(change.interval.map { near($0.lower, 0.2, 1e-12) && near($0.upper, 0.2, 1e-12) } == true)
    }
}
