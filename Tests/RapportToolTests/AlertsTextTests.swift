import Schema
import Standard
import Testing

@testable import rapport

@Suite("Signals in words")
struct AlertsTextTests {
    private static let tip = Tip(
        id: "inconsistent-behaviour.reliability", component: .reliability, text: "Promise less.",
        source: "docs/domain.md §3.2")

    @Test("An alert and a reminder that is due say their tip and what it rests on, once")
    func tips() {
        let text = AlertsText(
            title: "Signals", detectors: [],
            alerts: [
                Alert(name: "a", level: .alert, state: .open, question: "Why?", tip: Self.tip), Alert(name: "old"),
            ],
            monitors: [
                Monitor(kind: .wordWithoutDeed, status: .due, prompt: "When?", tip: Self.tip),
                Monitor(kind: .contactGap, status: .fine),
            ])
        #expect(text.lines.filter { $0 == "  Tip: Promise less." }.count == 2)
        #expect(
            text.lines.filter { $0 == "       [inconsistent-behaviour.reliability; docs/domain.md §3.2]" }.count == 2)
    }
}
