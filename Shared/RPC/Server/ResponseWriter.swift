import HTTP
import NIOCore
import Protobuf

/// Sends the messages of a streaming response.
public struct ResponseWriter<Element: Sendable>: Sendable {
    @usableFromInline
    enum Sink: Sendable {
        /// Packs a message for the call, or gives it back for `ServerCall.write`.
        case call(ServerCall, @Sendable (ServerCall, Element, _ compresses: Bool) -> ByteBuffer?)
        case closure(@Sendable (Element) async throws -> Void)
    }

    @usableFromInline let sink: Sink

    /// A writer for tests of a handler, which hands every message to `write`.
    public init(_ write: @escaping @Sendable (Element) async throws -> Void) { sink = .closure(write) }

    /// Queues a message. Suspends while more than the transport's high-water mark (64 KiB) waits for the peer.
    /// Throws the call's cancellation (CANCELLED, DEADLINE_EXCEEDED) when nobody reads any more.
    /// - Parameter compresses: false sends it as it is, whatever the context's `responseCoding` says: what holds secrets
    ///   beside text of the caller's must not be compressed with it (gRPC doc/compression.md, CRIME and BREACH).
    @inlinable
    nonisolated(nonsending)
        public func write(_ element: Element, compresses: Bool = true) async throws
    {
        switch sink {
        case .call(let call, let pack):
            if let message = pack(call, element, compresses) { try await call.write(message, compresses: compresses) }
        case .closure(let write): try await write(element)
        }
    }

    /// Sends the initial metadata now, rather than with the first message.
    public func start() {
        if case .call(let call, _) = sink { call.start() }
    }
}

extension ResponseWriter where Element: Message {
    @usableFromInline
    init(_ call: ServerCall) { sink = .call(call) { $0.pack($1, compresses: $2) } }
}

extension ResponseWriter where Element == ByteBuffer {
    init(_ call: ServerCall) { sink = .call(call) { _, message, _ in framed(message) } }
}
