import NIOCore

/// Body bytes that wait to be framed. One buffer, the usual case, costs no allocation.
struct BodyQueue {
    private var first = ByteBuffer()
    private var rest: CircularBuffer<ByteBuffer>?
    private(set) var byteCount = 0

    mutating func append(_ bytes: ByteBuffer) {
        if byteCount == 0 {
            first = bytes
        } else if rest == nil {
            rest = [bytes]
        } else {
            rest?.append(bytes)
        }
        byteCount += bytes.readableBytes
    }

    /// Moves the first `count` bytes, of which there must be as many, to the end of the output.
    mutating func move(_ count: Int, to output: LoopScratch) {
        byteCount -= count
        var missing = count
        while missing > 0 {
            let piece = min(missing, first.readableBytes)
            first.readWithUnsafeReadableBytes { bytes in
                output.append(UnsafeRawBufferPointer(rebasing: bytes[..<piece]))
                return piece
            }
            missing -= piece
            if first.readableBytes == 0 {
                first = rest?.popFirst() ?? ByteBuffer()
            }
        }
    }

    mutating func removeAll() {
        self = BodyQueue()
    }
}
