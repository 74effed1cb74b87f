/// The head of a received frame (RFC 9113 §4.1).
struct FrameHead: Equatable {
    static let data: UInt8 = 0x0
    static let headers: UInt8 = 0x1
    static let priority: UInt8 = 0x2
    static let rstStream: UInt8 = 0x3

    var length: Int
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    /// The stream that a well-formed PRIORITY depends on (RFC 7540 §6.3), else 0.
    var dependency: UInt32 = 0

    var endsStream: Bool { flags & 0x1 != 0 && (type == Self.data || type == Self.headers) }
}

/// Follows the frames in what a peer sends, beside the engine: nghttp2 tells nothing of frames that it ignores, such as
/// DATA on closed streams, types that it does not know, or PRIORITY, and those cost as well.
struct FrameWalker {
    static let headLength = 9
    /// With the first field of PRIORITY.
    private static let longestHead = 13

    /// Bytes of the current frame that are still to come.
    private var payloadLeft: Int
    /// A head that has not come whole.
    private var partial = InlineArray<13, UInt8>(repeating: 0)
    private var partialCount = 0
    /// Frames that have begun.
    private(set) var frames = 0

    /// A frame, or the preface, has begun and not ended.
    var isInside: Bool { payloadLeft > 0 || partialCount > 0 }

    /// - Parameter skipping: bytes before the first frame.
    init(skipping: Int) {
        payloadLeft = skipping
    }

    /// The frame that begins next; nil when `bytes` does not hold the whole of its head. What is left is remembered.
    /// - Parameter position: where in `bytes` to go on; afterwards behind the head.
    mutating func next(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> FrameHead? {
        let skipped = min(payloadLeft, bytes.count - position)
        position += skipped
        payloadLeft -= skipped
        while position < bytes.count {
            if partialCount == 0, bytes.count - position >= Self.longestHead {
                let head = Self.head { bytes[position + $0] }
                position += Self.headLength
                payloadLeft = head.length
                frames += 1
                return head
            }
            partial[partialCount] = bytes[position]
            partialCount += 1
            position += 1
            if let head = wholePartial() {
                payloadLeft = head.length - (partialCount - Self.headLength)
                partialCount = 0
                frames += 1
                return head
            }
        }
        return nil
    }

    private func wholePartial() -> FrameHead? {
        guard partialCount >= Self.headLength else { return nil }
        let head = Self.head { partial[$0] }
        let isPriority = head.type == FrameHead.priority && head.length == 5
        return isPriority && partialCount < Self.longestHead ? nil : head
    }

    @inline(__always)
    private static func head(_ byte: (Int) -> UInt8) -> FrameHead {
        func number(_ offset: Int) -> UInt32 {
            UInt32(byte(offset)) << 24 | UInt32(byte(offset + 1)) << 16 | UInt32(byte(offset + 2)) << 8
                | UInt32(byte(offset + 3))
        }
        var head = FrameHead(
            length: Int(byte(0)) << 16 | Int(byte(1)) << 8 | Int(byte(2)), type: byte(3), flags: byte(4),
            stream: number(5) & 0x7fff_ffff)
        if head.type == FrameHead.priority, head.length == 5 {
            head.dependency = number(9) & 0x7fff_ffff
        }
        return head
    }
}
