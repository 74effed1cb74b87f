import FoundationEssentials
import Glibc
import RPC
import Schema
import Standard
import Synchronization
import Testing

@testable import rapport

/// All end-to-end tests: one after another, since they share processes.
@Suite("Five processes", .serialized)
enum EndToEnd {}

/// `rapport up` on free ports, with a home of its own.
final class RunningSuite: Sendable {
    /// Far beyond what a load takes; a suite that hangs fails its tests instead of blocking them.
    static let patience: Duration = .seconds(180)

    let home: Home
    private let process: Mutex<ChildProcess>
    private let starts = Mutex(1)

    init() throws {
        home = Home("\(FileManager.default.temporaryDirectory.path)/rapport-e2e-\(UUID().uuidString)")
        try home.create()
        process = Mutex(try Self.launch(home, log: "\(home.path)/up-1.log"))
        Leftovers.add(self)
    }

    /// The programs lie beside the test bundle; RAPPORT_BIN names another place.
    static var binaries: String {
        get throws { try Environment.all["RAPPORT_BIN"] ?? Binaries.directory() }
    }

    private static func launch(_ home: Home, log: String) throws -> ChildProcess {
        var environment = Environment.all
        environment["RAPPORT_HOME"] = home.path
        return try ChildProcess(
            executable: "\(try binaries)/rapport",
            arguments: ["up", "--listen", "127.0.0.1:0", "--base-port", "0"], environment: environment, log: log)
    }

    private var log: String { "\(home.path)/up-\(starts.withLock { $0 }).log" }

    /// What `rapport up` has printed since its last start.
    var output: String { String(decoding: home.read(log) ?? [], as: UTF8.self) }

    func untilReady() async throws {
        try await until("the suite is ready") {
            guard process.withLock({ $0.isRunning }) else { throw Failure("rapport up ended:\n\(output)") }
            return output.contains("Rapport is ready")
        }
    }

    /// Waits for a condition that some process brings about.
    func until(_ what: String, _ holds: () throws -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while ContinuousClock.now < end {
            if try holds() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Failure("waited \(Self.patience) in vain until \(what):\n\(output)")
    }

    var file: DemoFile { get throws { try DemoFile.load(from: home) } }

    /// Facts of all stories that are loaded.
    var facts: Int { get throws { try file.progress.values.reduce(0) { $0 + $1.facts } } }

    func pid(of program: ServiceProgram) -> pid_t? {
        home.read(home.pidFile(of: program)).flatMap { pid_t(String(decoding: $0.dropLast(), as: UTF8.self)) }
    }

    /// `rapport up` alone is killed: its services run on without it.
    func killUp() async {
        let running = process.withLock { $0 }
        running.send(SIGKILL)
        #expect(await running.exit == .signal(SIGKILL))
    }

    func startAgain() async throws {
        let next = starts.withLock {
            $0 += 1
            return $0
        }
        let started = try Self.launch(home, log: "\(home.path)/up-\(next).log")
        process.withLock { $0 = started }
        try await untilReady()
    }

    func stop() async throws {
        let running = process.withLock { $0 }
        running.send(SIGTERM)
        #expect(await running.exit == .code(0))
        #expect(!output.contains("was killed"))
    }

    fileprivate func endAtExit() {
        let running = process.withLock { $0 }
        running.send(SIGTERM)
        for _ in 0..<1000 where running.isRunning { usleep(20_000) }
        try? FileManager.default.removeItem(atPath: home.path)
    }

    // MARK: Calls

    func client() throws -> Pair {
        let file = try file
        return Pair(
            channel: try Connection.channel(to: file.addresses["gateway"] ?? "", nil),
            name: try file.relationship(Story.caseStudy.id), dayZero: try #require(CalendarDay(file.dayZero)),
            home: home)
    }
}

/// The case study's pair, as its people see it through the gateway.
struct Pair {
    let channel: RPC.Channel
    let name: String
    let dayZero: CalendarDay
    let home: Home

    var trust: TrustServiceClient { TrustServiceClient(channel) }
    var relationships: RelationshipsServiceClient { RelationshipsServiceClient(channel) }
    var feedback: FeedbackServiceClient { FeedbackServiceClient(channel) }

    func day(_ day: Int) -> Timestamp { (dayZero + day).at() }

    func options(_ role: DemoRole, scopes: [String] = []) async throws -> CallOptions {
        let token = try await TokenMint(home: home).token(for: role, scopes: scopes)
        return CallOptions(metadata: ["authorization": "Bearer \(token)"], timeout: .seconds(20))
    }

    func profile(at day: Int, as role: DemoRole = .coachee) async throws -> TrustProfile {
        try await trust.getProfileAt(
            GetProfileAtRequest(name: "\(name)/trustProfile", asOf: self.day(day)), options: options(role))
    }

    func explanation(_ from: Int, _ to: Int, as role: DemoRole = .coachee) async throws -> Explanation {
        try await trust.explainChange(
            ExplainChangeRequest(name: name, from: day(from), to: day(to)), options: options(role))
    }

    func evidence(as role: DemoRole = .coachee) async throws -> [Evidence] {
        try await trust.listEvidence(
            ListEvidenceRequest(parent: name, pageSize: 500), options: options(role)
        ).evidence
    }
}

/// The suite that most tests ask; started once.
actor Shared {
    static let suite = Shared()
    private var starting: Task<RunningSuite, any Error>?

    func running() async throws -> RunningSuite {
        if starting == nil {
            starting = Task {
                let suite = try RunningSuite()
                try await suite.untilReady()
                return suite
            }
        }
        guard let starting else { throw Failure("unreachable") }
        return try await starting.value
    }

    static func pair() async throws -> Pair {
        try await suite.running().client()
    }
}

/// Processes that outlive their tests end with the test program.
private enum Leftovers {
    private static let suites = Mutex<[RunningSuite]>([])

    static func add(_ suite: RunningSuite) {
        let isFirst = suites.withLock {
            $0.append(suite)
            return $0.count == 1
        }
        if isFirst { atexit { for suite in Leftovers.suites.withLock({ $0 }) { suite.endAtExit() } } }
    }
}
