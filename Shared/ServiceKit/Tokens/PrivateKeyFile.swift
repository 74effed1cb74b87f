import FoundationEssentials
import Glibc

/// A secret on disk: made whole or not at all, readable by its owner alone.
enum PrivateKeyFile {
    enum Failure: Error, CustomStringConvertible {
        case notWritten(path: String, cause: Int32)

        var description: String {
            switch self {
            case .notWritten(let path, let cause):
                "the key \(path) could not be written: \(String(cString: strerror(cause)))"
            }
        }
    }

    /// What is in the file; made at first use. When two processes race, the first one's secret stays and both read it.
    static func contents(at path: String, orCreating contents: () -> String) throws -> String {
        if let stored = FileManager.default.contents(atPath: path) { return String(decoding: stored, as: UTF8.self) }
        return try create(at: path, contents: contents())
    }

    private static func create(at path: String, contents: String) throws -> String {
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.notWritten(path: path, cause: errno) }
        let bytes = Array(contents.utf8)
        let written = write(descriptor, bytes, bytes.count)
        let synced = fsync(descriptor)
        close(descriptor)
        defer { unlink(temporary) }
        guard written == bytes.count, synced == 0 else { throw Failure.notWritten(path: path, cause: errno) }
        // A hard link fails when the name is taken, where a rename would replace the other's key.
        guard link(temporary, path) == 0 || errno == EEXIST else { throw Failure.notWritten(path: path, cause: errno) }
        guard let stored = FileManager.default.contents(atPath: path) else {
            throw Failure.notWritten(path: path, cause: errno)
        }
        return String(decoding: stored, as: UTF8.self)
    }
}
