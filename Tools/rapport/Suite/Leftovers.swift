import FoundationEssentials
import Glibc

/// Services whose `rapport up` was killed: they run on and hold the data and the ports.
enum Leftovers {
    /// Ends them. The home's lock is held, so no other `rapport up` answers for them; the pid file and the program's
    /// name must both fit, since a number may belong to somebody else by now.
    static func end(in home: Home, report: (String) -> Void) async throws {
        for program in ServiceProgram.allCases {
            guard let text = home.read(home.pidFile(of: program)),
                let pid = pid_t(String(decoding: text.dropLast(), as: UTF8.self)), isRunning(pid, program)
            else { continue }
            report("\(program.rawValue) (pid \(pid)) is left over from an earlier run and is stopped first")
            kill(pid, SIGTERM)
            let end = ContinuousClock.now + Suite.stopGrace
            while isRunning(pid, program) {
                guard ContinuousClock.now < end else { throw Failure("pid \(pid) does not stop; end it by hand") }
                try await Task.sleep(for: Readiness.pollInterval)
            }
            home.remove(home.pidFile(of: program))
        }
    }

    static func isRunning(_ pid: pid_t, _ program: ServiceProgram) -> Bool {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
        return path?.hasSuffix("/\(program.rawValue)") == true
    }
}
