import HTTP
import NIOCore
import Protobuf
import RPC
import Schema
import ServiceKit

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
    /// JSON text.
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
    let views: CoachViews
    let authenticator: Authenticator

    func answer(to request: RESTRequest) async throws -> RESTAnswer {
        if let door = try await door(request) { return .response(door) }
        switch try routes.match(request.method, request.path) {
        case .nothing: throw HTTPFailure.unknownPath(request.path)
        case .otherMethods(let methods): throw HTTPFailure.otherMethods(methods)
        case .found(let route, let parameters):
            let message = try wire(route, parameters, request)
            let context = ServerContext(
                method: route.rpc, metadata: Metadata(received: request.headers),
                deadline: route.timeout.map { .after($0) }, peer: request.peer)
            var answer: RESTAnswer?
            try await authenticator.intercept(context) { answer = try await call(route, message, context) }
            guard let answer else { throw RPCError(.internal, "the call was not answered") }
            return answer
        }
    }

    /// The request message of path, query and body.
    func wire(
        _ route: Route, _ parameters: [(field: String, value: String)], _ request: RESTRequest
    ) throws -> [UInt8] {
        let query = try QueryParameters(request.query)
        if let encoding = request.headers[first: "content-encoding"], encoding != "identity", !request.body.isEmpty {
            let error = RPCError(.unimplemented, reason: "ENCODING_UNKNOWN", "send the body without compression")
            throw HTTPFailure(status: 415, error)
        }
        do {
            var tree = JSONValue.object([:])
            switch route.body {
            case .none where !request.body.isEmpty: throw HTTPFailure.badRequest("NO_BODY", "this path takes no body")
            case .none: break
            case .whole where !query.pairs.isEmpty:
                throw HTTPFailure.badRequest("NO_QUERY", "this path takes its fields in the body, not in a query")
            case .whole:
                if !request.body.isEmpty { tree = try JSONValue(parsing: request.body, limits: mapping.options.limits) }
            case .field(let name):
                if !request.body.isEmpty {
                    tree = .object([name: try JSONValue(parsing: request.body, limits: mapping.options.limits)])
                }
            }
            for (field, value) in parameters { try mapping.bind(value, to: field, in: &tree, message: route.input) }
            for (name, value) in query.pairs { try mapping.bind(value, to: name, in: &tree, message: route.input) }
            if route.isServerStreaming, let last = request.headers[first: "last-event-id"], !last.isEmpty,
                mapping.pool.messages[route.input]?.field(named: EventSource.resumeToken) != nil
            {
                try mapping.bind(last, to: EventSource.resumeToken, in: &tree, message: route.input)
            }
            return try mapping.wire(from: tree, message: route.input)
        } catch let error as JSONError {
            throw HTTPFailure(error)
        }
    }

    private func call(_ route: Route, _ message: [UInt8], _ context: ServerContext) async throws -> RESTAnswer {
        guard let upstream = upstreams[route.service] else {
            guard route.rpc == CoachViews.rpc else { throw RPCError(.unimplemented, "\(route.rpc) is not served here") }
            return .response(RESTResponse(body: try mapping.json(try await views.getCoachView(.init(), context))))
        }
        let options = try await upstreams.options(for: context)
        if route.isServerStreaming {
            return .events(
                EventSource(upstream: upstream, route: route, message: message, options: options, mapping: mapping))
        }
        do {
            let call = upstream.channel.raw(route.rpc, options)
            // When the call has ended already, its responses tell why.
            try? await call.requests.write(ByteBuffer(bytes: message))
            call.requests.finish()
            var answer: ByteBuffer?
            for try await response in call.responses { answer = response }
            guard let answer else { throw RPCError(.internal, "\(route.rpc) gave no answer") }
            return .response(RESTResponse(body: try json(answer, route)))
        } catch {
            throw upstream.explained(error)
        }
    }

    private func json(_ message: ByteBuffer, _ route: Route) throws -> [UInt8] {
        do {
            return try mapping.json(fromWire: message.readableBytesSpan, message: route.output)
        } catch {
            throw RPCError(.internal, "the answer of \(route.rpc) is not a \(route.output): \(error)")
        }
    }
}

// MARK: The doors that are no RPCs

extension RESTHandler {
    private func door(_ request: RESTRequest) async throws -> RESTResponse? {
        guard ["/", "/healthz", "/readyz"].contains(request.path) else { return nil }
        guard request.method == "GET" else { throw HTTPFailure.otherMethods(["GET", "HEAD"]) }
        switch request.path {
        case "/healthz": return RESTResponse(body: JSONValue.object(["status": .string("alive")]).text())
        case "/readyz": return await readiness()
        default: return RESTResponse(body: welcome.text(isPretty: true))
        }
    }

    /// 503 unless every service serves; names each with what it says.
    private func readiness() async -> RESTResponse {
        let states = await withTaskGroup(of: (String, String).self) { group in
            for upstream in upstreams.all {
                group.addTask { (upstream.name, await upstream.health()?.description ?? "UNREACHABLE") }
            }
            return await group.reduce(into: [String: String]()) { $0[$1.0] = $1.1 }
        }
        var services = JSONObject()
        for upstream in upstreams.all { services[upstream.name] = .string(states[upstream.name] ?? "UNREACHABLE") }
        let notReady = upstreams.all.map(\.name).filter { states[$0] != "SERVING" }
        var body: JSONObject = ["status": .string(notReady.isEmpty ? "ready" : "not ready")]
        if !notReady.isEmpty { body["notReady"] = .array(notReady.map { .string($0) }) }
        body["services"] = .object(services)
        return RESTResponse(
            status: notReady.isEmpty ? 200 : 503, headers: notReady.isEmpty ? [:] : ["retry-after": "1"],
            body: JSONValue.object(body).text())
    }

    private var welcome: JSONValue {
        .object([
            "name": .string("Rapport"),
            "rest": .string("/v1/… with a bearer token, for example /v1/views/coach"),
            "grpc": .array(upstreams.services.map { .string($0) } + [.string("rapport.gateway.v1.ViewsService")]),
            "reflection": .string("grpc.reflection.v1 and v1alpha"),
            "health": .array([.string("/healthz"), .string("/readyz"), .string("grpc.health.v1")]),
        ])
    }
}
