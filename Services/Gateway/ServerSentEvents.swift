import HTTP
import NIOCore
import Protobuf
import RPC

/// A server stream as server-sent events (HTML Living Standard §9.2): `data` is one line of JSON; `id` is the message's
/// resume_token, which the client sends back as Last-Event-ID.
struct EventSource: Sendable {
    static let resumeToken = "resume_token"
    /// Proxies and browsers give up on connections that are silent for a minute or so.
    static let heartbeatInterval = TimeAmount.seconds(15)
    /// A stream with no message yet shows after this time that it stands.
    static let openingDelay = TimeAmount.seconds(1)
    static let heartbeat = [UInt8](":\n\n".utf8)
    static let headers: Headers = ["content-type": "text/event-stream", "cache-control": "no-store"]

    let upstream: Upstream
    let route: Route
    let message: [UInt8]
    let options: CallOptions
    let mapping: JSONMapping

    /// Until the service ends the stream. An error before the first message is an answer like any other; a cancelled
    /// task ends the stream without one.
    func run(_ exchange: RESTExchange) async throws {
        let beats = exchange.eventLoop.scheduleRepeatedTask(
            initialDelay: EventSource.openingDelay, delay: EventSource.heartbeatInterval
        ) { _ in exchange.beat() }
        defer { beats.cancel() }
        do {
            let call = upstream.channel.raw(route.rpc, options)
            // When the call has ended already, its responses tell why.
            try? await call.requests.write(ByteBuffer(bytes: message))
            call.requests.finish()
            for try await response in call.responses {
                let text = try mapping.json(fromWire: response.readableBytesSpan, message: route.output)
                try await exchange.write(EventSource.event("message", data: text, id: token(in: text)))
            }
        } catch  where Task.isCancelled {
            return
        } catch {
            throw upstream.explained(error)
        }
    }

    private func token(in text: [UInt8]) -> String? {
        guard let field = mapping.pool.messages[route.output]?.field(named: EventSource.resumeToken),
            case .object(let object)? = try? JSONValue(parsing: text),
            case .string(let token)? = object[field.jsonName], !token.isEmpty
        else { return nil }
        return token
    }

    /// One event. The data have no line breaks; an id that has any is left out.
    static func event(_ type: String, data: [UInt8], id: String?) -> [UInt8] {
        var bytes = [UInt8]("event: \(type)\n".utf8)
        if let id, !id.utf8.contains(where: { $0 == 0 || $0 == 0x0a || $0 == 0x0d }) { bytes += "id: \(id)\n".utf8 }
        return bytes + "data: ".utf8 + data + "\n\n".utf8
    }
}
