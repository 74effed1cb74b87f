import NIOCore
import Protobuf

/// Sends the messages of a streaming request.
public struct RequestWriter<Element: Sendable>: Sendable {
    private let call: ClientCall
    private let encode: @Sendable (Element) -> ByteBuffer

    init(_ call: ClientCall, _ encode: @escaping @Sendable (Element) -> ByteBuffer) {
        self.call = call
        self.encode = encode
    }

    /// Queues a message. Suspends until there is a connection, and while more than the transport's high-water mark
    /// (64 KiB) waits for the peer. Throws when the call has ended; its status comes with the response.
    /// - Parameter compresses: false sends it as it is, whatever the options' `requestCoding` says.
    nonisolated(nonsending)
        public func write(_ element: Element, compresses: Bool = true) async throws
    {
        try await call.write(encode(element), compresses: compresses)
    }

    /// There are no more messages. The response goes on.
    public func finish() { call.finish() }
}

/// The messages of a streaming response, in order. To be read by one task at a time. Ends when the server ends it with
/// OK, and throws `RPCError` otherwise. Giving up the last copy of it cancels the call.
public struct ResponseStream<Element: Sendable>: AsyncSequence, Sendable {
    fileprivate let handle: CallHandle
    private let decode: @Sendable (ByteBuffer) throws -> Element

    init(_ call: ClientCall, _ decode: @escaping @Sendable (ByteBuffer) throws -> Element) {
        handle = CallHandle(call)
        self.decode = decode
    }

    /// Waits until the response begins.
    public var initialMetadata: Metadata {
        get async throws { try await handle.call.initialMetadata() }
    }

    /// What came with the status; empty until the stream has ended.
    public var trailingMetadata: Metadata { handle.call.trailingMetadata }

    /// Gives the call up; the stream then throws CANCELLED.
    public func cancel() { handle.call.cancel() }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: handle, decode: decode) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let handle: CallHandle
        fileprivate let decode: @Sendable (ByteBuffer) throws -> Element

        public mutating func next() async throws -> Element? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
            guard let bytes = try await handle.call.nextResponse() else { return nil }
            do {
                return try decode(bytes)
            } catch {
                handle.call.cancel()
                throw error
            }
        }
    }
}

/// Both directions of a call, each with its own pace.
public struct BidirectionalCall<Request: Sendable, Response: Sendable>: Sendable {
    /// What goes to the server.
    public let requests: RequestWriter<Request>
    /// What comes from it.
    public let responses: ResponseStream<Response>
}

/// Cancels its call when nobody is left to read it.
private final class CallHandle: Sendable {
    let call: ClientCall

    init(_ call: ClientCall) { self.call = call }

    deinit { call.cancel() }
}
