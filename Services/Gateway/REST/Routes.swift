import Protobuf
import RPC
import Standard

/// One HTTP method and path that lead to one RPC.
struct Route: Sendable {
    enum Body: Sendable, Hashable {
        case none
        /// `body: "*"`: the whole request.
        case whole
        case field(String)
    }

    let rpc: RPCTraits
    let method: String
    let template: PathTemplate
    let body: Body
    /// The field of the request whose type is google.protobuf.FieldMask, for PATCH; nil without one.
    let mask: String?

    /// The resource that a PATCH changes: the field that the body is.
    var patched: String? {
        guard method == "PATCH", case .field(let name) = body else { return nil }
        return name
    }
}

/// All routes of the contract, read from its `google.api.http` rules once at start.
struct RouteTable: Sendable {
    enum Match {
        case found(Route, parameters: [(field: String, value: String)])
        /// The path is known, for these methods.
        case otherMethods([String])
        case nothing
    }

    struct Invalid: Error, CustomStringConvertible {
        let rpc: String
        let problem: String
        var description: String { "the HTTP rule of \(rpc) \(problem)" }
    }

    /// A trie by path segments. A literal is tried before `*`, and `*` before `**`.
    private struct Node {
        var literals: [String: Int] = [:]
        var one: Int?
        var rest: Int?
        /// By verb, then by HTTP method.
        var routes: [String: [String: Int]] = [:]
    }

    private(set) var routes: [Route] = []
    private var nodes = [Node()]

    /// - Throws: when a rule is malformed, names a field that its request has not, or says the same as another one.
    init(_ pool: DescriptorPool, services: [String]) throws {
        for service in services.compactMap({ pool.services[$0] }) {
            for method in service.methods {
                guard let rules = try HTTPRules(method) else { continue }
                let rpc = RPCTraits(method, of: service, rule: rules, in: pool)
                if method.isClientStreaming { throw Invalid(rpc: rpc.path, problem: "belongs to a client stream") }
                for rule in rules.all { try add(try RouteTable.route(rule, rpc, pool)) }
            }
        }
    }

    private static func route(
        _ rule: HttpRule, _ rpc: RPCTraits, _ pool: DescriptorPool
    ) throws -> Route {
        func invalid(_ problem: String) -> Invalid { Invalid(rpc: rpc.path, problem: problem) }
        let (verb, path): (String, String)
        switch rule.pattern {
        case .get(let text): (verb, path) = ("GET", text)
        case .put(let text): (verb, path) = ("PUT", text)
        case .post(let text): (verb, path) = ("POST", text)
        case .delete(let text): (verb, path) = ("DELETE", text)
        case .patch(let text): (verb, path) = ("PATCH", text)
        case .custom(let custom): (verb, path) = (custom.kind, custom.path)
        case nil: throw invalid("has no path")
        }
        guard rule.responseBody.isEmpty else { throw invalid("asks for response_body") }
        let template = try PathTemplate(path)
        for variable in template.variables {
            guard isSingular(variable.field, of: rpc.input, in: pool) else {
                throw invalid("binds \(variable.field), which is no singular field of its request")
            }
        }
        let body: Route.Body = rule.body.isEmpty ? .none : rule.body == "*" ? .whole : .field(rule.body)
        if case .field(let name) = body, pool.messages[rpc.input]?.field(named: name) == nil {
            throw invalid("takes \(name) as body, which is no field of its request")
        }
        let mask = pool.messages[rpc.input]?.fields.first { $0.typeName == "google.protobuf.FieldMask" }?.name
        return Route(rpc: rpc, method: verb, template: template, body: body, mask: mask)
    }

    private static func isSingular(_ path: String, of type: String, in pool: DescriptorPool) -> Bool {
        var type = type
        for step in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard let field = pool.messages[type]?.field(named: String(step)), !field.isRepeated else { return false }
            type = field.typeName
        }
        return true
    }

    mutating func add(_ route: Route) throws {
        var node = 0
        for segment in route.template.segments {
            let known: Int? =
                switch segment {
                case .literal(let text): nodes[node].literals[text]
                case .one: nodes[node].one
                case .rest: nodes[node].rest
                }
            let next = known ?? nodes.count
            if known == nil {
                nodes.append(Node())
                switch segment {
                case .literal(let text): nodes[node].literals[text] = next
                case .one: nodes[node].one = next
                case .rest: nodes[node].rest = next
                }
            }
            node = next
        }
        if let other = nodes[node].routes[route.template.verb]?[route.method] {
            throw Invalid(rpc: route.rpc.path, problem: "is the same as that of \(routes[other].rpc.path)")
        }
        nodes[node].routes[route.template.verb, default: [:]][route.method] = routes.count
        routes.append(route)
    }

    /// - Parameter path: as it came, without the query.
    /// - Throws: `HTTPFailure` 400 when the path is not percent-encoded UTF-8 or hides a slash in a segment.
    func match(_ method: String, _ path: Substring) throws -> Match {
        guard path.hasPrefix("/") else { return .nothing }
        var raw = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var verb = ""
        if let last = raw.last, let colon = last.lastIndex(of: ":") {
            guard let decoded = PercentEncoding.decode(last[last.index(after: colon)...]) else {
                throw RouteTable.badPath
            }
            verb = decoded
            raw[raw.count - 1] = last[..<colon]
        }
        let segments = try raw.map { segment in
            // A hidden slash would make one resource name look like another.
            guard let decoded = PercentEncoding.decode(segment), !decoded.contains("/") else {
                throw RouteTable.badPath
            }
            return decoded
        }
        var methods: [String] = []
        guard let route = find(method, segments[...], verb, from: 0, &methods) else {
            // HEAD is GET without the body (RFC 9110 §9.3.2).
            if methods.contains("GET") { methods.append("HEAD") }
            return methods.isEmpty ? .nothing : .otherMethods(Set(methods).sorted())
        }
        return .found(routes[route], parameters: routes[route].template.values(of: segments))
    }

    private static let badPath = HTTPFailure.badRequest("BAD_PATH", "the path is not percent-encoded UTF-8 by segments")

    private func find(
        _ method: String, _ path: ArraySlice<String>, _ verb: String, from index: Int, _ others: inout [String]
    ) -> Int? {
        let node = nodes[index]
        if let segment = path.first {
            if let next = node.literals[segment],
                let route = find(method, path.dropFirst(), verb, from: next, &others)
            {
                return route
            }
            if !segment.isEmpty, let next = node.one,
                let route = find(method, path.dropFirst(), verb, from: next, &others)
            {
                return route
            }
        } else if let methods = node.routes[verb] {
            if let route = methods[method] { return route }
            others += methods.keys
        }
        guard let rest = node.rest, let methods = nodes[rest].routes[verb] else { return nil }
        others += methods.keys
        return methods[method]
    }
}
