import NIOCore

@testable import HTTP
@testable import HTTPTesting

/// A session without a transport, and what it told.
final class SessionHarness: HTTP2SessionOwner {
    let session: HTTP2Session
    var told: [String] = []
    var streams: [RecordingStream] = []
    var violations: [HTTP2Violation] = []
    var wakeUps = 0
    /// What the application does with a request.
    var onRequest: (RecordingStream) -> Void = { _ in }

    init(_ role: HTTP2Session.Role = .server, _ change: (inout HTTP2Settings) -> Void = { _ in }) {
        var settings = HTTP2Settings()
        change(&settings)
        session = HTTP2Session(role: role, settings: settings)
        session.owner = self
    }

    /// A server that has exchanged prefaces with its peer.
    static func server(
        peer: Frame = .settings(), _ change: (inout HTTP2Settings) -> Void = { _ in }
    ) -> SessionHarness {
        let harness = SessionHarness(.server, change)
        harness.feed(Frame.preface + peer.bytes + Frame.settingsAck.bytes)
        _ = harness.frames()
        return harness
    }

    /// A client that has exchanged prefaces with its peer.
    static func client(
        peer: Frame = .settings(), _ change: (inout HTTP2Settings) -> Void = { _ in }
    ) -> SessionHarness {
        let harness = SessionHarness(.client, change)
        harness.feed(peer.bytes + Frame.settingsAck.bytes)
        _ = harness.output()
        harness.told = []
        return harness
    }

    func feed(_ bytes: [UInt8]) {
        session.feed(ByteBuffer(bytes: bytes))
    }

    func feed(_ frames: Frame...) {
        feed(frames.flatMap(\.bytes))
    }

    func output() -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = session.drain()
            bytes += piece.readableBytesView
            session.deliver()
            if piece.readableBytes == 0 {
                return bytes
            }
        }
    }

    func frames() -> [Frame] {
        Frame.parse(output())
    }

    /// Frames as text.
    func sent() -> [String] {
        frames().map(\.description)
    }

    func request(_ path: String = "/", endStream: Bool = true) -> RecordingStream {
        let stream = RecordingStream(self)
        let head = RequestHead(method: endStream ? "GET" : "POST", scheme: "http", authority: "a", path: path)
        _ = session.submit(request: head, endStream: endStream, on: stream)
        streams.append(stream)
        return stream
    }

    func wakeUp() { wakeUps += 1 }

    func makeStream(_ head: RequestHead) -> HTTP2Stream? {
        let stream = RecordingStream(self, head)
        streams.append(stream)
        return stream
    }

    func receivedSettings() { told.append("settings") }
    func receivedPing() {}
    func received(pong opaque: UInt64) { told.append("pong \(opaque)") }
    func receivedGoAway(_ code: HTTP2ErrorCode, debug: String) { told.append("goaway \(code) \(debug)") }

    func violated(_ violation: HTTP2Violation) {
        violations.append(violation)
    }
}

/// A stream that writes down what it is told.
final class RecordingStream: HTTP2Stream {
    let head: RequestHead?
    private unowned let harness: SessionHarness
    var body: [UInt8] = []
    var releases = 0

    init(_ harness: SessionHarness, _ head: RequestHead? = nil) {
        self.harness = harness
        self.head = head
    }

    private func tell(_ text: String) {
        harness.told.append("\(id) \(text)")
    }

    func respond(_ status: Int = 200, _ headers: Headers = [:], endStream: Bool = false) {
        guard let session, !isClosed, !headSubmitted else { return }
        headSubmitted = true
        isEnded = endStream
        session.submit(response: ResponseHead(status: status, headers: headers), endStream: endStream, on: self)
    }

    func write(_ count: Int) {
        write(ByteBuffer(repeating: 1, count: count))
    }

    override func began() {
        tell("began \(head?.path ?? "")")
        harness.onRequest(self)
    }

    override func received(_ head: ResponseHead) { tell("response \(head.status)") }

    override func received(_ bytes: ByteBuffer) {
        body += bytes.readableBytesView
    }

    override func receivedEnd(_ trailers: Headers) {
        tell("end \(trailers.map { "\($0.name)=\($0.value)" }.joined(separator: ","))")
    }

    override func becameWritable() { tell("writable") }
    override func closed(_ code: HTTP2ErrorCode) { tell("closed \(code)") }
    override func lost(_ reason: ExchangeCancellation) { tell("lost \(reason)") }
    override func release() { releases += 1 }
}
