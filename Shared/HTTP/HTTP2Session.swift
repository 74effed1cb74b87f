import CNghttp2
import NIOCore

/// One end of an HTTP/2 connection without its transport: bytes in (`feed`), bytes out (`drain`), wake up.
///
/// The protocol engine is one nghttp2 session. Its callbacks only record events; what they mean is told by `deliver`
/// after the engine has returned, because the engine must not be driven from inside a callback, and an application may
/// answer at once.
///
/// `@exclusivity(unchecked)`: an access never spans a call into the engine or the application, which are the only ways
/// back in; the run-time checks would be a tenth of a request.
final class HTTP2Session {
    enum Role {
        case server
        case client
    }

    let role: Role
    let settings: HTTP2Settings
    /// The nghttp2 session.
    let engine: OpaquePointer
    private let memory = EngineMemory.current
    @exclusivity(unchecked) unowned var owner: (any HTTP2SessionOwner)?

    /// Events of the frames since the last `deliver`.
    @exclusivity(unchecked) var events = EventQueue()
    @exclusivity(unchecked) var block = HeaderBlock()
    /// The stream whose header block is unfinished, else 0.
    @exclusivity(unchecked) var blockStream: Int32 = 0
    /// The block has outgrown all patience, and the engine was stopped in it.
    @exclusivity(unchecked) var isHopeless = false
    /// The bytes being fed.
    @exclusivity(unchecked) var input = ByteBuffer()
    @exclusivity(unchecked) var policy = HTTP2Policy()
    @exclusivity(unchecked) private var walker: FrameWalker
    @exclusivity(unchecked) private var clientStreams = ClientStreams()
    /// HEADERS or DATA were sent since the owner looked last.
    @exclusivity(unchecked) var hasSent = false
    /// There may be output: `drain` has not been called since.
    @exclusivity(unchecked) private(set) var isDirty = false

    let scratch = LoopScratch.current
    @exclusivity(unchecked) private var streams: ContiguousArray<HTTP2Stream?> = []
    @exclusivity(unchecked) private var freeSlots: ContiguousArray<Int> = []
    @exclusivity(unchecked) private(set) var openStreams = 0
    /// Bytes of unfinished requests and of answers that wait to be framed.
    @exclusivity(unchecked) var heldBytes = 0
    @exclusivity(unchecked) var activity = ConnectionActivity()
    @exclusivity(unchecked) private var isDelivering = false
    /// Input is ignored from here on: the peer has broken a rule.
    @exclusivity(unchecked) private(set) var hasFailed = false
    @exclusivity(unchecked) private var isAbandoned = false
    /// The engine could not go on sending.
    @exclusivity(unchecked) private var isBroken = false
    private var blockSince: (stream: Int32, time: NIODeadline)?
    private var frameSince: (frame: Int, time: NIODeadline)?
    private let begun = NIODeadline.now()

    /// Queues our SETTINGS (and the client's preface); the first `drain` carries them.
    init(role: Role, settings: HTTP2Settings) {
        self.role = role
        self.settings = settings
        walker = FrameWalker(skipping: role == .server ? 24 : 0)
        engine = Self.makeEngine(role, memory)
        nghttp2_session_set_user_data(engine, Unmanaged.passUnretained(self).toOpaque())
        submitSettings()
    }

    deinit {
        nghttp2_session_del(engine)
    }

