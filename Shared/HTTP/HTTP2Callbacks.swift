import CNghttp2
import NIOCore

// nghttp2's callbacks. They record and return: no application code runs and the engine is not driven from here.
extension HTTP2Session {
    static func makeEngine(_ role: Role, _ memory: EngineMemory) -> OpaquePointer {
        var engine: OpaquePointer?
        let result =
            switch role {
            case .server: nghttp2_session_server_new3(&engine, callbacks, nil, options, memory.functions)
            case .client: nghttp2_session_client_new3(&engine, callbacks, nil, options, memory.functions)
            }
        guard result == 0, let engine else {
            preconditionFailure("nghttp2 could not allocate a session: \(String(cString: nghttp2_strerror(result)))")
        }
        return engine
    }

    /// What follows DATA and its trailers: called by the engine when it wants bytes of `stream`.
    static func provider(for stream: HTTP2Stream) -> nghttp2_data_provider {
        var provider = nghttp2_data_provider()
        provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        provider.read_callback = { _, _, _, length, flags, source, _ in
            guard let context = source?.pointee.ptr, let flags else {
                return ssize_t(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
            }
            return Unmanaged<HTTP2Stream>.fromOpaque(context)._withUnsafeGuaranteedRef { stream in
                stream.session?.read(stream, upTo: length, &flags.pointee)
                    ?? ssize_t(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
            }
        }
        return provider
    }

    private static func bytes(_ buffer: OpaquePointer) -> UnsafeRawBufferPointer {
        let vector = nghttp2_rcbuf_get_buf(buffer)
        return UnsafeRawBufferPointer(start: vector.base, count: vector.len)
    }

    private static func with(_ context: UnsafeMutableRawPointer?, _ body: (HTTP2Session) -> Void) -> Int32 {
        guard let context else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
        Unmanaged<HTTP2Session>.fromOpaque(context)._withUnsafeGuaranteedRef(body)
        return 0
    }

    /// Never mutated after creation.
    private nonisolated(unsafe) static let options: OpaquePointer? = {
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        // Our own count is stricter; these catch what arrives within one read.
        nghttp2_option_set_stream_reset_rate_limit(options, 1000, 33)
        nghttp2_option_set_max_continuations(options, 8)
        nghttp2_option_set_peer_max_concurrent_streams(options, 100)
        return options
    }()

    /// Never mutated after creation.
    private nonisolated(unsafe) static let callbacks: OpaquePointer? = {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, context in
            with(context) { session in
                if header?.pointee.type != UInt8(NGHTTP2_CONTINUATION.rawValue) {
                    session.blockStream = 0
                }
            }
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            with(context) { session in
                session.block = HeaderBlock()
                session.blockStream = frame?.pointee.hd.stream_id ?? 0
            }
        }
        nghttp2_session_callbacks_set_on_header_callback2(callbacks) { _, frame, name, value, _, context in
            guard let context, let frame, let name, let value else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            return Unmanaged<HTTP2Session>.fromOpaque(context)._withUnsafeGuaranteedRef { session in
                let limit = session.settings.maxHeaderListSize
                session.block.add(bytes(name), bytes(value), limit: limit)
                guard session.block.isHopeless(limit: limit) else { return 0 }
                if session.role == .server {
                    session.isHopeless = true
                    return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
                }
                session.submitReset(frame.pointee.hd.stream_id, .enhanceYourCalm)
                return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
            }
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, data, length, context in
            with(context) { $0.recordBody(id, data, length) }
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            with(context) { session in
                if let frame {
                    session.recordFrame(frame)
                }
            }
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, context in
            with(context) { $0.blockStream = 0 }
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, length, source, context in
            guard let context, let header, let stream = source?.pointee.ptr else {
                return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
            }
            return Unmanaged<HTTP2Session>.fromOpaque(context)._withUnsafeGuaranteedRef { session in
                session.send(Unmanaged<HTTP2Stream>.fromOpaque(stream).takeUnretainedValue(), header, length)
            }
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            with(context) { session in
                if let frame {
                    session.recordSent(frame)
                }
            }
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { engine, id, code, context in
            with(context) { session in
                if session.blockStream == id {
                    session.blockStream = 0
                }
                if let stream = session.stream(id) {
                    stream.isClosed = true
                    session.events.append(.closed(stream, HTTP2ErrorCode(rawValue: code)))
                }
            }
        }
        return callbacks
    }()

    /// The stream object of an identifier; nil for streams that we answered without one, or gave up.
    private func stream(_ id: Int32) -> HTTP2Stream? {
        nghttp2_session_get_stream_user_data(engine, id).map {
            Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue()
        }
    }

    // MARK: Receiving

    private func recordBody(_ id: Int32, _ data: UnsafePointer<UInt8>?, _ length: Int) {
        policy.countProgress()
        guard let data, let stream = stream(id) else {
            nghttp2_session_consume(engine, id, length)
            return
        }
        stream.unconsumed += length
        events.append(.body(stream, slice(data, length)))
    }

    /// The part of the input at `data`, without a copy if, as nghttp2 does it, it points into the input.
    private func slice(_ data: UnsafePointer<UInt8>, _ length: Int) -> ByteBuffer {
        let start = UnsafeRawPointer(data)
        let offset = input.withUnsafeReadableBytes { start - ($0.baseAddress ?? start) }
        if offset >= 0, let slice = input.getSlice(at: input.readerIndex + offset, length: length) {
            return slice
        }
        return ByteBuffer(bytes: UnsafeBufferPointer(start: data, count: length))
    }

    private func recordFrame(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        let endStream = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS:
            recordHeaders(header.stream_id, frame.pointee.headers.cat, endStream)
        case NGHTTP2_DATA:
            if endStream, let stream = stream(header.stream_id) {
                events.append(.end(stream, [:]))
            }
        case NGHTTP2_RST_STREAM:
            policy.countResetReceived()
        case NGHTTP2_SETTINGS:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 {
                policy.settingsWereReceived = true
                events.append(.settings)
            }
        case NGHTTP2_PING:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 {
                let opaque = withUnsafeBytes(of: frame.pointee.ping.opaque_data) { $0.loadUnaligned(as: UInt64.self) }
                events.append(.pong(UInt64(bigEndian: opaque)))
            } else {
                events.append(.ping)
            }
        case NGHTTP2_GOAWAY:
            let goAway = frame.pointee.goaway
            let debug = UnsafeBufferPointer(start: goAway.opaque_data, count: min(goAway.opaque_data_len, 256))
            events.append(.goAway(HTTP2ErrorCode(rawValue: goAway.error_code), String(decoding: debug, as: UTF8.self)))
        default:
            break
        }
    }

    private func recordHeaders(_ id: Int32, _ category: nghttp2_headers_category, _ endStream: Bool) {
        blockStream = 0
        defer { block = HeaderBlock() }
        if !block.isTooLarge {
            policy.countProgress()
        }
        if category == NGHTTP2_HCAT_REQUEST {
            recordRequest(id, endStream)
            return
        }
        guard let stream = stream(id) else { return }
        if block.isTooLarge {
            submitReset(id, .enhanceYourCalm)
        } else if block.status == 0 {
            // HCAT_HEADERS without a status: trailers, which always end the stream (RFC 9113 §8.1).
            events.append(.end(stream, block.headers))
        } else if block.status >= 200 {
            events.append(.response(stream, ResponseHead(status: block.status, headers: block.headers)))
            if endStream {
                events.append(.end(stream, [:]))
            }
        }
    }

    private func recordRequest(_ id: Int32, _ endStream: Bool) {
        guard !block.isTooLarge else {
            // RFC 6585 §5; a reset would not tell the client what to mend.
            scratch.withFields([:], status: 431) { fields, count in
                _ = nghttp2_submit_response(engine, id, fields, count, nil)
            }
            return
        }
        guard let stream = owner?.makeStream(block.requestHead(&scratch.recentTargets)) else { return }
        adopt(stream, id: id)
        nghttp2_session_set_stream_user_data(engine, id, Unmanaged.passUnretained(stream).toOpaque())
        events.append(.began(stream))
        if endStream {
            events.append(.end(stream, [:]))
        }
    }

    // MARK: Sending

    /// How many queued bytes go into the next DATA frame.
    private func read(_ stream: HTTP2Stream, upTo length: Int, _ flags: inout UInt32) -> ssize_t {
        let count = min(length, stream.queue.byteCount)
        if count == 0, !stream.isEnded {
            stream.isDeferred = true
            return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags = NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if stream.isEnded, count == stream.queue.byteCount {
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if let trailers = stream.trailers {
                flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
                stream.trailers = nil
                submit(trailers: trailers, on: stream)
            }
        }
        return count
    }

    /// Appends one DATA frame to the output, its bytes straight from the stream's queue.
    private func send(_ stream: HTTP2Stream, _ header: UnsafePointer<UInt8>, _ length: Int) -> Int32 {
        guard scratch.hasRoom(for: 9 + length) else { return NGHTTP2_ERR_WOULDBLOCK.rawValue }
        guard length <= stream.queue.byteCount else { return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue }
        scratch.append(UnsafeRawBufferPointer(start: header, count: 9))
        stream.queue.move(length, to: scratch)
        stream.countHeld()
        stream.progressed = true
        hasSent = true
        policy.countProgress()
        if stream.isBlocked, stream.queue.byteCount <= settings.highWaterMark / 2 {
            stream.isBlocked = false
            events.append(.writable(stream))
        }
        return 0
    }

    private func recordSent(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = frame.pointee.hd
        switch nghttp2_frame_type(UInt32(header.type)) {
        case NGHTTP2_HEADERS where role == .client:
            stream(header.stream_id)?.headWasSent = true
        case NGHTTP2_HEADERS, NGHTTP2_DATA:
            hasSent = true
            guard header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 else { return }
            stream(header.stream_id)?.endWasSent = true
            if role == .server, nghttp2_session_get_stream_remote_close(engine, header.stream_id) == 0 {
                // The answer is complete: the rest of the request is not wanted (RFC 9113 §8.1). Only now, since a
                // reset overtakes queued frames.
                submitReset(header.stream_id, .noError)
            }
        case NGHTTP2_RST_STREAM:
            // One that the application asked for says nothing about the peer.
            if stream(header.stream_id)?.isClosed != true {
                policy.countResetSent(HTTP2ErrorCode(rawValue: frame.pointee.rst_stream.error_code))
            }
        case NGHTTP2_GOAWAY:
            let code = HTTP2ErrorCode(rawValue: frame.pointee.goaway.error_code)
            if code != .noError, !hasFailed {
                events.append(.violated(.goAway(code)))
            }
        default:
            break
        }
    }
}
