import NIOCore
import NIOHTTP1

/// One HTTP/1.1 request and its response.
final class HTTP1Exchange: Exchange {
    let head: RequestHead
    var delegate: (any ExchangeDelegate)?
    private let connection: HTTP1Connection
    private let isHTTP1_0: Bool
    private var mayHaveBody = true
    private(set) var headSubmitted = false
    private(set) var responseEnded = false
    var requestEnded = false
    var keepsAlive = true
    var expectsContinue = false
    var unconsumed = 0

    init(head: RequestHead, connection: HTTP1Connection, isHTTP1_0: Bool) {
        self.head = head
        self.connection = connection
        self.isHTTP1_0 = isHTTP1_0
    }

    var eventLoop: any EventLoop { connection.eventLoop }
    var peer: Peer { connection.peer }
    var isWritable: Bool { !responseEnded && connection.isWritable(self) }

    func consume(_ byteCount: Int) {
        let credit = min(byteCount, unconsumed)
        unconsumed -= credit
        connection.consume(credit)
    }

    func respond(_ head: ResponseHead, endStream: Bool) {
        guard !headSubmitted else { return }
        headSubmitted = true
        connection.send(.head(response(head, endStream)), of: self)
        if endStream {
            end(trailers: nil)
        }
    }

    /// Frames the body (RFC 9112 §6): by the application's content-length, in chunks, or for HTTP/1.0 by the close.
    private func response(_ head: ResponseHead, _ endStream: Bool) -> HTTPResponseHead {
        let status = HTTPResponseStatus(statusCode: head.status)
        mayHaveBody = self.head.method != "HEAD" && status.mayHaveResponseBody
        var headers = HTTPHeaders()
        var hasLength = false
        for (name, value) in head.headers where Headers.isValid(name, value) {
            switch name {
            case "connection", "keep-alive", "transfer-encoding", "upgrade":
                continue  // this connection's own matter (RFC 9110 §7.6.1)
            case "content-length":
                hasLength = true
            default:
                break
            }
            headers.add(name: name, value: value)
        }
        if mayHaveBody, !hasLength {
            if endStream {
                headers.add(name: "content-length", value: "0")
            } else if !isHTTP1_0 {
                headers.add(name: "transfer-encoding", value: "chunked")
            } else {
                keepsAlive = false
            }
        }
        if !connection.decideKeepAlive(self) {
            headers.add(name: "connection", value: "close")
        } else if isHTTP1_0 {
            headers.add(name: "connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    }

    func write(_ bytes: ByteBuffer) {
        guard headSubmitted, !responseEnded, mayHaveBody, bytes.readableBytes > 0 else { return }
        connection.send(.body(.byteBuffer(bytes)), of: self)
    }

    func end(trailers: Headers?) {
        guard headSubmitted, !responseEnded else { return }
        let fields = trailers.map { HTTPHeaders($0.filter { Headers.isValid($0, $1) }.map { ($0, $1) }) }
        connection.send(.end(mayHaveBody ? fields : nil), of: self)
        responseEnded = true
        connection.finishIfComplete(self)
    }

    func reset(_ code: HTTP2ErrorCode) {
        connection.reset(self)
    }

    func hold(_ byteCount: Int) {
        connection.hold(byteCount, self)
    }

    func countMessages(sent: Int, received: Int) {
        connection.activity.messagesSent += sent
        connection.activity.messagesReceived += received
    }
}
