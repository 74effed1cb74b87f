import Testing

@testable import rapport

@Suite("Numbers as text")
struct FormatTests {
    @Test(
        "Rounded to so many decimals",
        arguments: [
            (0.771052, 4, "0.7711"), (-0.020520, 3, "-0.021"), (-0.0001, 2, "0.00"), (12.0, 1, "12.0"),
            (0.05, 1, "0.1"),
            (99.999, 2, "100.00"), (3.0, 0, "3"),
        ])
    func fixed(_ value: Double, _ decimals: Int, _ text: String) {
        #expect(Format.fixed(value, decimals) == text)
    }

    @Test("Points of 100 carry their sign", arguments: [(0.002509, "+0.25"), (-0.020520, "-2.05"), (0.0, "+0.00")])
    func points(_ share: Double, _ text: String) {
        #expect(Format.points(share) == text)
    }

    @Test(
        "A bar is filled in proportion and never longer",
        arguments: [(0.0, 0), (0.5, 10), (1.0, 20), (1.5, 20), (-1, 0)])
    func bar(_ value: Double, _ filled: Int) {
        let bar = Format.bar(value)
        #expect(bar.count == 20)
        #expect(bar.filter { $0 == "█" }.count == filled)
    }
}
