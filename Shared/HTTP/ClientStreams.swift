/// What the frames of a client say of its streams, whatever the server did with them: a client must not go on with a
/// stream that it has ended, nor use an identifier that it has passed over (RFC 9113 §5.1, §5.1.1). nghttp2 forgets
/// closed streams and lets both pass.
///
/// Only the client's own frames count, since it may not have seen ours yet: after our RST_STREAM it may go on, after its
/// own END_STREAM never.
struct ClientStreams {
    /// Streams remembered as unfinished; of more than these, the oldest are forgotten and never accused.
    static let unfinishedLimit = 256
    /// Gaps between identifiers remembered.
    static let gapLimit = 16

    private var latest: UInt32 = 0
    /// In the order of their identifiers.
    private var unfinished: ContiguousArray<UInt32> = []
    private var forgotten: UInt32 = 0
    private var gaps: [ClosedRange<UInt32>] = []

    /// Notes a frame, and tells the rule that it breaks.
    mutating func received(_ frame: FrameHead) -> HTTP2Violation? {
        switch frame.type {
        case FrameHead.headers where frame.stream % 2 == 1 && frame.stream > latest:
            open(frame)
            return nil
        case FrameHead.headers, FrameHead.data:
            // Identifiers that were never a client's, or not yet used, are the engine's to refuse.
            return frame.stream % 2 == 1 && frame.stream <= latest ? goOn(frame) : nil
        case FrameHead.rstStream:
            end(frame.stream)
            return nil
        case FrameHead.priority where frame.stream == 0:
            return HTTP2Violation(rule: "PRIORITY on stream 0", count: 1, code: .protocolError)
        case FrameHead.priority where frame.dependency == frame.stream:
            return HTTP2Violation(rule: "a stream that depends on itself", count: 1, code: .protocolError)
        default:
            return nil
        }
    }

    private mutating func open(_ frame: FrameHead) {
        if frame.stream > latest + 2 || latest == 0 && frame.stream > 1 {
            if gaps.count == Self.gapLimit { gaps.removeFirst() }
            gaps.append(latest + 1...frame.stream - 1)
        }
        latest = frame.stream
        guard !frame.endsStream else { return }
        if unfinished.count == Self.unfinishedLimit { forgotten = unfinished.removeFirst() }
        unfinished.append(frame.stream)
    }

    private mutating func goOn(_ frame: FrameHead) -> HTTP2Violation? {
        // From the end: most requests are one HEADERS and one DATA.
        if let index = unfinished.lastIndex(of: frame.stream) {
            if frame.endsStream { unfinished.remove(at: index) }
            return nil
        }
        guard frame.stream > forgotten else { return nil }
        if frame.type == FrameHead.headers, gaps.contains(where: { $0.contains(frame.stream) }) {
            return HTTP2Violation(
                rule: "a stream identifier below an earlier one", count: 1, code: .protocolError)
        }
        return HTTP2Violation(rule: "a frame on a closed stream", count: 1, code: .streamClosed)
    }

    private mutating func end(_ stream: UInt32) {
        if let index = unfinished.lastIndex(of: stream) { unfinished.remove(at: index) }
    }
}
