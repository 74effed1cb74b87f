import NIOCore

/// The messages of a request, framed: those that wait for the transport, and, until the call belongs to one attempt,
/// those that another attempt would have to send again (gRFC A6, "Memory Management"). Confined to the call's loop.
struct RequestBuffer {
    private struct Item {
        let bytes: ByteBuffer
        /// Nil once an attempt has taken the message.
        var written: Waiter<Void>?
    }

    private var items = CircularBuffer<Item>()
    // The position of the first item in the whole request.
    private var first = 0
    // The position after the last message that any attempt has taken.
    private var taken = 0
    /// Bytes that were taken and are kept.
    private(set) var keptBytes = 0
    /// The caller has no more messages.
    var isFinished = false

    /// The position after the last message that the caller has given.
    var end: Int { first + items.count }

    /// Bytes of the largest message that nobody has taken, without its prefix.
    var largest: Int { items.map { $0.bytes.readableBytes - MessageReader.prefixLength }.max() ?? 0 }

    init() {}

    /// A request of one message.
    init(_ message: ByteBuffer) {
        items.append(Item(bytes: message, written: nil))
        isFinished = true
    }

    mutating func append(_ bytes: ByteBuffer, _ written: Waiter<Void>) {
        items.append(Item(bytes: bytes, written: written))
    }

    /// The message at a position, which is sent now; nil when there is none yet. Its writer goes on when it is sent for
    /// the first time.
    /// - Parameter keeps: whether another attempt may have to send it again.
    mutating func take(_ position: Int, keeps: Bool) -> ByteBuffer? {
        guard position >= first, position < end else { return nil }
        let index = items.index(items.startIndex, offsetBy: position - first)
        let bytes = items[index].bytes
        if let written = items[index].written {
            items[index].written = nil
            // A writer that was cancelled meanwhile cancels the call.
            written.resolve(.success(()))
        }
        if !keeps {
            forget(before: position + 1)
        } else if position >= taken {
            taken = position + 1
            keptBytes += bytes.readableBytes
        }
        return bytes
    }

    /// Lets go of messages that nobody will send again.
    mutating func forget(before position: Int) {
        while first < position, items.popFirst() != nil { first += 1 }
        keptBytes = 0
    }

    mutating func fail(_ error: RPCError) {
        let failed = items
        items = CircularBuffer()
        for item in failed { item.written?.resolve(.failure(error)) }
    }
}
