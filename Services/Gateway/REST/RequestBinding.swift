import HTTP
import Protobuf
import RPC

/// Makes the request message of what a REST request says in its path, query, body and headers.
struct RequestBinding: Sendable {
    let mapping: JSONMapping

    /// - Returns: the message, serialised.
    /// - Throws: `HTTPFailure` 400 or 415.
    func wire(
        _ route: Route, _ parameters: [(field: String, value: String)], _ request: RESTRequest
    ) throws -> [UInt8] {
        if let encoding = request.headers[first: "content-encoding"], encoding != "identity", !request.body.isEmpty {
            let error = RPCError(.unimplemented, reason: "ENCODING_UNKNOWN", "send the body without compression")
            throw HTTPFailure(status: 415, error)
        }
        let query = try QueryParameters(request.query)
        do {
            var tree = try body(of: route, request, query)
            let given = route.patched.flatMap { tree[$0] }
            let message = route.rpc.input
            for (field, value) in parameters { try mapping.bind(value, to: field, in: &tree, message: message) }
            for (name, value) in query.pairs { try mapping.bind(value, to: name, in: &tree, message: message) }
            for (name, value) in try fields(of: request.headers, route) {
                try mapping.bind(value, to: name, in: &tree, message: message)
            }
            if let given { try addMask(of: given, route, to: &tree) }
            return try mapping.wire(from: tree, message: message)
        } catch let error as JSONError {
            throw HTTPFailure(error)
        }
    }

    private func body(of route: Route, _ request: RESTRequest, _ query: QueryParameters) throws -> JSONValue {
        func parsed() throws(JSONError) -> JSONValue {
            try JSONValue(parsing: request.body, limits: mapping.options.limits)
        }
        switch route.body {
        case .none:
            guard request.body.isEmpty else { throw HTTPFailure.badRequest("NO_BODY", "this path takes no body") }
            return .object([:])
        case .whole:
            guard query.pairs.isEmpty else {
                throw HTTPFailure.badRequest("NO_QUERY", "this path takes its fields in the body, not in a query")
            }
            return request.body.isEmpty ? .object([:]) : try parsed()
        case .field(let name):
            return request.body.isEmpty ? .object([:]) : .object([name: try parsed()])
        }
    }

    /// Headers that are fields of the request, where it has them.
    private func fields(of headers: Headers, _ route: Route) throws -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let tag = try EntityTag(ifMatch: headers.values("if-match")) {
            guard let field = route.rpc.etag?.field.name else {
                throw HTTPFailure.badRequest("INVALID_FIELD", "If-Match: this path takes none")
            }
            fields.append((field, tag.text))
        }
        if let field = route.rpc.requestID?.field.name,
            let key = try IdempotencyKey(headers.values("idempotency-key"))
        {
            fields.append((field, key.text))
        }
        if route.rpc.isServerStreaming, let field = route.rpc.resumeToken?.field.name,
            let last = headers[first: "last-event-id"], !last.isEmpty
        {
            fields.append((field, last))
        }
        return fields
    }

    /// A PATCH without a mask changes what its body names (AIP-134): also what it sets to nothing, which the message
    /// alone could not tell.
    private func addMask(of given: JSONValue, _ route: Route, to tree: inout JSONValue) throws(JSONError) {
        guard let mask = route.mask, let patched = route.patched, tree[mask] == nil, case .object(let object) = given,
            let field = mapping.pool.messages[route.rpc.input]?.field(named: patched),
            let type = mapping.pool.messages[field.typeName]
        else { return }
        // The name says which resource it is; unknown members are refused when the tree becomes a message.
        let paths = object.members.compactMap { type.field(named: $0.name)?.jsonName }.filter { $0 != "name" }
        if !paths.isEmpty {
            try mapping.bind(paths.joined(separator: ","), to: mask, in: &tree, message: route.rpc.input)
        }
    }
}

extension JSONValue {
    /// A member by its proto name or by its JSON name in lowerCamelCase; nil in what is no object.
    fileprivate subscript(field: String) -> JSONValue? {
        guard case .object(let object) = self else { return nil }
        if let value = object[field] { return value }
        let parts = field.split(separator: "_")
        let name = parts.dropFirst().reduce(String(parts.first ?? "")) {
            $0 + $1.prefix(1).uppercased() + $1.dropFirst()
        }
        return object[name]
    }
}
