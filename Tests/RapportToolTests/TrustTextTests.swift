import Schema
import Standard
import Testing

@testable import rapport

@Suite("Trust in words")
struct TrustTextTests {
    static func time(_ day: String) -> Timestamp { CalendarDay(day)?.at() ?? Timestamp() }

    static let healthy = TrustProfile(
        asOf: time("2026-11-19"),
        components: [
            ComponentOpinion(component: .reliability, uncertainty: 0.114, probability: 0.867987),
            ComponentOpinion(component: .integrity, uncertainty: 0.237, probability: 0.748079),
            ComponentOpinion(component: .competence, uncertainty: 0.239, probability: 0.718102),
            ComponentOpinion(component: .empathy, uncertainty: 0.410, probability: 0.750039),
        ],
        score: 0.771052, interval: Interval(lower: 0.654867, upper: 0.871445), band: .healthy, numberShown: true)

    static let change = Explanation(
        from: time("2026-11-12"), to: time("2026-11-19"), scoreFrom: 0.751, scoreTo: 0.771052, change: 0.020052,
        lines: [
            line(.event, .competence, "goal.gas", "2026-11-16", 0.0101, "A goal review: one better than expected"),
            line(.event, .integrity, "pulse.honest", "2026-11-18", 0.0082, "Rated honest: 5 of 5"),
            line(.event, .competence, "pulse.useful", "2026-11-18", 0.0080, "Rated useful: 5 of 5"),
            line(.event, .reliability, "commitment.kept", "2026-11-15", 0.0017, "A promise was kept"),
            line(.timePassed, .competence, "", nil, -0.0041, "Time passed"),
            line(.event, .reliability, "pulse.dependable", "2026-11-18", 0.0016, "Rated dependable: 5 of 5"),
            line(.event, .reliability, "session.held", "2026-11-16", 0.0008, "A session took place"),
            line(.timePassed, .reliability, "", nil, -0.006248, "Time passed"),
        ])

    static func line(
        _ cause: Explanation.Cause, _ component: Component, _ kind: String, _ day: String?, _ contribution: Double,
        _ text: String
    ) -> Explanation.Line {
        Explanation.Line(
            cause: cause, component: component, kind: kind, occurredAt: day.map(time), contribution: contribution,
            text: text)
    }

    @Test("A profile: the band first, then the number with its range, four bars, the reasons and their sum")
    func profile() {
        let text = ProfileText(
            title: "Mira Ostwald's trust in Jonas Brandt", profile: Self.healthy, explanation: Self.change)
        #expect(
            text.lines.joined(separator: "\n") == """
                Mira Ostwald's trust in Jonas Brandt
                as of 19 November 2026

                Healthy   77 of 100, most likely between 65 and 87

                  Reliability  █████████████████░░░  87   keeps promises and appointments (well known)
                  Integrity    ███████████████░░░░░  75   is open about intentions and reasons (fairly known)
                  Competence   ██████████████░░░░░░  72   helps in ways that work (fairly known)
                  Empathy      ███████████████░░░░░  75   listens and responds to the person (little known yet)

                What changed since 12 November 2026, in points of 100:

                   +1.01  A goal review: one better than expected, 16 Nov
                   +0.82  Rated honest: 5 of 5, 18 Nov
                   +0.80  Rated useful: 5 of 5, 18 Nov
                   +0.17  A promise was kept, 15 Nov
                   +0.16  Rated dependable: 5 of 5, 18 Nov
                   +0.08  1 other
                   -1.03  time passed
                  ------
                   +2.01  in all
                """)
    }

    @Test("With too little evidence no number is shown, neither the score's nor a component's")
    func insufficient() {
        var profile = Self.healthy
        profile.band = .insufficientEvidence
        profile.numberShown = false
        let text = ProfileText(title: "T", profile: profile, explanation: Self.change).lines.joined(separator: "\n")
        #expect(
            text == """
                T
                as of 19 November 2026

                Too early to say: too little has happened between the two to show a number

                  Reliability  keeps promises and appointments: well known
                  Integrity    is open about intentions and reasons: fairly known
                  Competence   helps in ways that work: fairly known
                  Empathy      listens and responds to the person: little known yet
                """)
    }

    @Test("A projection says that it is one")
    func projected() {
        var profile = Self.healthy
        profile.projected = true
        let text = ProfileText(title: "T", profile: profile).lines
        #expect(text[1] == "as it would be on 19 November 2026 if nothing more happened")
    }

    @Test("An explanation shows every line with its day and adds up")
    func explanation() {
        var week = Self.change
        week.lines = Array(week.lines.prefix(2)) + [week.lines[7]]
        let text = ExplanationText(title: "T", explanation: week, numberShown: true).lines.joined(separator: "\n")
        #expect(
            text == """
                T
                12 November 2026 to 19 November 2026: from 75 to 77 of 100

                   +1.01  16 Nov  Competence   A goal review: one better than expected
                   +0.82  18 Nov  Integrity    Rated honest: 5 of 5
                   -0.62          Reliability  Time passed
                  ------
                   +2.01  in all
                """)
    }

    @Test("A what-if says what would happen to the number and to the band")
    func whatIf() throws {
        var after = Self.healthy
        after.score = 0.753988
        after.band = .mixed
        let event = try #require(HypotheticalEvent(argument: "commitment.missed"))
        let response = WhatIfResponse(
            before: Self.healthy, after: after,
            explanation: Explanation(
                change: -0.017064,
                lines: [
                    Self.line(
                        .event, .reliability, "commitment.missed", "2026-11-19", -0.017064, "A promise was missed")
                ]))
        let text = WhatIfText(title: "T", events: [event], response: response).lines.joined(separator: "\n")
        #expect(
            text == """
                T
                If this happened: commitment missed

                  77.1 would become 75.4 of 100; from Healthy to Mixed

                   -1.71  19 Nov  Reliability  A promise was missed
                  ------
                   -1.71  in all

                Nothing was written, and nobody else sees this.
                """)
    }

    @Test("A hypothesis is a kind, with a whole number where the kind has one")
    func hypotheses() {
        #expect(HypotheticalEvent(argument: "pulse.honest=5") == HypotheticalEvent(kind: "pulse.honest", value: 5))
        #expect(HypotheticalEvent(argument: "goal.gas=-2") == HypotheticalEvent(kind: "goal.gas", value: -2))
        #expect(HypotheticalEvent(argument: "commitment.kept") == HypotheticalEvent(kind: "commitment.kept"))
        #expect(HypotheticalEvent(argument: "pulse.honest=high") == nil)
        #expect(HypotheticalEvent(argument: "=5") == nil)
        #expect(HypotheticalEvent(argument: "pulse.honest=") == nil)
    }
}
