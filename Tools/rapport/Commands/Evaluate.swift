import ArgumentParser
import RPC
import Simulation
import TrustModel

/// Judges what the detectors found in a simulated organisation.
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare the alerts of a simulated organisation with what was planted in it.",
        discussion: """
            Asks the gateway for the alerts of every loaded pair, as its coachee, and for the weeks in which no contact was \
            noticed. Prints for each detector how much of what was planted it found, how early, how many of its alarms \
            were right and how many came by chance, with 95 % intervals by Wilson, beside the targets of docs/domain.md §4. \
            These are stated for the rates of the size "targets".

            Examples:
              rapport evaluate
              rapport evaluate --folder simulations/seven
              rapport evaluate --shuffle 3     labels dealt anew: precision must fall to the share that was planted
              rapport simulate --size org-50k --dry && rapport evaluate --offline --folder .rapport/simulations/org-50k-1
            """)

    @Option(help: "The folder that `rapport simulate` has written. Default: simulations/org-120-1 in .rapport.")
    var folder: String?

    @Option(help: "The gateway's host:port. Default: the one in demo.json, else 127.0.0.1:8080.")
    var address: String?

    @Option(help: "Deal the labels to other pairs by this seed: a control.")
    var shuffle: UInt64?

    @Option(help: "Pairs that are asked for at the same time, 1 to 256.")
    var parallel = 16

    @Flag(help: "Replay the acts through the model alone, without any service; goes on where it was interrupted.")
    var offline = false

    func validate() throws {
        guard (1...256).contains(parallel) else { throw ValidationError("--parallel: 1 to 256 is needed") }
    }

    func run() async throws {
        let home = Home.standard
        let files = SimulationFolder(path: folder ?? "\(home.path)/simulations/org-120-1")
        guard let description = try files.description() else {
            throw Failure("\(files.path) holds no simulation; rapport simulate makes one")
        }
        var labels = try files.labels(description)
        let organization = try SimulatedOrganization(description)
        if offline {
            let checkpoint = try OfflineReplay(
                organization: organization.organization,
                start: TrustModel.Instant(microseconds: organization.dayZero.at().seconds * 1_000_000),
                checkpointFile: files.offlineFile, report: { Console.complain($0) }
            ).run()
            for line in EvaluationText.lines(checkpoint.evaluations, pairs: checkpoint.pairs) { Console.say(line) }
            return
        }
        let loaded = files.loaded()
        guard !loaded.isEmpty else { throw Failure("no pair of \(files.path) is loaded; rapport simulate does that") }
        if let shuffle { labels = Self.deal(labels, to: Array(loaded.keys).sorted(), seed: shuffle) }
        let target = try address ?? DemoFile.load(from: home).addresses[ServiceProgram.gateway.rawValue]
        let channel = try Connection.channel(
            to: target ?? "127.0.0.1:8080", TLSOptions.standard.credentials())
        let reader = AlarmReader(
            organization: organization, channel: channel, mint: try await TokenMint(home: home),
            concurrency: parallel)
        var evaluations = Planting.Kind.allCases.map { Evaluation(of: $0) }
        let weeks = Double(organization.parameters.weeks)
        for (pair, alarms) in try await reader.alarms(of: loaded, report: { Console.complain($0) }) {
            for index in evaluations.indices { evaluations[index].take(labels[pair] ?? [], weeks: weeks, alarms) }
        }
        await channel.close(grace: .zero)
        let planned = organization.organization.pairCount
        if loaded.count < planned { Console.say("Only \(loaded.count) of \(planned) pairs are loaded.") }
        for line in EvaluationText.lines(evaluations, pairs: loaded.count) { Console.say(line) }
    }

    private static func deal(_ labels: [Int: [Planting]], to pairs: [Int], seed: UInt64) -> [Int: [Planting]] {
        var dice = Dice(seed: seed)
        let dealt = zip(pairs, pairs.shuffled(using: &dice)).compactMap { pair, other in
            labels[other].map { (pair, $0) }
        }
        return Dictionary(uniqueKeysWithValues: dealt)
    }
}
