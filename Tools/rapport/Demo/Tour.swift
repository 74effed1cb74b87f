/// What `rapport up` prints when all is ready: the address, a token for each role, and five commands to copy.
struct Tour {
    let file: DemoFile
    let home: Home
    let gateway: String

    var lines: [String] {
        ["Rapport is ready at http://\(gateway)", "", "Tokens, one a role, ready to use:"]
            + DemoRole.allCases.map { "  \(Format.left($0.rawValue, 16)) $(cat \(home.tokenFile(of: $0)))" }
            + (file.isComplete ? [""] + story : ["", "The demo is not loaded: rapport demo"])
            + ["", "Ctrl-C stops everything. Logs: \(home.path)/logs"]
    }

    /// The five commands.
    private var story: [String] {
        guard let dayZero = CalendarDay(file.dayZero), let pair = file.relationships[Story.caseStudy.id] else {
            return []
        }
        let coachee = "-H \"Authorization: Bearer $(cat \(home.tokenFile(of: .coachee)))\""
        let coach = "-H \"Authorization: Bearer $(cat \(home.tokenFile(of: .coach)))\""
        return [
            "\(Story.caseStudy.title): day 0 was \(dayZero.inWords). Try:",
            "",
            "  1. How far does Mira trust her coach at the end?",
            "     rapport trust profile case-study --as coachee --at day:87",
            "  2. The week of the broken promise, explained:",
            "     rapport trust explain case-study --as coachee --from day:31 --to day:38",
            "  3. How the promise was repaired:",
            "     curl -s \(coachee) http://\(gateway)/v1/\(pair)/breachCases",
            "  4. What if the coach missed another one?",
            "     rapport trust what-if case-study commitment.missed --as coachee --at day:87",
            "  5. What the coach sees of all pairs before the next session:",
            "     curl -s \(coach) http://\(gateway)/v1/views/coach",
        ]
    }
}
