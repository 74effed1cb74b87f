import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// A program started by this one, its output appended to a log file. The only file that speaks to posix_spawn:
/// FoundationEssentials has no Process.
final class ChildProcess: Sendable {
    /// How a process ended.
    enum Exit: Sendable, Hashable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "ended with code \(code)"
            case .signal(let number): "was ended by signal \(number)"
            }
        }
    }

    private enum State {
        case running([CheckedContinuation<Exit, Never>])
        case ended(Exit)
    }

    let pid: pid_t
    private let state = Mutex(State.running([]))

    /// Starts `executable` in a process group of its own, so that Ctrl-C reaches this program alone, which then stops
    /// the others in order.
    init(executable: String, arguments: [String] = [], environment: [String: String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        ChildProcess.closeAllOnSpawn()

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Ignored and blocked signals pass through exec: the child begins with the defaults.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGTERM, SIGPIPE, SIGHUP] { sigaddset(&defaults, number) }
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))

        let arguments = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, arguments, variables)
        guard error == 0 else { throw Failure("cannot start \(executable): \(String(cString: strerror(error)))") }
        self.pid = pid
        awaitEnd()
    }

    private func awaitEnd() {
        DispatchQueue(label: "rapport.child.\(pid)").async { [self] in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) == -1, errno == EINTR {}
            let signal = status & 0x7f
            let exit: Exit = signal == 0 ? .code(status >> 8 & 0xff) : .signal(signal)
            let waiting = state.withLock { state -> [CheckedContinuation<Exit, Never>] in
                defer { state = .ended(exit) }
                if case .running(let waiting) = state { return waiting }
                return []
            }
            for continuation in waiting { continuation.resume(returning: exit) }
        }
    }

    /// Waits for the end of the process.
    var exit: Exit {
        get async {
            await withCheckedContinuation { continuation in
                let ended = state.withLock { state -> Exit? in
                    switch state {
                    case .ended(let exit): return exit
                    case .running(let waiting):
                        state = .running(waiting + [continuation])
                        return nil
                    }
                }
                if let ended { continuation.resume(returning: ended) }
            }
        }
    }

    var isRunning: Bool {
        state.withLock { if case .running = $0 { true } else { false } }
    }

    /// Does nothing to a process that has ended: its number may belong to another one by now.
    func send(_ signal: Int32) {
        state.withLock { if case .running = $0 { kill(pid, signal) } }
    }

    /// SIGTERM, then SIGKILL when the process lives on after `grace`. True when it ended by itself.
    func stop(grace: Duration) async -> Bool {
        send(SIGTERM)
        let patience = Task {
            try await Task.sleep(for: grace)
            send(SIGKILL)
            return false
        }
        _ = await exit
        patience.cancel()
        return (try? await patience.value) ?? true
    }

    /// Sockets of this process would otherwise stay open as long as the child lives.
    private static func closeAllOnSpawn() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }
}
