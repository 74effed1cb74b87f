import FoundationEssentials
import Glibc

/// Services whose `rapport up` was killed: they run on and hold the data and the ports.
enum Leftovers {
    /// Ends them, the gateway first and then those it calls. The home's lock is held, so no other `rapport up` answers
    /// for them.
    static func end(in home: Home, report: (String) -> Void) async throws {
        let leftovers = ServiceProgram.allCases.compactMap { Leftover($0, in: home) }
        for leftover in leftovers {
            report("\(leftover.program.rawValue) (pid \(leftover.pid)) is left over from an earlier run and is stopped")
        }
        try await stop(leftovers.filter { $0.program == .gateway })
        try await stop(leftovers.filter { $0.program != .gateway })
        for leftover in leftovers { home.remove(home.pidFile(of: leftover.program)) }
    }

    private static func stop(_ leftovers: [Leftover]) async throws {
        for leftover in leftovers { kill(leftover.pid, SIGTERM) }
        let end = ContinuousClock.now + Suite.stopGrace
        while let stubborn = leftovers.first(where: \.isRunning) {
            guard ContinuousClock.now < end else {
                throw Failure("\(stubborn.program.rawValue) (pid \(stubborn.pid)) does not stop; end it by hand")
            }
            try await Task.sleep(for: Readiness.pollInterval)
        }
    }
}

/// A running process that an earlier `rapport up` started.
private struct Leftover {
    let program: ServiceProgram
    let pid: pid_t

    /// Nil unless pid file and program fit: the number may belong to somebody else by now.
    init?(_ program: ServiceProgram, in home: Home) {
        guard let text = home.read(home.pidFile(of: program)),
            let pid = pid_t(String(decoding: text.dropLast(), as: UTF8.self))
        else { return nil }
        self.program = program
        self.pid = pid
        guard isRunning else { return nil }
    }

    var isRunning: Bool {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
        return path?.hasSuffix("/\(program.rawValue)") == true
    }
}
