import ArgumentParser
import FoundationEssentials
import Glibc
import ServiceKit
import UnixSignals

/// A part of the run; they share one suite and what was made in it.
enum Part: String, CaseIterable, Sendable {
    case starts
    case latency
    case writes
    case reads
    case memory
    case replay
}

/// Measures the suite as it is shipped: the real executables, over real sockets, on a real disk.
@main
struct SuiteBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suite-bench",
        abstract: "How quick the suite is: latency of evidence, durable writes, reads, replay, starts, memory.",
        discussion: """
            The five executables come from RAPPORT_BIN (default: .build/release of the suite), their data lie in a \
            directory under TMPDIR (default: /tmp) that is removed at the end. Fails when a call fails, or when a \
            requirement does not hold; goals are only told.

            Examples:
              suite-bench
              suite-bench --only latency,writes --seconds 10
              suite-bench --pairs 100 --seconds 1 --rounds 1 --starts 1      a quick look
              TMPDIR=/mnt/disk suite-bench --json figures.json
            """)

    @Option(help: "Coaching pairs, each active; 1 to 100,000.")
    var pairs = 1000

    @Option(help: "Requests in flight; 1 to 100 for each core.")
    var inFlight = 64

    @Option(help: "Seconds of each burst of writes and reads.")
    var seconds = 3.0

    @Option(help: "Rounds of writes, reads and replay, of which the medians are told.")
    var rounds = 5

    @Option(help: "Pieces of evidence whose way is timed, quiet and under load each.")
    var samples = 300

    @Option(help: "Starts of each service, empty and with data each.")
    var starts = 5

    @Option(help: "Parts, with commas between: \(Part.allCases.map(\.rawValue).joined(separator: ", ")).")
    var only: String?

    @Option(help: "A file for the figures as JSON.")
    var json: String?

    func validate() throws {
        guard (1...100_000).contains(pairs), (1...200).contains(inFlight), (0.1...600).contains(seconds),
            (1...100).contains(rounds), (1...100_000).contains(samples), (1...100).contains(starts)
        else { throw ValidationError("a number is outside its range") }
        _ = try parts
    }

    private var parts: Set<Part> {
        get throws {
            guard let only else { return Set(Part.allCases) }
            return Set(
                try only.split(separator: ",").map {
                    guard let part = Part(rawValue: String($0)) else {
                        throw ValidationError(
                            "--only \($0): one of \(Part.allCases.map(\.rawValue).joined(separator: ", "))")
                    }
                    return part
                })
        }
    }

    func run() async throws {
        let workplace = try Workplace()
        let suite: Suite
        do {
            suite = try await Suite(binaries: Self.binaries)
        } catch {
            workplace.remove()
            throw error
        }
        let outcome = await withTaskGroup(of: Result<Bool, any Error>.self) { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                return .failure(CancellationError())
            }
            group.addTask {
                do {
                    return .success(try await measure(suite, workplace))
                } catch {
                    return .failure(error)
                }
            }
            let first = await group.next() ?? .failure(CancellationError())
            group.cancelAll()
            await suite.stop()
            await group.waitForAll()
            // What was about to start when the first stop came.
            await suite.stop()
            return first
        }
        workplace.remove()
        switch outcome {
        case .success(true): return
        case .success(false): Console.progress("a requirement does not hold")
        case .failure(is CancellationError): Console.progress("interrupted")
        case .failure(let error): Console.progress("failed: \(error)")
        }
        throw ExitCode.failure
    }

    /// RAPPORT_BIN, or where `swift build -c release` puts the suite's executables, seen from this one.
    private static var binaries: String {
        get throws {
            if let given = ProcessInfo.processInfo.environment["RAPPORT_BIN"], !given.isEmpty { return given }
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            guard let package = own.firstRange(of: "/.build/")?.lowerBound else {
                throw Failure("set RAPPORT_BIN to the directory of the executables")
            }
            return "\(own[..<package])/../.build/release"
        }
    }

    /// True when everything that is required holds.
    private func measure(_ suite: Suite, _ workplace: Workplace) async throws -> Bool {
        let parts = try parts
        let machine = Machine(directory: workplace.path)
        Console.say("Rapport, measured")
        for (name, value) in machine.facts { Console.say("  \(Format.left(name, 12)) \(value)") }
        var record = Record(
            machine: Dictionary(uniqueKeysWithValues: machine.facts.map { ($0.name, $0.value) }),
            options: [
                "pairs": Double(pairs), "in_flight": Double(inFlight), "seconds": seconds, "rounds": Double(rounds),
                "samples": Double(samples), "starts": Double(starts),
            ])
        func tell(_ section: Section) {
            section.print()
            record.add(section)
        }
        if !parts.isDisjoint(with: [.starts, .latency, .writes, .reads, .memory]) {
            try await measureSuite(suite, workplace, parts, tell)
        }
        if parts.contains(.replay) { tell(try Replay().measure(rounds: rounds)) }
        Console.say("\nThe size of the image is told by `make containers`, which builds it.")
        if let json { try record.write(to: json) }
        return record.checks.allSatisfy { $0.met || !$0.isRequired }
    }

    /// What needs the processes.
    private func measureSuite(
        _ suite: Suite, _ workplace: Workplace, _ parts: Set<Part>, _ tell: (Section) -> Void
    ) async throws {
        var home = try workplace.home("home-0")
        var issuer = try await DevelopmentIssuer(keysDirectory: home.keys)
        let empty = try await Starts(suite: suite).measure("empty", times: parts.contains(.starts) ? starts : 1) {
            time in
            if time > 0 {
                home.remove()
                home = try workplace.home("home-\(time)")
                issuer = try await DevelopmentIssuer(keysDirectory: home.keys)
            }
            return home
        }
        let version = try await suite.metrics(of: .relationships).label("version", ofFamily: "rapport_build_info")
        Console.say("  \(Format.left("version", 12)) \(version ?? "unknown")")
        if !parts.isDisjoint(with: [.starts, .memory]) { tell(empty) }

        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let client = Client(suite, loops: cores)
        let load = Load(client: client, inFlight: inFlight)
        Console.progress("making \(pairs) pairs")
        let made = try await Pairs.make(pairs, load, issuer: issuer)
        try await suite.settle()
        var promises: [Made] = []
        var feedback: [Made] = []
        if parts.contains(.latency) {
            let observer = Client(suite, loops: 1)
            let latency = Latency(client: observer, load: load, suite: suite, pairs: made)
            Console.progress("latency of evidence, nothing else running")
            tell(try await latency.measure(samples: samples, first: 0, besideWrites: false).0)
            Console.progress("latency of evidence beside writes")
            let (section, beside) = try await latency.measure(samples: samples, first: samples, besideWrites: true)
            promises += beside
            tell(section)
            await observer.close()
            try await suite.settle()
        }
        if parts.contains(.writes) {
            let (section, promised, given) = try await Writes(load: load, suite: suite, pairs: made, home: home)
                .measure(rounds: rounds, seconds: seconds)
            promises += promised
            feedback += given
            tell(section)
        }
        if parts.contains(.reads) {
            Console.progress("making goals")
            // Where nothing was written before, there must be something to read.
            if promises.isEmpty {
                promises = try await load.run(count: 10 * pairs) {
                    try await made[$0.number].promise(client.relationships)
                }.answers
            }
            if feedback.isEmpty {
                feedback = try await load.run(count: 10 * pairs) {
                    try await made[$0.number].giveFeedback(client.feedback)
                }.answers
            }
            let goals = try await load.run(count: Pairs.goalsOfAPair * pairs) {
                try await made[$0.number].setGoal(client.goals)
            }.answers
            try await suite.settle()
            tell(
                try await Reads(load: load, suite: suite, pairs: made).measure(
                    promises: promises, feedback: feedback, goals: goals, rounds: rounds, seconds: seconds))
        }
        await client.close()
        if parts.contains(.memory) { tell(Memory(suite: suite).measure()) }
        if parts.contains(.starts) {
            tell(try await Starts(suite: suite).measure("with data", times: starts) { _ in home })
        }
        await suite.stop()
    }
}
