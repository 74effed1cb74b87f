import CNghttp2
import NIOCore

/// What one peer has cost without use, and when that is too much. nghttp2 bounds header blocks, CONTINUATION frames,
/// settings and queued acknowledgements itself; Debian's 1.52 has no glitch limit, so these counts are ours.
struct HTTP2Policy {
    private var windowStart: NIODeadline?
    private(set) var resets = 0
    private(set) var idleFrames = 0
    var settingsWereReceived = false

    /// Every frame is a cost …
    mutating func countFrame() {
        idleFrames += 1
    }

    /// … that a useful one repays, with some to spare for the WINDOW_UPDATE or PING frames that come with it.
    mutating func countProgress() {
        idleFrames = max(0, idleFrames - 4)
    }

    mutating func countResetReceived() {
        resets += 1
    }

    /// A RST_STREAM left us that the application did not ask for. A refused stream says only that the peer has not seen
    /// our limit yet, and costs a frame.
    mutating func countResetSent(_ code: HTTP2ErrorCode) {
        if code != .refusedStream, code != .noError {
            resets += 1
        }
    }

    /// A fortieth of the idle frames or half of the resets that are allowed: the peer is to wait for the others.
    func isSuspicious(under settings: HTTP2Settings) -> Bool {
        idleFrames > settings.maxIdleFrames / 40 || settings.maxResets.map { resets > $0 / 2 } ?? false
    }

    mutating func tick(_ now: NIODeadline, _ settings: HTTP2Settings) {
        if let windowStart, now - windowStart < settings.abuseWindow { return }
        windowStart = now
        resets = 0
        idleFrames = 0
    }

    func violation(of settings: HTTP2Settings, outboundFrames: Int) -> HTTP2Violation? {
        if let limit = settings.maxResets, resets > limit {
            HTTP2Violation(rule: "too many stream resets", count: resets, code: .enhanceYourCalm)
        } else if idleFrames > settings.maxIdleFrames {
            HTTP2Violation(rule: "too many frames without progress", count: idleFrames, code: .enhanceYourCalm)
        } else if outboundFrames > settings.maxOutboundFrames {
            HTTP2Violation(rule: "too many frames wait to be sent", count: outboundFrames, code: .enhanceYourCalm)
        } else {
            nil
        }
    }
}

/// A rule that a peer broke, for the log and for GOAWAY.
struct HTTP2Violation {
    var rule: String
    var count: Int
    var code: HTTP2ErrorCode
    /// What the peer is told besides the code.
    var debug = ""

    /// A fatal result of nghttp2_session_mem_recv.
    static func engine(_ result: Int32) -> HTTP2Violation {
        let calm = result == NGHTTP2_ERR_FLOODED.rawValue || result == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue
        return HTTP2Violation(
            rule: String(cString: nghttp2_strerror(result)), count: 1, code: calm ? .enhanceYourCalm : .protocolError)
    }

    /// Many times what SETTINGS_MAX_HEADER_LIST_SIZE allows.
    static let hopelessBlock = HTTP2Violation(
        rule: "a header list far above the limit", count: 1, code: .enhanceYourCalm)

    /// nghttp2 ended the connection by a GOAWAY of its own.
    static func goAway(_ code: HTTP2ErrorCode) -> HTTP2Violation {
        HTTP2Violation(rule: "connection error \(code)", count: 1, code: code)
    }
}
