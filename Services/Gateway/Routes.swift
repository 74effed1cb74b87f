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

    /// `package.Service/Method`
    let rpc: String
    let service: String
    let input: String
    let output: String
    let isServerStreaming: Bool
    let timeout: Duration?
    let method: String
    let template: PathTemplate
    let body: Body
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
                let rpc = "\(service.fullName)/\(method.name)"
                guard let bytes = method.httpRule else { continue }
                if method.isClientStreaming { throw Invalid(rpc: rpc, problem: "belongs to a client stream") }
                let rule = try HttpRule(serialized: bytes)
                for rule in [rule] + rule.additionalBindings {
                    try add(try RouteTable.route(rule, method, service, pool))
                }
            }
        }
    }

    private static func route(
        _ rule: HttpRule, _ method: MethodDescriptor, _ service: ServiceDescriptor, _ pool: DescriptorPool
    ) throws -> Route {
        let rpc = "\(service.fullName)/\(method.name)"
        let (verb, path): (String, String)
        switch rule.pattern {
        case .get(let text): (verb, path) = ("GET", text)
        case .put(let text): (verb, path) = ("PUT", text)
        case .post(let text): (verb, path) = ("POST", text)
        case .delete(let text): (verb, path) = ("DELETE", text)
        case .patch(let text): (verb, path) = ("PATCH", text)
        case .custom(let custom): (verb, path) = (custom.kind, custom.path)
        case nil: throw Invalid(rpc: rpc, problem: "has no path")
        }
        guard rule.responseBody.isEmpty else { throw Invalid(rpc: rpc, problem: "asks for response_body") }
        let template = try PathTemplate(path)
        for variable in template.variables {
            guard isSingular(variable.field, of: method.inputType, in: pool) else {
                throw Invalid(rpc: rpc, problem: "binds \(variable.field), which is no singular field of its request")
            }
        }
        let body: Route.Body = rule.body.isEmpty ? .none : rule.body == "*" ? .whole : .field(rule.body)
        if case .field(let name) = body, pool.messages[method.inputType]?.field(named: name) == nil {
            throw Invalid(rpc: rpc, problem: "takes \(name) as body, which is no field of its request")
        }
        return Route(
            rpc: rpc, service: service.fullName, input: method.inputType, output: method.outputType,
            isServerStreaming: method.isServerStreaming, timeout: CallTimeout.of(method), method: verb,
            template: template, body: body)
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
            throw Invalid(rpc: route.rpc, problem: "is the same as that of \(routes[other].rpc)")
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
