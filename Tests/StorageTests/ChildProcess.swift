import FoundationEssentials
import Glibc

@testable import Storage

/// A StorageCrashWriter, with its standard output in a file, which keeps every line that was said before a kill.
final class ChildProcess {
    private let identifier: pid_t
    private let outputPath: String

    /// - Parameter tracer: a program and its arguments that run the child, such as strace.
    init(_ arguments: [String], tracer: [String] = []) throws {
        let directory = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let command = tracer + [directory.appending(path: "StorageCrashWriter").path] + arguments
        outputPath = arguments[1] + ".out-\(UUID().uuidString)"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, outputPath, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var words = command.map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var identifier: pid_t = 0
        let failure = posix_spawnp(&identifier, command[0], &actions, nil, words, environ)
        guard failure == 0 else {
            throw StorageError.file("cannot run \(command[0]): \(String(cString: strerror(failure)))")
        }
        self.identifier = identifier
    }

    func output() throws -> String { try String(contentsOfFile: outputPath, encoding: .utf8) }

    func kill() { _ = Glibc.kill(identifier, SIGKILL) }

    /// Waits for the child to end and returns its exit status, or the signal that ended it.
    func end() async throws -> Int32 {
        let identifier = identifier
        return try await offload {
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0 {
                guard errno == EINTR else { throw StorageError.file("waitpid: \(DatabaseFile.reason())") }
            }
            return status & 0x7f == 0 ? status >> 8 & 0xff : status & 0x7f
        }
    }
}

/// Holds the lock that opening a database takes, as another process would.
func lockFile(_ path: String) -> Int32? {
    let descriptor = open(path, O_RDWR)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    return descriptor
}

func unlockFile(_ descriptor: Int32) { _ = close(descriptor) }
