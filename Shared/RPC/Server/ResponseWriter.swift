import HTTP
import NIOCore
import Protobuf

/// Sends the messages of a streaming response.
public struct ResponseWriter<Element: Sendable>: Sendable {
    private enum Sink: Sendable {
        case call(ServerCall, @Sendable (Element) -> ByteBuffer)
        case closure(@Sendable (Element) async throws -> Void)
    }

    private let sink: Sink

    init(_ call: ServerCall, encode: @escaping @Sendable (Element) -> ByteBuffer) { sink = .call(call, encode) }

    /// A writer for tests of a handler, which hands every message to `write`.
    public init(_ write: @escaping @Sendable (Element) async throws -> Void) { sink = .closure(write) }

    /// Queues a message. Suspends while more than the transport's high-water mark (64 KiB) waits for the peer.
    /// Throws the call's cancellation (CANCELLED, DEADLINE_EXCEEDED) when nobody reads any more.
    /// - Parameter compresses: false sends it as it is, whatever the context's `responseCoding` says: what holds secrets
    ///   beside text of the caller's must not be compressed with it (gRPC doc/compression.md, CRIME and BREACH).
    nonisolated(nonsending)
        public func write(_ element: Element, compresses: Bool = true) async throws
    {
        switch sink {
        case .call(let call, let encode): try await call.write(encode(element), compresses: compresses)
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
    init(_ call: ServerCall) { self.init(call) { framed($0) } }
}

extension ResponseWriter where Element == ByteBuffer {
    init(_ call: ServerCall) { self.init(call) { framed($0) } }
}
