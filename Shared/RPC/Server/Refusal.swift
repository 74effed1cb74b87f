import HTTP
import NIOCore
import Protobuf

/// Answers a request that no call is made for: whatever else arrives of it is dropped.
final class Refusal: ExchangeDelegate {
    private unowned let exchange: any Exchange

    private init(_ exchange: any Exchange) { self.exchange = exchange }

    /// In the words of the protocol that the caller speaks.
    static func refuse(_ exchange: any Exchange, _ voice: some Voice, _ error: RPCError) {
        var voice = voice
        exchange.delegate = Refusal(exchange)
        voice.end(exchange, error, EndMetadata())
    }

    /// In HTTP's words, for a caller of which it is not known what it speaks.
    static func refuse(_ exchange: any Exchange, _ status: Int, headers: Headers = [:]) {
        exchange.delegate = Refusal(exchange)
        var head = ResponseHead(status: status, headers: headers)
        head.headers.add("content-length", "0")
        exchange.respond(head, endStream: true)
    }

    /// With a reason for callers of Connect.
    static func refuse(_ exchange: any Exchange, _ status: Int, _ reason: JSONValue) {
        exchange.delegate = Refusal(exchange)
        let body = ByteBuffer(bytes: reason.text())
        exchange.respond(
            ResponseHead(
                status: status,
                headers: ["content-type": "application/json", "content-length": String(body.readableBytes)]),
            endStream: false)
        exchange.write(body)
        exchange.end(trailers: nil)
    }

    func received(_ bytes: ByteBuffer) { exchange.consume(bytes.readableBytes) }
    func receivedEnd(trailers: Headers) {}
    func becameWritable() {}
    func cancelled(_ reason: ExchangeCancellation) {}
}
