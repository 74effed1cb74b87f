import ArgumentParser

/// Starts the suite and keeps it running.
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the five services, load the demo once, and keep them running until Ctrl-C.",
        discussion: """
            The services relationships, feedback, goals, trust-scoring and gateway lie beside this program. Each has \
            its data and its log in .rapport (or RAPPORT_HOME). One that dies is started again.

            Examples:
              rapport up
              rapport up --listen 127.0.0.1:9000 --base-port 9001
              RAPPORT_HOME=~/rapport-2 rapport up --listen 127.0.0.1:0 --base-port 0
            """)

    @Option(help: "Where the gateway listens, host:port; port 0 takes a free one.")
    var listen = "127.0.0.1:8080"

    @Option(help: "First of the four ports of the services on 127.0.0.1; 0 takes free ones.")
    var basePort = 8081

    @Option(help: "Day 0 of the demo, YYYY-MM-DD, at least 88 days ago. Default: the latest such Monday.")
    var start: String?

    @Flag(inversion: .prefixedNo, help: "Load the demo if it is not there yet.")
    var demo = true

    func run() async throws {
        let today = CalendarDay(containing: .now)
        let dayZero = try start.map { try DayZero.parse($0, today: today) }
        let home = Home.standard
        try home.create()
        try home.lock()
        try await Leftovers.end(in: home, report: { Console.say($0) })
        let mint = try await TokenMint(home: home)
        let addresses = try await SuiteAddresses.choose(listen: listen, basePort: basePort)
        let suite = Suite(
            home: home, addresses: addresses, binaries: try Binaries.directory(), report: { Console.say($0) })

        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask {
                await Interruption.wait()
                return .interrupted
            }
            group.addTask {
                do {
                    try await suite.start()
                    try await prepare(home, addresses, mint, dayZero)
                    return .ready
                } catch {
                    return error is CancellationError ? .interrupted : .failed("\(error)")
                }
            }
            var outcome = await group.next() ?? .interrupted
            if case .ready = outcome { outcome = await group.next() ?? .interrupted }
            group.cancelAll()
            return outcome
        }
        if case .failed(let reason) = outcome { Console.complain(reason) }
        Console.say("stopping")
        let killed = await suite.stop()
        for program in killed { Console.say("\(program.rawValue) did not stop by itself and was killed") }
        Console.say("stopped")
        if case .failed = outcome { throw ExitCode.failure }
    }

    private enum Outcome: Sendable {
        case ready
        case interrupted
        case failed(String)
    }

    /// Loads the demo, writes demo.json and the tokens, shows the way.
    private func prepare(
        _ home: Home, _ addresses: SuiteAddresses, _ mint: TokenMint, _ dayZero: CalendarDay?
    ) async throws {
        var file = try DemoFile.load(from: home)
        file.addresses = addresses.byName
        for role in DemoRole.allCases {
            try home.write(try await mint.token(for: role) + "\n", to: home.tokenFile(of: role))
            file.tokenFiles[role.rawValue] = home.tokenFile(of: role)
        }
        try file.save(to: home)
        if demo {
            let loader = DemoLoader(home: home, address: addresses[.gateway], report: { Console.say($0) })
            file = try await loader.load(start: dayZero)
        }
        Console.say("")
        let tour = Tour(
            file: file, home: home, gateway: addresses[.gateway], invokedAs: CommandLine.arguments.first ?? "rapport")
        for line in tour.lines { Console.say(line) }
    }
}
