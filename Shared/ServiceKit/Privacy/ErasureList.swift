import FoundationEssentials
import Glibc
import Storage

/// Who was erased, in a file that no backup of a database holds: a database that is restored from a copy of before an erasure
/// does not know of it (docs/domain.md §6.10).
///
/// A line for each erasure, its resource name, which names the person. Nothing is ever taken out.
public struct ErasureList: Sendable {
    public enum Failure: Error, CustomStringConvertible {
        case notRead(path: String)
        case notWritten(path: String, cause: Int32)
        case tooLarge(path: String)

        public var description: String {
            switch self {
            case .notRead(let path): "the list of erasures \(path) cannot be read"
            case .notWritten(let path, let cause):
                "the list of erasures \(path) could not be written: \(String(cString: strerror(cause)))"
            case .tooLarge(let path): "the list of erasures \(path) is larger than \(ErasureList.maximumBytes) bytes"
            }
        }
    }

    /// Half a million erasures.
    static let maximumBytes = 64 << 20

    public let path: String

    public init(path: String) { self.path = path }

    /// Names of erasures in the order of the lines, each once. What is none, such as a line that a crash has cut, is left out.
    public func names() throws -> [String] {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            guard !FileManager.default.fileExists(atPath: path) else { throw Failure.notRead(path: path) }
            return []
        }
        guard bytes.count <= Self.maximumBytes else { throw Failure.tooLarge(path: path) }
        var seen: Set<String> = []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let name = try? ResourceName(String(line), "organizations", "people", "erasures").text
            return name.flatMap { seen.insert($0).inserted ? $0 : nil }
        }
    }

    /// Durable when it returns. Blocks.
    public func add(_ names: [String]) throws {
        guard !names.isEmpty else { return }
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.notWritten(path: path, cause: errno) }
        defer { close(descriptor) }
        // Behind a line that a crash has cut a new one begins.
        let lines = Array(("\n" + names.map { $0 + "\n" }.joined()).utf8)
        guard write(descriptor, lines, lines.count) == lines.count else {
            throw Failure.notWritten(path: path, cause: errno)
        }
        guard fsync(descriptor) == 0 else { throw Failure.notWritten(path: path, cause: errno) }
        try DatabaseFile.syncDirectory(of: path)
    }
}
