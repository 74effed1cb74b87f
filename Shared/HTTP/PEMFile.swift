import Glibc
import NIOSSL

/// A certificate, a key or roots that cannot be used.
public struct TLSFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Its path.
    public var file: String
    /// What is wrong with it.
    public var problem: String

    public var description: String { "\(file): \(problem)" }
}

/// Certificates or a key, as text (RFC 7468).
struct PEMFile {
    /// The roots of a whole operating system are a quarter of it.
    static let maxSize = 1 << 20

    private let path: String

    init(_ path: String) {
        self.path = path
    }

    /// At least one.
    func certificates() throws(TLSFileError) -> [NIOSSLCertificate] {
        let bytes = try bytes()
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty else {
            throw TLSFileError(file: path, problem: "holds no certificate in PEM, or a damaged one")
        }
        return certificates
    }

    func privateKey() throws(TLSFileError) -> NIOSSLPrivateKey {
        let bytes = try bytes()
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw TLSFileError(file: path, problem: "holds no private key in PEM, or an encrypted or damaged one")
        }
        return key
    }

    private func bytes() throws(TLSFileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(descriptor, &piece, piece.count)
            guard count >= 0 else { throw systemError }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= Self.maxSize else { throw TLSFileError(file: path, problem: "is larger than 1 MiB") }
        }
    }

    private var systemError: TLSFileError {
        TLSFileError(file: path, problem: String(cString: strerror(errno)))
    }
}

/// Tells whether a file is still the one that was read: written in place, replaced, or reached by another link.
struct FileStamp: Hashable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    // Of the content, and of the right to read it too.
    private let modified: [Int]
    private let changed: [Int]

    /// Nil when the file is not there.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
