import Logging
import NIOConcurrencyHelpers
import NIOSSL

/// The TLS context that new connections use, built anew when one of its files has changed.
final class TLSContext: Sendable {
    /// What is known of the files. Held by whoever looks, so that the latest look has the last word.
    private struct Knowledge {
        /// The files of the context in force.
        var used: [FileStamp?]
        /// Files that could not be used, as they were then.
        var unusable: [FileStamp?]?
    }

    private let files: [String]
    private let build: @Sendable () throws -> NIOSSLContext
    private let logger: Logger
    private let knowledge: NIOLockedValueBox<Knowledge>
    private let inForce: NIOLockedValueBox<NIOSSLContext>

    /// Blocks on the disk, like `look`.
    init(files: [String], logger: Logger, build: @escaping @Sendable () throws -> NIOSSLContext) throws {
        self.files = files
        self.build = build
        self.logger = logger
        // Before they are read: what changes meanwhile shows at the next look.
        knowledge = NIOLockedValueBox(Knowledge(used: files.map(FileStamp.init(of:))))
        inForce = NIOLockedValueBox(try build())
    }

    var current: NIOSSLContext { inForce.withLockedValue { $0 } }

    /// Reads the files again if they have changed. Those that cannot be used are tried again when they change further,
    /// since a certificate and its key are rarely replaced at one instant. Not at each look: swift-nio-ssl loses what a
    /// context has taken when its key does not fit (some 30 KB).
    func look() {
        knowledge.withLockedValue { knowledge in
            let found = files.map(FileStamp.init(of:))
            guard found != knowledge.used else {
                knowledge.unusable = nil
                return
            }
            guard found != knowledge.unusable else { return }
            do {
                let context = try build()
                inForce.withLockedValue { $0 = context }
                knowledge = Knowledge(used: found)
                logger.info(
                    "TLS files have changed: new connections use them",
                    metadata: ["files": "\(files.joined(separator: ", "))"])
            } catch {
                logger.warning(
                    "TLS files have changed and cannot be used: what was read before stays in force",
                    metadata: ["error": "\(error)"])
                knowledge.unusable = found
            }
        }
    }
}

/// What a client's TLS connections are made from. To be shared by all channels of a process: before each new
/// connection the files are looked at, and read again when they have changed.
public final class ClientCredentials: Sendable {
    /// What they were made of.
    public let tls: ClientTLS
    private let context: TLSContext

    /// Reads the files; not for an event loop.
    /// - Throws: `TLSFileError`.
    public init(_ tls: ClientTLS, logger: Logger) throws {
        self.tls = tls
        context = try TLSContext(files: tls.files, logger: logger) { try tls.context() }
    }

    /// Blocks on the disk.
    func latest() -> NIOSSLContext {
        context.look()
        return context.current
    }
}
