import FoundationEssentials
import Glibc

/// The directory that holds everything a suite on this machine keeps: data, keys, logs, tokens, demo.json.
struct Home: Sendable {
    /// Absolute.
    let path: String

    /// Lines of a log shown when its program dies.
    static let tailLines = 15
    static let tailBytes = 16 * 1024

    init(_ path: String) {
        let files = FileManager.default
        self.path = path.hasPrefix("/") ? path : "\(files.currentDirectoryPath)/\(path)"
    }

    /// From RAPPORT_HOME, else `.rapport` in the working directory.
    static var standard: Home { Home(Environment.all["RAPPORT_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? ".rapport") }

    /// True for the one that every command finds from the working directory without being told.
    var isStandardHere: Bool { path == "\(FileManager.default.currentDirectoryPath)/.rapport" }

    /// A path as it is typed in the working directory.
    static func fromHere(_ path: String) -> String {
        let here = "\(FileManager.default.currentDirectoryPath)/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    var keys: String { "\(path)/keys" }
    /// Whether development tokens can be signed here.
    var hasIssuer: Bool { FileManager.default.fileExists(atPath: "\(keys)/issuer-development.key") }
    var demoFile: String { "\(path)/demo.json" }

    func data(of program: ServiceProgram) -> String { "\(path)/\(program.rawValue)" }
    func log(of program: ServiceProgram) -> String { "\(path)/logs/\(program.rawValue).log" }
    func pidFile(of program: ServiceProgram) -> String { "\(path)/run/\(program.rawValue).pid" }
    func tokenFile(of role: DemoRole) -> String { "\(path)/tokens/\(role.rawValue)" }

    func create() throws {
        for directory in ["", "/keys", "/logs", "/run", "/tokens"] {
            try FileManager.default.createDirectory(
                atPath: path + directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
    }

    /// Whole or not at all, readable by the owner alone.
    func write(_ text: String, to file: String) throws {
        let draft = "\(file).new"
        guard
            FileManager.default.createFile(
                atPath: draft, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw Failure("cannot write \(draft)") }
        guard rename(draft, file) == 0 else { throw Failure("cannot write \(file)") }
    }

    func read(_ file: String) -> [UInt8]? {
        FileManager.default.contents(atPath: file).map { [UInt8]($0) }
    }

    func remove(_ file: String) {
        unlink(file)
    }

    /// The last lines of a program's log.
    func logTail(of program: ServiceProgram) -> String {
        let descriptor = open(log(of: program), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Home.tailBytes)
        let start = max(0, Int(lseek(descriptor, 0, SEEK_END)) - Home.tailBytes)
        let count = max(0, pread(descriptor, &bytes, Home.tailBytes, start))
        let lines = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: "\n")
        return lines.suffix(Home.tailLines).map { "    \($0)" }.joined(separator: "\n")
    }

    /// Held as long as the process lives: two suites on one home would corrupt nothing but confuse everybody.
    func lock() throws {
        let descriptor = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("cannot open \(path)/lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw Failure("another `rapport up` runs on \(path). Stop it, or set RAPPORT_HOME to another directory.")
        }
    }
}

enum Environment {
    static var all: [String: String] { ProcessInfo.processInfo.environment }
}
