import ArgumentParser
import Simulation

/// Makes an organisation of a seed and loads it.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a synthetic organisation and load a year of it through the gateway.",
        discussion: """
            A seed decides who works with whom and what they do, and what is planted: coaches who become unreliable, who \
            only criticise, who explain nothing, pairs that stop meeting. What was planted goes into labels.json, whose hash \
            stands in organisation.json before the first call; `rapport evaluate` judges by it what the detectors found.

            A run that was interrupted goes on where it ended when it is called again.

            Sizes:
            \(Parameters.presets.map { "  \(Format.left($0.name, 11))\($0.summary)" }.joined(separator: "\n"))

            Examples:
              rapport simulate --size tiny
              rapport simulate --size org-1200 --seed 7 --folder simulations/seven
              rapport simulate --size targets --pairs 4500 --seed 20261 --parallel 32
            """)

    @Option(help: "Which organisation, by name.")
    var size = "org-120"

    @Option(help: "Decides everything that happens.")
    var seed: UInt64 = 1

    @Option(help: "So many pairs instead, 1 to 50000.")
    var pairs: Int?

    @Option(help: "So many weeks instead, 4 to 104.")
    var weeks: Int?

    @Option(help: "Where the simulation's files go. Default: simulations/SIZE-SEED in .rapport.")
    var folder: String?

    @Option(help: "The gateway's host:port. Default: the one in demo.json, else 127.0.0.1:8080.")
    var address: String?

    @Option(help: "Pairs that are loaded at the same time, 1 to 256.")
    var parallel = 16

    @Flag(help: "Write the files, load nothing.")
    var dry = false

    func validate() throws {
        guard Parameters.presets.contains(where: { $0.name == size }) else {
            let names = Parameters.presets.map(\.name).joined(separator: ", ")
            throw ValidationError("--size \(size): \(names) is needed")
        }
        guard (1...50_000).contains(pairs ?? 1) else { throw ValidationError("--pairs: 1 to 50000 is needed") }
        guard (4...104).contains(weeks ?? 52) else { throw ValidationError("--weeks: 4 to 104 is needed") }
        guard (1...256).contains(parallel) else { throw ValidationError("--parallel: 1 to 256 is needed") }
    }

    func run() async throws {
        let home = Home.standard
        try home.create()
        guard var parameters = Parameters.presets.first(where: { $0.name == size })?.parameters else { return }
        parameters.seed = seed
        if let pairs { parameters.pairs = pairs }
        if let weeks { parameters.weeks = weeks }
        let files = SimulationFolder(path: folder ?? "\(home.path)/simulations/\(size)-\(seed)")
        let dayZero = CalendarDay(containing: .now) + (-7 * parameters.weeks - 14)
        let description = try files.prepare(
            parameters, organization: "organizations/\(size)-\(seed)", dayZero: dayZero)
        let organization = try SimulatedOrganization(description)
        Console.say("\(description.organization) in \(files.path), from \(description.dayZero)")
        Console.say("labels: SHA-256 \(description.labelsHash)")
        guard !dry else { return }
        let target = try address ?? DemoFile.load(from: home).addresses[ServiceProgram.gateway.rawValue]
        let channel = try Connection.channel(
            to: target ?? "127.0.0.1:8080", TLSOptions.standard.credentials())
        try await OrganizationLoader(
            organization: organization, folder: files, channel: channel, mint: TokenMint(home: home),
            concurrency: parallel, report: { Console.say($0) }
        ).load()
        await channel.close(grace: .zero)
        Console.say("loaded; rapport evaluate --folder \(files.path) says what was found")
    }
}
