import HTTP
import NIOCore
import Protobuf
import RPC
import ServiceKit
import Standard

/// A whole request.
struct RESTRequest: Sendable {
    var method: String
    /// As it came, with the query.
    var target: String
    var headers: Headers
    var body: [UInt8]
    var peer: Peer

    var path: Substring { target.prefix { $0 != "?" } }
    var query: Substring { target.dropFirst(path.count).dropFirst() }
}

/// A whole answer.
struct RESTResponse: Sendable {
    var status = 200
    var headers: Headers = [:]
    /// JSON text, unless `headers` have another content-type.
    var body: [UInt8]
}

/// What a request is answered with.
enum RESTAnswer: Sendable {
    case response(RESTResponse)
    case events(EventSource)
}

/// Turns REST into RPCs by the rules of the contract, and their answers into JSON.
struct RESTHandler: Sendable {
    let routes: RouteTable
    let mapping: JSONMapping
    let upstreams: Upstreams
    /// The RPCs that the gateway answers itself, by path.
    let own: [String: RPC.Method]
    let authenticator: Authenticator
    let doors: Doors

    func answer(to request: RESTRequest) async throws -> RESTAnswer {
        if let door = try await doors.answer(to: request) { return .response(door) }
        switch try routes.match(request.method, request.path) {
        case .nothing: throw HTTPFailure.unknownPath(request.path)
        case .otherMethods(let methods): throw HTTPFailure.otherMethods(methods)
        case .found(let route, let parameters):
            let message = try RequestBinding(mapping: mapping).wire(route, parameters, request)
            let context = ServerContext(
                method: route.rpc.path, metadata: Metadata(received: request.headers),
                deadline: upstreams.timeouts[route.rpc].map { .after($0) }, peer: request.peer)
            var answer: RESTAnswer?
            try await authenticator.intercept(context) { answer = try await call(route.rpc, message, context) }
            guard let answer else { throw RPCError(.internal, "the call was not answered") }
            return answer
        }
    }

    private func call(_ rpc: RPCTraits, _ message: [UInt8], _ context: ServerContext) async throws -> RESTAnswer {
        if let method = own[rpc.path] {
            return .response(try response(try await method.answer(ByteBuffer(bytes: message), context), rpc))
        }
        guard let upstream = upstreams[rpc.service] else {
            throw RPCError(.unimplemented, "\(rpc.path) is not served here")
        }
        if rpc.isServerStreaming {
            return .events(
                EventSource(upstream: upstream, rpc: rpc, request: message, mapping: mapping) {
                    try await upstreams.options(for: context)
                })
        }
        do {
            let options = try await upstreams.options(for: context)
            return .response(try response(try await upstream.answer(rpc, message, options).message, rpc))
        } catch let error as RPCError where error.code == .aborted && rpc.text(of: rpc.etag, in: message) != nil {
            // RFC 9110 §15.5.13; without an etag it is a conflict (docs/domain.md §6.0).
            throw HTTPFailure(status: 412, error)
        } catch {
            throw HTTPFailure.hidingTexts(of: error, from: upstream)
        }
    }

    private func response(_ message: ByteBuffer, _ rpc: RPCTraits) throws -> RESTResponse {
        let bytes = [UInt8](message.readableBytesView)
        do {
            if rpc.answersWithBytes {
                let answer = try HttpBody(serialized: bytes)
                return RESTResponse(headers: ["content-type": answer.contentType], body: answer.data)
            }
            var response = RESTResponse(body: try mapping.json(fromWire: bytes, message: rpc.output))
            if let etag = rpc.text(of: rpc.answerETag, in: bytes) { response.headers.add("etag", etag) }
            return response
        } catch {
            throw RPCError(.internal, "the answer of \(rpc.path) is not a \(rpc.output): \(error)")
        }
    }
}
