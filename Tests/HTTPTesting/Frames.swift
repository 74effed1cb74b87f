import NIOCore

/// An HTTP/2 frame as it stands on the wire (RFC 9113 §4.1), for scripted peers.
struct Frame: Equatable, CustomStringConvertible {
    enum Kind: UInt8 {
        case data, headers, priority, rstStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
        case unknown = 0xbb
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let endStream: UInt8 = 0x1
    static let ack: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4
    static let padded: UInt8 = 0x8

    var kind: Kind
    var flags: UInt8 = 0
    var stream: UInt32 = 0
    var payload: [UInt8] = []

    var bytes: [UInt8] {
        let size = UInt32(payload.count)
        return [UInt8(size >> 16), UInt8(size >> 8 & 0xff), UInt8(size & 0xff), kind.rawValue, flags]
            + Self.big(stream) + payload
    }

    static func big(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }

    /// The payload's 32-bit number at `offset`.
    func number(at offset: Int = 0) -> UInt32 {
        payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    var hasEndStream: Bool { flags & Self.endStream != 0 }

    var description: String {
        let name = "\(kind)\(kind == .data || kind == .headers ? (hasEndStream ? " END" : "") : "")"
        switch kind {
        case .data: return "\(name)(\(stream), \(payload.count))"
        case .rstStream: return "\(name)(\(stream), \(number()))"
        case .goAway: return "\(name)(\(number()), \(number(at: 4)))"
        case .windowUpdate: return "\(name)(\(stream), \(number()))"
        case .settings, .ping: return flags & Self.ack != 0 ? "\(name) ACK" : name
        default: return "\(name)(\(stream))"
        }
    }

    static func settings(_ values: (UInt16, UInt32)...) -> Frame {
        Frame(kind: .settings, payload: values.flatMap { [UInt8($0.0 >> 8), UInt8($0.0 & 0xff)] + big($0.1) })
    }

    static let settingsAck = Frame(kind: .settings, flags: ack)
    /// Of a type that nobody knows.
    static let unknown = Frame(kind: .unknown)

    static func ping(_ number: UInt32, ack: Bool = false) -> Frame {
        Frame(kind: .ping, flags: ack ? Self.ack : 0, payload: big(0) + big(number))
    }

    static func rst(_ stream: UInt32, _ code: UInt32) -> Frame {
        Frame(kind: .rstStream, stream: stream, payload: big(code))
    }

    static func windowUpdate(_ stream: UInt32, _ increment: UInt32) -> Frame {
        Frame(kind: .windowUpdate, stream: stream, payload: big(increment))
    }

    static func goAway(last: UInt32, _ code: UInt32, debug: String = "") -> Frame {
        Frame(kind: .goAway, payload: big(last) + big(code) + debug.utf8)
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], endStream: Bool = false) -> Frame {
        Frame(kind: .data, flags: endStream ? Self.endStream : 0, stream: stream, payload: bytes)
    }

    static func headers(_ stream: UInt32, _ fields: [(String, String)], endStream: Bool = false) -> Frame {
        Frame(
            kind: .headers, flags: endHeaders | (endStream ? Self.endStream : 0), stream: stream,
            payload: literals(fields))
    }

    static func request(_ stream: UInt32, _ path: String = "/", endStream: Bool = true, fields: [(String, String)] = [])
        -> Frame
    {
        let method = endStream ? "GET" : "POST"
        return headers(
            stream, [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")] + fields,
            endStream: endStream)
    }

    /// Literal fields without indexing and without Huffman coding (RFC 7541 §6.2.2).
    static func literals(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + text($0.0) + text($0.1) }
    }

    private static func text(_ text: String) -> [UInt8] {
        var length = text.utf8.count
        guard length >= 127 else { return [UInt8(length)] + text.utf8 }
        var prefix: [UInt8] = [127]
        length -= 127
        while length >= 128 {
            prefix.append(UInt8(length % 128 + 128))
            length /= 128
        }
        return prefix + [UInt8(length)] + text.utf8
    }

    /// All frames of `bytes`, which must end with one.
    static func parse(_ bytes: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let size = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            frames.append(
                Frame(
                    kind: Kind(rawValue: head[3]) ?? .unknown, flags: head[4], stream: stream & 0x7fff_ffff,
                    payload: Array(rest.dropFirst(9).prefix(size))))
            rest = rest.dropFirst(9 + size)
        }
        return frames
    }
}

extension Frame {
    /// Any frame at all.
    static func raw(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        var bytes = Frame(kind: .data, flags: flags, stream: stream, payload: payload).bytes
        bytes[3] = type
        return bytes
    }

    static func priority(_ stream: UInt32, on other: UInt32) -> Frame {
        Frame(kind: .priority, stream: stream, payload: big(other) + [15])
    }

    /// The beginning of a request whose block goes on in CONTINUATION.
    static func unfinished(_ stream: UInt32) -> Frame {
        Frame(kind: .headers, flags: endStream, stream: stream, payload: request(stream).payload)
    }

    static func continuation(_ stream: UInt32, _ fields: [(String, String)] = [], ends: Bool) -> Frame {
        Frame(kind: .continuation, flags: ends ? endHeaders : 0, stream: stream, payload: literals(fields))
    }

    static func block(_ stream: UInt32, _ payload: [UInt8]) -> Frame {
        Frame(kind: .headers, flags: endHeaders | endStream, stream: stream, payload: payload)
    }
}
