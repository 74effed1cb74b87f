import ArgumentParser

/// Loads the demo into a running suite.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load the case study and three more pairs through the gateway.",
        discussion: """
            `rapport up` does this by itself once. A run that was interrupted, or whose services were, goes on where \
            it ended and comes to the same figures.

            Examples:
              rapport demo
              rapport demo --start 2026-08-24
              rapport demo --address 127.0.0.1:9000
            """)

    @Option(help: "Day 0, YYYY-MM-DD, at least 88 days ago. Default: the latest such Monday.")
    var start: String?

    @Option(help: "The gateway's host:port. Default: the one in demo.json, else 127.0.0.1:8080.")
    var address: String?

    func run() async throws {
        let home = Home.standard
        try home.create()
        let dayZero = try start.map { try DayZero.parse($0, today: CalendarDay(containing: .now)) }
        let file = try DemoFile.load(from: home)
        let target = address ?? file.addresses[ServiceProgram.gateway.rawValue] ?? "127.0.0.1:8080"
        let wasComplete = file.isComplete
        let loaded = try await DemoLoader(home: home, address: target, report: { Console.say($0) })
            .load(start: dayZero)
        Console.say(
            wasComplete
                ? "The demo was loaded before; its day 0 is \(loaded.dayZero)." : "Loaded; day 0 is \(loaded.dayZero).")
    }
}
