import FoundationEssentials
import Glibc

/// A file of JSON lines that only grows: a line is written whole, or not at all.
final class AppendedFile {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("\(path) cannot be written: errno \(errno)") }
    }

    func append(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
        guard write(descriptor, line, line.count) == line.count else {
            throw Failure("a line could not be written: errno \(errno)")
        }
    }

    deinit { close(descriptor) }
}
