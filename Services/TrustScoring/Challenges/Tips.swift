import Schema

/// What to try, and why it is worth trying: one tip for each challenge and each practice, keyed to the component of trust that
/// it builds up (docs/domain.md §1 A1). A tip speaks to both of the pair and names no culprit.
extension Challenge {
    /// The same at a WATCH and at an ALERT.
    var tip: Tip {
        switch self {
        case .inconsistentBehaviour:
            Tip(
                "inconsistent-behaviour.reliability", .reliability,
                "Promise less, and move a date before it has passed. A date that is moved in time costs little; one that passes in silence costs most, and saying what happened opens a repair.",
                "docs/domain.md §3.2, §3.6; Kim, Ferrin, Cooper & Dirks 2004")
        case .overemphasisOnCriticism:
            Tip(
                "overemphasis-on-criticism.empathy", .empathy,
                "Speak of the task, not of the person: what was done well, what would be better, one next step. Feedback helps on average; in more than a third of the cases it made things worse, the more so the closer it came to the self.",
                "docs/domain.md §3.15, §4.2; Kluger & DeNisi 1996")
        case .lackOfTransparency:
            Tip(
                "lack-of-transparency.integrity", .integrity,
                "Say the reason within two days, and what else was considered; tell of a change before it is noticed. What looks dishonest weighs more than what is honest, and takes longest to mend.",
                "docs/domain.md §3.6, §3.10; Skowronski & Carlston 1987, 1992; Schweitzer, Hershey & Bradlow 2006")
        default:
            Tip(
                "perceived-bias.integrity", .integrity,
                "Compare what each one got, answers, time and chances, before comparing how it felt. Few people and other circumstances make even treatment look uneven.",
                "docs/domain.md §4.4; Bickel, Hammel & O'Connell")
        }
    }
}

extension Monitor.Kind {
    var tip: Tip {
        switch self {
        case .contactGap:
            Tip(
                "contact-gap.reliability", .reliability,
                "Agree on the next date before you part, and say when one of you will be away. Silence is not distrust, but what is known of each other fades with it.",
                "docs/domain.md §3.5, §4.5 M1")
        case .recognitionDrought:
            Tip(
                "recognition-drought.empathy", .empathy,
                "Name one thing that was done well, and what it changed for you. Recognition and guidance belong together: one without the other does not sustain.",
                "docs/domain.md §3.13, §4.5 M2; Kluger & DeNisi 1996")
        case .noAdaptation:
            Tip(
                "no-adaptation.empathy", .empathy,
                "When circumstances change, change the goal or the support with them, before the date and with a reason; or say together why nothing needs to change.",
                "docs/domain.md §3.13, §4.5 M3")
        case .reflectionOverdue:
            Tip(
                "reflection-overdue.empathy", .empathy,
                "How well two work together goes along with what coaching brings. Both write first and read afterwards, so that neither only agrees; end with one thing to do differently.",
                "docs/domain.md §3.13, §4.5 M4; Graßmann, Schölmerich & Schermuly 2020")
        case .wordWithoutDeed:
            Tip(
                "word-without-deed.reliability", .reliability,
                "Give what was promised in passing an owner and a date. What nobody has written down, nobody can be seen to keep.",
                "docs/domain.md §3.2, §4.5 M5")
        case .renegotiation:
            Tip(
                "renegotiation.reliability", .reliability,
                "One small promise that is kept says more than three that are moved. Promise what can be promised for sure, and give back the rest.",
                "docs/domain.md §3.2, §4.6")
        default:
            Tip(
                "stale-goal.competence", .competence,
                "Look at the goal for five minutes: make it more specific, make it smaller, or let it go. Specific and demanding goals help; forgotten ones do not.",
                "docs/domain.md §3.15, §4.5 M6; Epton, Currie & Armitage 2017")
        }
    }
}

extension Tip {
    fileprivate init(_ id: String, _ component: Schema.Component, _ text: String, _ source: String) {
        self.init(id: id, component: component, text: text, source: source)
    }
}
