/// What `rapport up` prints when all is ready: the address, a token for each role, and five commands to copy.
struct Tour {
    let file: DemoFile
    let home: Home
    let gateway: String
    /// What to type for this program where `rapport up` was typed.
    let program: String

    init(file: DemoFile, home: Home, gateway: String, invokedAs path: String) {
        self.file = file
        self.home = home
        self.gateway = gateway
        let command = path.contains("/") ? Home.fromHere(path) : path
        program = home.isStandardHere ? command : "RAPPORT_HOME=\(home.path) \(command)"
    }

    var lines: [String] {
        ["Rapport is ready at http://\(gateway)", "", "Tokens, one a role, ready to use:"]
            + DemoRole.allCases.map { "  \(Format.left($0.rawValue, 16)) \(token($0))" }
            + (file.isComplete ? [""] + story : ["", "The demo is not loaded: \(program) demo"])
            + ["", "Ctrl-C stops everything. Logs: \(Home.fromHere(home.path))/logs"]
    }

    /// As a shell reads it from its file.
    private func token(_ role: DemoRole) -> String { "$(cat \(Home.fromHere(home.tokenFile(of: role))))" }

    /// The five commands.
    private var story: [String] {
        guard let dayZero = CalendarDay(file.dayZero), let pair = file.relationships[Story.caseStudy.id] else {
            return []
        }
        let coachee = "-H \"Authorization: Bearer \(token(.coachee))\""
        let coach = "-H \"Authorization: Bearer \(token(.coach))\""
        return [
            "\(Story.caseStudy.title): day 0 was \(dayZero.inWords). Try:",
            "",
            "  1. How far does Mira trust her coach at the end?",
            "     \(program) trust profile case-study --as coachee --at day:87",
            "  2. The week of the broken promise, explained:",
            "     \(program) trust explain case-study --as coachee --from day:31 --to day:38",
            "  3. How the promise was repaired:",
            "     curl -s \(coachee) http://\(gateway)/v1/\(pair)/breachCases",
            "  4. What if the coach missed another one?",
            "     \(program) trust what-if case-study commitment.missed --as coachee --at day:87",
            "  5. What the coach sees of all pairs before the next session:",
            "     curl -s \(coach) http://\(gateway)/v1/views/coach",
        ]
    }
}
