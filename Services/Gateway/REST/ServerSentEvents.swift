import HTTP
import NIOCore
import Protobuf
import RPC

/// A server stream as server-sent events (HTML Living Standard §9.2): `data` is one line of JSON; `id` is the message's
/// resume_token, which the client sends back as Last-Event-ID.
struct EventSource: Sendable {
    /// Proxies and browsers give up on connections that are silent for a minute or so.
    static let heartbeatInterval = TimeAmount.seconds(15)
    /// A stream with no message yet shows after this time that it stands.
    static let openingDelay = TimeAmount.seconds(1)
    static let heartbeat = [UInt8](":\n\n".utf8)
    static let headers: Headers = ["content-type": "text/event-stream", "cache-control": "no-store"]

    let upstream: Upstream
    let rpc: RPCTraits
    let request: [UInt8]
    let mapping: JSONMapping
    /// Made anew for each attempt: tokens expire.
    let options: @Sendable () async throws -> CallOptions

    /// Until the service ends the stream. An error before the first message is an answer like any other; a cancelled
    /// task ends the stream without one.
    func run(_ exchange: RESTExchange) async throws {
        let beats = exchange.eventLoop.scheduleRepeatedTask(
            initialDelay: EventSource.openingDelay, delay: EventSource.heartbeatInterval
        ) { _ in exchange.beat() }
        defer { beats.cancel() }
        do {
            try await follow(exchange)
        } catch  where Task.isCancelled {
            return
        } catch {
            throw HTTPFailure.hidingTexts(of: error, from: upstream)
        }
    }

    /// A service that is lost and comes back is not noticed: the stream goes on behind the last message, where that had
    /// a resume token. Each message begins the count of attempts anew.
    private func follow(_ exchange: RESTExchange) async throws {
        var seen: String?
        var hasBegun = false
        var attempt = 1
        while true {
            do {
                let call = try await upstream.channel.raw(rpc.path, options())
                // When the call has ended already, its responses tell why.
                try? await call.requests.write(ByteBuffer(bytes: try request(after: seen)))
                call.requests.finish()
                for try await response in call.responses {
                    let message = [UInt8](response.readableBytesView)
                    let text = try mapping.json(fromWire: message, message: rpc.output)
                    seen = rpc.text(of: rpc.answerResumeToken, in: message)
                    (hasBegun, attempt) = (true, 1)
                    try await exchange.write(EventSource.event("message", data: text, id: seen))
                }
                return
            } catch let error as RPCError where rpc.isRead && (seen != nil || !hasBegun) {
                guard let delay = RetryPolicy.streams.delay(after: error, attempt: attempt, remaining: nil) else {
                    throw error
                }
                try await Task.sleep(for: delay)
                attempt += 1
            }
        }
    }

    private func request(after token: String?) throws -> [UInt8] {
        guard let token, let field = rpc.resumeToken?.field else { return request }
        let patch = try mapping.wire(from: .object([field.name: .string(token)]), message: rpc.input)
        return try FieldPatch.replacing([field.number], of: request, by: patch)
    }

    /// One event. The data have no line breaks; an id that has any is left out.
    static func event(_ type: String, data: [UInt8], id: String?) -> [UInt8] {
        var bytes = [UInt8]("event: \(type)\n".utf8)
        if let id, !id.utf8.contains(where: { $0 == 0 || $0 == 0x0a || $0 == 0x0d }) { bytes += "id: \(id)\n".utf8 }
        return bytes + "data: ".utf8 + data + "\n\n".utf8
    }
}