    private func submitSettings() {
        var entries: [nghttp2_settings_entry] = []
        func set(_ id: nghttp2_settings_id, _ value: Int) {
            entries.append(nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value)))
        }
        set(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams)
        set(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.streamWindow)
        set(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.maxHeaderListSize)
        set(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1)
        if role == .client {
            set(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)
        }
        nghttp2_submit_settings(engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        nghttp2_session_set_local_window_size(
            engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(clamping: settings.connectionWindow))
    }

    // MARK: Bytes

    /// Takes bytes from the peer and tells what they mean.
    func feed(_ bytes: ByteBuffer) {
        guard !hasFailed, !isAbandoned else { return }
        input = bytes
        var broken: HTTP2Violation?
        let result = bytes.withUnsafeReadableBytes { raw in
            let count = inspect(raw, &broken)
            return nghttp2_session_mem_recv(engine, raw.baseAddress?.assumingMemoryBound(to: UInt8.self), count)
        }
        input = ByteBuffer()
        if result < 0 {
            fail(isHopeless ? .hopelessBlock : .engine(Int32(clamping: result)))
        } else if let broken {
            fail(broken)
        } else if let violation = policy.violation(
            of: settings, outboundFrames: nghttp2_session_get_outbound_queue_size(engine))
        {
            fail(violation)
        }
        deliver()
    }

    /// Counts the frames that begin in `raw`.
    /// - Returns: the bytes that the engine may see: those before a frame that breaks a rule.
    private func inspect(_ raw: UnsafeRawBufferPointer, _ broken: inout HTTP2Violation?) -> Int {
        var position = 0
        while let frame = walker.next(raw, &position) {
            policy.countFrame()
            if role == .server, let violation = clientStreams.received(frame) {
                broken = violation
                return max(0, position - FrameWalker.headLength)
            }
        }
        return raw.count
    }

    /// The next bytes for the peer, `limit` or one frame at most; empty when there are none now.
    /// Afterwards `deliver` tells what sending brought about.
    func drain(upTo limit: Int = 64 * 1024) -> ByteBuffer {
        isDirty = false
        guard !isAbandoned else { return ByteBuffer() }
        return scratch.collect(upTo: limit) {
            repeat {
                var piece: UnsafePointer<UInt8>?
                let count = nghttp2_session_mem_send(engine, &piece)
                guard count > 0, scratch.hasRoom(for: count) else {
                    isBroken = isBroken || count != 0
                    return
                }
                scratch.append(UnsafeRawBufferPointer(start: piece, count: count))
            } while scratch.hasRoom(for: LoopScratch.largestPiece)
        }
    }

    /// Nothing is left to say or to hear: the transport closes once its output is written (RFC 9113 §5.4.1, §6.8).
    var isFinished: Bool {
        isBroken
            || ((hasFailed || nghttp2_session_want_read(engine) == 0) && nghttp2_session_want_write(engine) == 0)
    }

    func wake() {
        guard !isDirty else { return }
        isDirty = true
        owner?.wakeUp()
    }

    /// The peer is to wait for the others.
    var isSuspicious: Bool { policy.isSuspicious(under: settings) }

    // MARK: Events

    /// Tells recorded events. Calls from inside, by an application that flushes at once, are absorbed.
    func deliver() {
        guard !isDelivering else { return }
        isDelivering = true
        while let event = events.popFirst() {
            deliver(event)
        }
        isDelivering = false
    }

    private func deliver(_ event: HTTP2Event) {
        switch event {
        case .began(let stream):
            if !stream.isClosed, !hasFailed {
                stream.began()
            }
        case .response(let stream, let head):
            stream.received(head)
        case .body(let stream, let bytes):
            stream.received(bytes)
        case .end(let stream, let trailers):
            stream.endWasReceived = true
            stream.receivedEnd(trailers)
        case .writable(let stream):
            if !stream.isClosed {
                stream.becameWritable()
            }
        case .closed(let stream, let code):
            finish(stream) {
                if !$0.endWasReceived || role == .server {
                    $0.closed(code)
                }
            }
        case .settings:
            owner?.receivedSettings()
        case .ping:
            owner?.receivedPing()
        case .pong(let opaque):
            owner?.received(pong: opaque)
        case .goAway(let code, let debug):
            owner?.receivedGoAway(code, debug: debug)
        case .violated(let violation):
            owner?.violated(violation)
        }
    }

    private func finish(_ stream: HTTP2Stream, _ tell: (HTTP2Stream) -> Void) {
        guard stream.session != nil else { return }
        stream.isClosed = true
        stream.drop()
        if stream.unconsumed > 0 {
            // The connection's window must not leak away with streams (RFC 9113 §6.9).
            nghttp2_session_consume_connection(engine, stream.unconsumed)
            stream.unconsumed = 0
            wake()
        }
        streams[stream.slot] = nil
        freeSlots.append(stream.slot)
        openStreams -= 1
        if !(role == .server ? stream.endWasSent : stream.endWasReceived) { activity.failedStreams += 1 }
        stream.session = nil
        tell(stream)
        stream.release()
    }

    /// The transport is gone: ends every stream. The engine closes none itself when it is deleted.
    func abandon(_ reason: ExchangeCancellation) {
        guard !isAbandoned else { return }
        isAbandoned = true
        for stream in streams {
            if let stream {
                finish(stream) { $0.lost(reason) }
            }
        }
        events.removeAll()
        owner = nil
    }

    func adopt(_ stream: HTTP2Stream, id: Int32) {
        stream.id = id
        stream.session = self
        if let slot = freeSlots.popLast() {
            stream.slot = slot
            streams[slot] = stream
        } else {
            stream.slot = streams.count
            streams.append(stream)
        }
        openStreams += 1
        activity.streams += 1
    }

    // MARK: Time

    /// What a look at the clock found.
    enum Tick {
        case fine
        /// Something has been unfinished for too long.
        case unfinished(String)
        /// These streams made no progress, though bytes wait, for the write stall timeout.
        case stalled([HTTP2Stream])
    }

    /// Checks progress; called a few times per timeout, so that requests themselves need no clock.
    func tick(_ now: NIODeadline) -> Tick {
        policy.tick(now, settings)
        events.trim()
        if blockStream == 0 {
            blockSince = nil
        } else if let blockSince, blockSince.stream == blockStream {
            if now - blockSince.time >= settings.headerTimeout {
                return .unfinished("a header block")
            }
        } else {
            blockSince = (blockStream, now)
        }
        if !walker.isInside {
            frameSince = nil
        } else if let frameSince, frameSince.frame == walker.frames {
            if now - frameSince.time >= settings.frameTimeout {
                return .unfinished("a frame")
            }
        } else {
            frameSince = (walker.frames, now)
        }
        if role == .server, !policy.settingsWereReceived, now - begun >= settings.headerTimeout {
            return .unfinished("the preface")
        }
        var stalled: [HTTP2Stream] = []
        for stream in streams {
            guard let stream, stream.queue.byteCount > 0 else {
                stream?.stalledSince = nil
                continue
            }
            if stream.progressed || stream.stalledSince == nil {
                stream.stalledSince = now
                stream.progressed = false
            } else if let since = stream.stalledSince, now - since >= settings.writeStallTimeout {
                stalled.append(stream)
            }
        }
        return stalled.isEmpty ? .fine : .stalled(stalled)
    }

    /// Resets a stream whose peer does not read.
    func giveUp(_ stream: HTTP2Stream) { giveUp(stream, .timedOut, .cancel) }

    /// Resets the stream that holds the most.
    func shedLargest() {
        let largest = streams.compactMap(\.self).filter { !$0.isClosed }.max { $0.counted < $1.counted }
        if let largest { giveUp(largest, .shed, .enhanceYourCalm) }
    }

    private func giveUp(_ stream: HTTP2Stream, _ reason: ExchangeCancellation, _ code: HTTP2ErrorCode) {
        guard !stream.isClosed else { return }
        stream.lost(reason)
        stream.reset(code)
    }

    // MARK: Submitting

    func submit(response head: ResponseHead, endStream: Bool, on stream: HTTP2Stream) {
        scratch.withFields(head.headers, status: head.status) { fields, count in
            if endStream {
                _ = nghttp2_submit_response(engine, stream.id, fields, count, nil)
            } else {
                var provider = Self.provider(for: stream)
                _ = nghttp2_submit_response(engine, stream.id, fields, count, &provider)
            }
        }
    }

    /// - Returns: whether the request was taken; not when no stream identifier is left.
    func submit(request head: RequestHead, endStream: Bool, on stream: HTTP2Stream) -> Bool {
        let pseudo: [(StaticString, String)] = [
            (":method", head.method), (":scheme", head.scheme), (":authority", head.authority), (":path", head.path),
        ]
        let id = scratch.withFields(head.headers, pseudo: pseudo) { fields, count in
            let context = Unmanaged.passUnretained(stream).toOpaque()
            if endStream {
                return nghttp2_submit_request(engine, nil, fields, count, nil, context)
            }
            var provider = Self.provider(for: stream)
            return nghttp2_submit_request(engine, nil, fields, count, &provider, context)
        }
        guard id > 0 else { return false }
        stream.headSubmitted = true
        stream.isEnded = endStream
        adopt(stream, id: id)
        return true
    }

    func submit(trailers: Headers, on stream: HTTP2Stream) {
        scratch.withFields(trailers, pseudo: []) { fields, count in
            _ = nghttp2_submit_trailer(engine, stream.id, fields, count)
        }
    }

    func submitReset(_ id: Int32, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, code.rawValue)
    }

    func submitPing(_ opaque: UInt64) {
        withUnsafeBytes(of: opaque.bigEndian) { bytes in
            _ = nghttp2_submit_ping(
                engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        wake()
    }

    /// First step of a server's drain: GOAWAY with the highest stream identifier (RFC 9113 §6.8).
    func submitShutdownNotice() {
        nghttp2_submit_shutdown_notice(engine)
        wake()
    }

    /// GOAWAY with the last stream taken; open streams go on.
    /// - Parameter debug: why, for the peer's log (RFC 9113 §6.8); nothing that is secret.
    func submitGoAway(_ code: HTTP2ErrorCode, debug: String = "") {
        var debug = debug
        debug.withUTF8 { text in
            _ = nghttp2_submit_goaway(
                engine, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(engine),
                code.rawValue, text.baseAddress, text.count)
        }
        wake()
    }

    /// Says GOAWAY and ends at once, since the peer broke a rule.
    func fail(_ violation: HTTP2Violation) {
        guard !hasFailed else { return }
        hasFailed = true
        if violation.debug.isEmpty {
            nghttp2_session_terminate_session(engine, violation.code.rawValue)
        } else {
            submitGoAway(violation.code, debug: violation.debug)
        }
        events.append(.violated(violation))
        wake()
    }

    /// Without what the transport knows.
    var statistics: ConnectionStatistics {
        var statistics = activity.statistics(open: openStreams, now: .now())
        statistics.sendWindow = Int(nghttp2_session_get_remote_window_size(engine))
        statistics.receiveWindow = Int(nghttp2_session_get_local_window_size(engine))
        return statistics
    }

    /// Streams that the peer lets us have open; RFC 9113 §6.5.2's least advised value until it has said.
    var peerStreamLimit: Int {
        let limit = nghttp2_session_get_remote_settings(engine, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return limit == UInt32.max && !policy.settingsWereReceived ? 100 : Int(limit)
    }
}

/// What a session tells its connection, never from inside the engine.
protocol HTTP2SessionOwner: AnyObject {
    /// There is output.
    func wakeUp()
    /// A request arrived; called while recording, so it may only create the stream.
    func makeStream(_ head: RequestHead) -> HTTP2Stream?
    func receivedSettings()
    func receivedPing()
    func received(pong opaque: UInt64)
    func receivedGoAway(_ code: HTTP2ErrorCode, debug: String)
    func violated(_ violation: HTTP2Violation)
}

enum HTTP2Event {
    case began(HTTP2Stream)
    case response(HTTP2Stream, ResponseHead)
    case body(HTTP2Stream, ByteBuffer)
    case end(HTTP2Stream, Headers)
    case writable(HTTP2Stream)
    case closed(HTTP2Stream, HTTP2ErrorCode)
    case settings
    case ping
    case pong(UInt64)
    case goAway(HTTP2ErrorCode, String)
    case violated(HTTP2Violation)
}
