import NIOCore

/// The messages of a request, framed: those that wait for the transport, and, until the call belongs to one attempt,
/// those that another attempt would have to send again (gRFC A6, "Memory Management"). Confined to the call's loop.
struct RequestBuffer {
    private struct Item {
        let bytes: ByteBuffer
        /// Nil once an attempt has taken the message.
        var written: Waiter<Void>?
    }

    // The first one by itself: most requests have one message, and pay for no queue.
    private var head: Item?
    private var tail: CircularBuffer<Item>?
    // The position of the first item in the whole request.
    private var first = 0
    // The position after the last message that any attempt has taken.
    private var taken = 0
    /// Bytes that were taken and are kept.
    private(set) var keptBytes = 0
    /// The caller has no more messages.
    var isFinished = false

    /// The position after the last message that the caller has given.
    var end: Int { head == nil ? first : first + 1 + (tail?.count ?? 0) }

    /// Bytes of the largest message that nobody has taken, without its prefix.
    var largest: Int {
        let waiting = max(head?.bytes.readableBytes ?? 0, tail?.map(\.bytes.readableBytes).max() ?? 0)
        return max(0, waiting - MessageReader.prefixLength)
    }

    init() {}

    /// A request of one message.
    init(_ message: ByteBuffer) {
        head = Item(bytes: message, written: nil)
        isFinished = true
    }

    mutating func append(_ bytes: ByteBuffer, _ written: Waiter<Void>) {
        let item = Item(bytes: bytes, written: written)
        guard head != nil else {
            head = item
            return
        }
        tail = tail ?? CircularBuffer()
        tail?.append(item)
    }

    /// The message at a position, which is sent now; nil when there is none yet. Its writer goes on when it is sent for
    /// the first time.
    /// - Parameter keeps: whether another attempt may have to send it again.
    mutating func take(_ position: Int, keeps: Bool) -> ByteBuffer? {
        guard position >= first, position < end, let (bytes, written) = taken(at: position - first) else { return nil }
        // A writer that was cancelled meanwhile cancels the call.
        written?.resolve(.success(()))
        if !keeps {
            forget(before: position + 1)
        } else if position >= taken {
            taken = position + 1
            keptBytes += bytes.readableBytes
        }
        return bytes
    }

    /// The message so far behind the first one, whose writer is told from now on.
    private mutating func taken(at offset: Int) -> (ByteBuffer, Waiter<Void>?)? {
        if offset == 0 {
            defer { head?.written = nil }
            return head.map { ($0.bytes, $0.written) }
        }
        guard let index = tail.map({ $0.index($0.startIndex, offsetBy: offset - 1) }) else { return nil }
        defer { tail?[index].written = nil }
        return tail.map { ($0[index].bytes, $0[index].written) }
    }

    /// Lets go of messages that nobody will send again.
    mutating func forget(before position: Int) {
        while first < position, head != nil {
            head = tail?.popFirst()
            first += 1
        }
        keptBytes = 0
    }

    mutating func fail(_ error: RPCError) {
        let (first, others) = (head, tail)
        (head, tail) = (nil, nil)
        first?.written?.resolve(.failure(error))
        for item in others ?? [] { item.written?.resolve(.failure(error)) }
    }
}
