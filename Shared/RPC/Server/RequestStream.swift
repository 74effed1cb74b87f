import NIOCore
import Protobuf

/// The messages of a streaming request, in order. To be read by one task at a time. Taking a message returns its
/// flow-control credit, so a handler that reads slowly slows its caller.
public struct RequestStream<Element: Sendable>: AsyncSequence, Sendable {
    fileprivate enum Source: Sendable {
        case call(ServerCall, @Sendable (ByteBuffer) throws -> Element)
        case elements([Element])
    }

    private let source: Source

    init(_ call: ServerCall, decode: @escaping @Sendable (ByteBuffer) throws -> Element) {
        source = .call(call, decode)
    }

    /// A stream for tests of a handler.
    public init(_ elements: [Element]) { source = .elements(elements) }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source) }

    /// Throws INTERNAL for a message that cannot be read, and the call's cancellation (CANCELLED, DEADLINE_EXCEEDED).
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let source: Source
        private var index = 0

        fileprivate init(_ source: Source) { self.source = source }

        public mutating func next() async throws -> Element? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            switch source {
            case .call(let call, let decode):
                return try await call.nextRequest().map(decode)
            case .elements(let elements):
                guard index < elements.count else { return nil }
                defer { index += 1 }
                return elements[index]
            }
        }
    }
}

extension RequestStream where Element: Message {
    @usableFromInline
    init(_ call: ServerCall) {
        let malformed = call.malformed
        self.init(call) { try decoded($0, orElse: malformed) }
    }
}

extension RequestStream where Element == ByteBuffer {
    init(_ call: ServerCall) { self.init(call) { $0 } }
}

/// Reads a message that the peer sent.
/// - Parameter code: of the error that says that it cannot be read.
@inlinable
func decoded<M: Message>(_ bytes: ByteBuffer, orElse code: StatusCode = .internal) throws -> M {
    do {
        return try M(serialized: bytes.readableBytesSpan)
    } catch {
        throw unreadable(M.fullName, error, code)
    }
}

@usableFromInline
func unreadable(_ name: String, _ error: any Error, _ code: StatusCode) -> RPCError {
    RPCError(code, "the message is not a valid \(name): \(error)")
}
