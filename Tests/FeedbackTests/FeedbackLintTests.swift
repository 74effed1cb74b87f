import Schema
import Testing

@testable import Feedback

@Suite("Advice on the words of feedback")
struct FeedbackLintTests {
    static let whole = FeedbackItem(
        kind: .constructive, situation: "In Friday's call with the plant", behaviour: "you spoke for nine minutes",
        impact: "and the customer stopped asking", nextStep: "Pause after each slide")

    static func codes(_ item: FeedbackItem, _ given: String = "") -> [LintFinding.Code] {
        FeedbackLint.findings(on: item, after: GivenStrengths(given)).map(\.code)
    }

    static func saying(_ text: String) -> [LintFinding.Code] {
        var item = whole
        item.behaviour = text
        return codes(item)
    }

    @Test("situation, behaviour, impact and next step: nothing to say")
    func complete() {
        #expect(Self.codes(Self.whole).isEmpty)
    }

    @Test("you are lazy: about the person")
    func lazy() {
        #expect(Self.saying("You are lazy") == [.personFocused])
        let bare = FeedbackItem(kind: .criticismOnly, behaviour: "You are lazy")
        #expect(Self.codes(bare) == [.missingSituation, .missingImpact, .noNextStep, .personFocused])
    }

    @Test(
        "each missing part is named",
        arguments: [
            (\FeedbackItem.situation, LintFinding.Code.missingSituation), (\.behaviour, .missingBehaviour),
            (\.impact, .missingImpact), (\.nextStep, .noNextStep),
        ] as [(any WritableKeyPath<FeedbackItem, String> & Sendable, LintFinding.Code)])
    func missing(part: any WritableKeyPath<FeedbackItem, String> & Sendable, code: LintFinding.Code) {
        var item = Self.whole
        item[keyPath: part] = " \n"
        #expect(Self.codes(item) == [code])
    }

    @Test("a recognition needs no next step, a neutral word no parts at all")
    func kinds() {
        var item = Self.whole
        item.kind = .recognition
        item.nextStep = ""
        #expect(Self.codes(item, "---").isEmpty)
        #expect(Self.codes(FeedbackItem(kind: .neutral, impact: "Noted"), "---").isEmpty)
    }

    @Test(
        "words about who somebody is",
        arguments: [
            "You're just a bit too slow", "you are such a stubborn negotiator", "You were really RUDE to them",
            "It is your attitude", "You seem unmotivated.", "That is who you are",
        ])
    func person(text: String) {
        #expect(Self.saying(text) == [.personFocused])
    }

    @Test(
        "words about what was done are not",
        arguments: [
            "You are late with the report", "You are the one who called", "The slow call", "You arrived at nine",
            "You are in charge of a lazy Susan", "you are",
        ])
    func deed(text: String) {
        #expect(Self.saying(text).isEmpty)
    }

    @Test("a focus on the person is one, whatever the words")
    func focus() {
        var item = Self.whole
        item.focus = .person
        #expect(Self.codes(item) == [.personFocused])
        item.focus = .task
        #expect(Self.codes(item).isEmpty)
    }

    @Test(
        "always and never are named in what is told, not in what is proposed", arguments: ["always", "NEVER", "Never,"])
    func absolutes(word: String) {
        #expect(Self.saying("You \(word) listen") == [.absoluteWords])
        var item = Self.whole
        item.nextStep = "\(word) begin with a question"
        #expect(Self.codes(item).isEmpty)
    }

    @Test("nevertheless is not never")
    func wholeWords() {
        #expect(Self.saying("nevertheless you called").isEmpty)
    }

    @Test(
        "comparisons with others",
        arguments: [
            "You called fewer than most of your colleagues", "Unlike the others you left", "slower than everyone",
            "Compared with your peers it was short", "Everyone else was there", "the rest of the team managed",
        ])
    func comparison(text: String) {
        #expect(Self.saying(text) == [.comparisonToPeer])
    }

    @Test(
        "comparisons with a goal are none", arguments: ["fewer than ten calls", "compared to last week", "like others"])
    func goal(text: String) {
        #expect(Self.saying(text).isEmpty)
    }

    @Test(
        "no strength in this one nor in the last three",
        arguments: [("", false), ("--", false), ("---", true), ("+---", true), ("--+", false), ("+--", false)])
    func balance(given: String, finding: Bool) {
        #expect(Self.codes(Self.whole, given) == (finding ? [.noStrengthInLast3] : []))
        var item = Self.whole
        item.kind = .balanced
        item.strength = "Your preparation"
        #expect(Self.codes(item, given).isEmpty)
    }

    @Test("the balance remembers what it needs; neutral words do not count")
    func given() {
        var given = GivenStrengths()
        for kind in [FeedbackItem.Kind.recognition, .constructive, .neutral, .criticismOnly] {
            given.note(FeedbackItem(kind: kind))
        }
        #expect(given.text == "+--")
        #expect(given.beforeLatest.text == "+-")
        #expect(!given.lackInLastThree)
        given.note(FeedbackItem(kind: .constructive))
        given.note(FeedbackItem(kind: .constructive))
        #expect(given.text == "----")
        #expect(given.lackInLastThree)
        given.note(FeedbackItem(kind: .balanced, strength: "x"))
        #expect(given.text == "---+")
        #expect(given.beforeLatest.lackInLastThree)
    }

    @Test("no advice repeats a word of the text")
    func noText() {
        for finding in FeedbackLint.findings(
            on: FeedbackItem(kind: .criticismOnly, behaviour: "zebra"), after: .init("---"))
        {
            #expect(!finding.advice.contains("zebra"))
            #expect(!finding.advice.isEmpty)
        }
    }
}
