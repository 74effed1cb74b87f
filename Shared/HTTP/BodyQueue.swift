import NIOCore

/// Body bytes that wait to be framed. One buffer, the usual case, costs no allocation.
struct BodyQueue {
    /// Empty only when `rest` is.
    private var first = ByteBuffer()
    private var rest: CircularBuffer<ByteBuffer>?
    /// The end of the queue, which takes small messages while it has room.
    private var open = ByteBuffer()
    private(set) var byteCount = 0

    /// The largest piece of memory that messages share. A piece is never larger than what waits already, so that who
    /// writes little holds little.
    static let largestShared = 16 * 1024

    mutating func append(_ bytes: ByteBuffer) {
        close()
        push(bytes)
        byteCount += bytes.readableBytes
    }

    /// Appends bytes that `fill` writes in place.
    mutating func append(byteCount count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        if open.writableBytes < count {
            close()
            open = ByteBufferAllocator().buffer(capacity: max(count, min(byteCount, Self.largestShared)))
        }
        open.append(byteCount: count, fill)
        byteCount += count
    }

    private mutating func close() {
        guard open.readableBytes > 0 else { return }
        push(open)
        open = ByteBuffer()
    }

    private mutating func push(_ bytes: ByteBuffer) {
        if first.readableBytes == 0 {
            first = bytes
        } else if rest == nil {
            rest = [bytes]
        } else {
            rest?.append(bytes)
        }
    }

    /// Moves the first `count` bytes, of which there must be as many, to the end of the output.
    mutating func move(_ count: Int, to output: LoopScratch) {
        byteCount -= count
        var missing = count
        while missing > 0 {
            if first.readableBytes == 0 { swap(&first, &open) }
            let piece = min(missing, first.readableBytes)
            first.readWithUnsafeReadableBytes { bytes in
                output.append(UnsafeRawBufferPointer(rebasing: bytes[..<piece]))
                return piece
            }
            missing -= piece
            if first.readableBytes == 0 { first = rest?.popFirst() ?? ByteBuffer() }
        }
    }

    mutating func removeAll() {
        self = BodyQueue()
    }
}

extension ByteBuffer {
    /// A buffer of bytes that `fill` writes in place.
    package init(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        self = ByteBufferAllocator().buffer(capacity: byteCount)
        append(byteCount: byteCount, fill)
    }

    mutating func append(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { place in
            fill(UnsafeMutableRawBufferPointer(rebasing: place[..<byteCount]))
            return byteCount
        }
    }
}
