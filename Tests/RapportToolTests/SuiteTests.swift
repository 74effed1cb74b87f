import FoundationEssentials
import Glibc
import RPC
import Testing

@testable import rapport

@Suite("Processes and files of a suite")
struct SuiteTests {
    static func home() throws -> Home {
        let home = Home("\(FileManager.default.temporaryDirectory.path)/rapport-test-\(UUID().uuidString)")
        try home.create()
        return home
    }

    @Test("demo.json comes back as it was written, and is readable by its owner alone")
    func demoFile() throws {
        let home = try Self.home()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        var file = DemoFile()
        #expect(try DemoFile.load(from: home) == file)
        file.dayZero = "2026-08-24"
        file.progress["case-study"] = .init(facts: 3, names: ["session 0": "x"], isFinished: false)
        try file.save(to: home)
        #expect(try DemoFile.load(from: home) == file)
        let mode = try FileManager.default.attributesOfItem(atPath: home.demoFile)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try home.write("{", to: home.demoFile)
        #expect(throws: Failure.self) { try DemoFile.load(from: home) }
    }

    @Test("Two suites do not run on one home")
    func lock() throws {
        let home = try Self.home()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        try home.lock()
        #expect(throws: Failure.self) { try home.lock() }
    }

    @Test("A child's end is told as a code or a signal, and its output is in its log")
    func childExit() async throws {
        let home = try Self.home()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        let log = home.log(of: .goals)
        let talker = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", "echo to out; echo to err >&2; echo $MARK; exit 3"],
            environment: ["MARK": "seen"], log: log)
        #expect(await talker.exit == .code(3))
        #expect(!talker.isRunning)
        #expect(home.logTail(of: .goals) == "    to out\n    to err\n    seen")
        let sleeper = try ChildProcess(
            executable: "/bin/sleep", arguments: ["60"], environment: [:], log: log)
        sleeper.send(SIGKILL)
        #expect(await sleeper.exit == .signal(SIGKILL))
    }

    @Test("SIGTERM ends a child; one that ignores it is killed after the grace, and that is told")
    func childStop() async throws {
        let home = try Self.home()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        let polite = try ChildProcess(
            executable: "/bin/sleep", arguments: ["60"], environment: [:], log: home.log(of: .goals))
        #expect(await polite.stop(grace: .seconds(10)))
        let stubborn = try ChildProcess(
            executable: "/bin/sh", arguments: ["-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"],
            environment: ["PATH": "/usr/bin:/bin"], log: home.log(of: .feedback))
        while home.logTail(of: .feedback).isEmpty { await Task.yield() }
        #expect(!(await stubborn.stop(grace: .milliseconds(200))))
    }

    @Test("A program that is not there is told by its name")
    func missingProgram() throws {
        let home = try Self.home()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        #expect {
            try ChildProcess(executable: "/nonexistent/goals", environment: [:], log: home.log(of: .goals))
        } throws: { "\($0)".contains("/nonexistent/goals") }
    }

    @Test("Free ports are five different ones; a port in use is told with what to do")
    func ports() async throws {
        let addresses = try await SuiteAddresses.choose(listen: "127.0.0.1:0", basePort: 0)
        #expect(Set(ServiceProgram.allCases.map { addresses[$0] }).count == 5)
        #expect(throws: Never.self) { try Connection.channel(to: addresses[.gateway], nil) }

        let busy = try await Listener.start()
        await #expect {
            try await SuiteAddresses.choose(listen: "127.0.0.1:\(busy.port)", basePort: 0)
        } throws: { "\($0)".contains("\(busy.port)") && "\($0)".contains("--listen") }
        try await busy.close()
    }

    @Test(
        "Wrong addresses are refused",
        arguments: [("nonsense", 0), ("127.0.0.1:99999", 0), ("127.0.0.1:0", -1), ("127.0.0.1:0", 65_534)])
    func wrongAddresses(_ listen: String, _ basePort: Int) async {
        await #expect(throws: Failure.self) { try await SuiteAddresses.choose(listen: listen, basePort: basePort) }
    }

    @Test("A call is made again while a service is away, and no more when it answers or the time is over")
    func persistence() async throws {
        var attempts = 0
        let patient = Persistence(patience: .seconds(60), firstDelay: .milliseconds(1), lastDelay: .milliseconds(2))
        let answer = try await patient {
            attempts += 1
            if attempts < 4 { throw RPCError(.unavailable, "away") }
            return attempts
        }
        #expect(answer == 4)
        await #expect(throws: RPCError.self) { try await patient { throw RPCError(.notFound, "gone") } as Int }
        let hasty = Persistence(patience: .zero, firstDelay: .milliseconds(1))
        await #expect(throws: RPCError.self) { try await hasty { throw RPCError(.unavailable, "away") } as Int }
    }
}
