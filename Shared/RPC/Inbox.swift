import Compression
import NIOCore

/// The receiving half of a call: messages that arrived, the reader that waits for one, and how the stream ended.
/// Confined to the call's event loop.
struct Inbox {
    enum Item {
        case message(ByteBuffer)
        case end(RPCError?)
    }

    private var reader: MessageReader
    // The stream has ended, with an error or without; what is buffered is still delivered before it.
    private var isEnded = false
    private var isClosed = false
    private var failure: RPCError?
    private var waiter: Waiter<ByteBuffer?>?

    init(limit: Int, coding: ContentCoding? = nil) { reader = MessageReader(limit: limit, coding: coding) }

    /// How messages whose flag says so are compressed.
    var coding: ContentCoding? {
        get { reader.coding }
        set { reader.coding = newValue }
    }

    /// Told of each message, before anybody has it, whether it came compressed, and its bytes.
    var onTake: ((_ isCompressed: Bool, _ byteCount: Int) -> Void)?

    /// Bytes of all whole messages that have arrived, as they travelled.
    var messageBytes: Int { reader.messageBytes }

    /// Bytes that nobody has taken yet.
    var byteCount: Int { reader.byteCount }

    mutating func append(_ bytes: ByteBuffer) throws(FramingError) { try reader.append(bytes) }

    mutating func takeCredit() -> Int { reader.takeCredit() }

    /// Messages taken since the last time.
    mutating func takeCount() -> Int { reader.takeCount() }

    /// The peer ended the stream, with an error or without; buffered messages come first.
    mutating func finish(_ error: RPCError?) {
        guard !isEnded else { return }
        isEnded = true
        if let error { failure = error }
    }

    /// The call is over: nothing that is buffered matters any more.
    /// - Parameter error: what those hear who ask for more; nil when it has ended well.
    mutating func close(_ error: RPCError?) {
        isEnded = true
        isClosed = true
        if let error { failure = error }
        reader.discard()
    }

    /// What is heard of a call that has ended well.
    static let isOver = RPCError(.cancelled, "the call is over")

    /// The next message, the end, or nil when neither has arrived.
    mutating func take() throws(FramingError) -> Item? {
        if let message = try reader.next() {
            onTake?(reader.tookCompressed, message.readableBytes)
            return .message(message)
        }
        guard isEnded else { return nil }
        if let failure { return .end(failure) }
        if isClosed { return .end(Inbox.isOver) }
        return .end(reader.hasBytes ? RPCError(.internal, "the stream ended inside a message") : nil)
    }

    /// Lets `next` have the next item as soon as there is one.
    mutating func wait(_ next: Waiter<ByteBuffer?>) throws(FramingError) {
        if let waiter, !waiter.isResolved {
            next.resolve(.failure(RPCError(.internal, "two tasks read the same stream")))
            return
        }
        waiter = next
        try serve()
    }

    /// Hands the next item to the waiting reader.
    mutating func serve() throws(FramingError) {
        guard let waiter else { return }
        guard !waiter.isResolved else {
            self.waiter = nil
            return
        }
        let before = reader
        guard let item = try take() else { return }
        self.waiter = nil
        switch item {
        case .message(let message):
            // The reader's task was cancelled in this very moment: the message stays for the next one who asks.
            if !waiter.resolve(.success(message)) { reader = before }
        case .end(nil): waiter.resolve(.success(nil))
        case .end(let error?): waiter.resolve(.failure(error))
        }
    }
}

/// The sending half of a call: messages that wait until the transport takes more. Confined to the call's event loop.
struct Outbox {
    private struct Entry {
        let bytes: ByteBuffer
        let waiter: Waiter<Void>
    }

    // Most calls never wait: nil until one does.
    private var waiting: CircularBuffer<Entry>?
    /// Of messages that wait.
    private(set) var byteCount = 0

    var isEmpty: Bool { waiting?.isEmpty ?? true }

    mutating func append(_ bytes: ByteBuffer, _ waiter: Waiter<Void>) {
        byteCount += bytes.readableBytes
        waiting = waiting ?? CircularBuffer()
        waiting?.append(Entry(bytes: bytes, waiter: waiter))
    }

    /// The next message to send. One whose writer was cancelled meanwhile is dropped.
    mutating func popFirst() -> ByteBuffer? {
        while let entry = waiting?.popFirst() {
            byteCount -= entry.bytes.readableBytes
            if entry.waiter.resolve(.success(())) { return entry.bytes }
        }
        return nil
    }

    mutating func fail(_ error: RPCError) {
        guard let failed = waiting else { return }
        waiting = nil
        byteCount = 0
        for entry in failed { entry.waiter.resolve(.failure(error)) }
    }
}
