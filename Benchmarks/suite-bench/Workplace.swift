import FoundationEssentials
import Glibc

/// A directory of this run's own under TMPDIR, or /tmp: on the disk whose commits are measured.
struct Workplace: Sendable {
    let path: String

    init() throws {
        let given = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
        let parent = given.isEmpty ? "/tmp" : given
        path = "\(parent)/rapport-bench-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    /// A home for one suite: its keys, data and logs.
    func home(_ name: String) throws -> Home {
        let home = Home(path: "\(path)/\(name)")
        for directory in ["", "/keys", "/logs"] {
            try FileManager.default.createDirectory(
                atPath: home.path + directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        }
        return home
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

struct Home: Sendable {
    let path: String

    var keys: String { "\(path)/keys" }
    func data(of service: Service) -> String { "\(path)/\(service.rawValue)" }
    func log(of service: Service) -> String { "\(path)/logs/\(service.rawValue).log" }

    /// The last lines of a service's log.
    func logTail(of service: Service) -> String {
        Machine.text(log(of: service)).split(separator: "\n").suffix(15).joined(separator: "\n")
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
