import FoundationEssentials
import Glibc
import Synchronization

/// A service's executable as a child of this program, its output in a log file.
final class ServiceProcess: Sendable {
    let pid: pid_t
    private let isOver = Mutex(false)

    /// Starts it in a process group of its own, so that Ctrl-C reaches this program alone, which then stops the others.
    init(executable: String, environment: [String: String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

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

        // Sockets of this process would otherwise stay open as long as the child lives.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > STDERR_FILENO { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
        let arguments = [strdup(executable), nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, arguments, variables)
        guard error == 0 else { throw Failure("cannot start \(executable): \(String(cString: strerror(error)))") }
        self.pid = pid
    }

    /// Reaps the child when it has ended; its number may belong to another process from then on.
    var isRunning: Bool {
        isOver.withLock { isOver in
            if !isOver { isOver = waitpid(pid, nil, WNOHANG) != 0 }
            return !isOver
        }
    }

    private func send(_ signal: Int32) { if isRunning { kill(pid, signal) } }

    /// SIGTERM, and SIGKILL to one that lives on after 15 seconds: services drain for at most 10.
    func stop() async {
        send(SIGTERM)
        let patience = ContinuousClock.now + .seconds(15)
        while isRunning {
            if ContinuousClock.now > patience { send(SIGKILL) }
            // A cancelled task must wait all the same: no child outlives this program.
            await Task.detached { try? await Task.sleep(for: .milliseconds(5)) }.value
        }
    }

    var residentBytes: Double { Machine.residentBytes(of: "\(pid)") }
}
