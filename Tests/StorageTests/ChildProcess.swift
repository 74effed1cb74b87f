// Foundation only for Process: FoundationEssentials cannot start programs.
import Foundation
import Glibc

@testable import Storage

/// A StorageCrashWriter, with its standard output in a file, which keeps every line that was said before a kill.
final class ChildProcess {
    private let process = Process()
    private let outputPath: String

    /// - Parameter tracer: a program and its arguments that run the child, such as strace.
    init(_ arguments: [String], tracer: [String] = []) throws {
        let directory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let program = directory.appendingPathComponent("StorageCrashWriter").path
        let command = tracer + [program] + arguments
        outputPath = arguments[1] + ".out-\(UUID().uuidString)"
        guard FileManager.default.createFile(atPath: outputPath, contents: nil),
            let output = FileHandle(forWritingAtPath: outputPath)
        else { throw StorageError.file("cannot create \(outputPath)") }
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try output.close()
    }

    func output() throws -> String { try String(contentsOfFile: outputPath, encoding: .utf8) }

    func kill() { _ = Glibc.kill(process.processIdentifier, SIGKILL) }

    /// Waits for the child to end and returns its exit status, or the signal that ended it.
    func end() async throws -> Int32 {
        let process = process
        return try await offload {
            process.waitUntilExit()
            return process.terminationStatus
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
