import HTTP
import Protobuf
import RPC

#if canImport(Gateway)
    @testable import Gateway
#else
    @testable import FuzzedGateway
#endif

/// The rules of `google.api.http`: a template, or a request that finds its route and becomes a message.
///
/// An input is `template` and a template, or a method, a URL and a body, each on a line of its own.
enum HTTPInput {
    static let routes: RouteTable = {
        let pool = WireInput.mapping.pool
        do {
            return try RouteTable(pool, services: pool.services.keys.sorted())
        } catch {
            preconditionFailure("the contract has no routes: \(error)")
        }
    }()
    private static let binding = RequestBinding(mapping: WireInput.mapping)

    static func run(_ input: [UInt8]) throws {
        let lines = input.split(separator: 0x0a, maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count >= 2, let first = String(validating: lines[0], as: UTF8.self),
            let second = String(validating: lines[1], as: UTF8.self)
        else { return }
        if first == "template" { return try template(second) }
        try request(first, second, lines.count == 3 ? Array(lines[2]) : [])
    }

    // MARK: Templates

    private static func template(_ text: String) throws {
        let template: PathTemplate
        do {
            template = try PathTemplate(text)
        } catch {
            try hold(error is PathTemplate.Malformed, "\(error) is no PathTemplate.Malformed")
            return
        }
        let path = template.segments.map { segment in
            switch segment {
            case .literal(let text): text
            case .one: "x"
            case .rest: "y"
            }
        }
        try hold(PathTemplate(spelled(template)) == template, "a template changes when it is spelled out")
        let values = template.values(of: path)
        try hold(values.count == template.variables.count, "a variable has no value")
        for (variable, value) in zip(template.variables, values) {
            let own = path[variable.segments].joined(separator: "/")
            try hold(value.value == own, "\(variable.field) takes \(value.value) and not \(own)")
        }
    }

    /// A template of the same meaning.
    private static func spelled(_ template: PathTemplate) -> String {
        var text = ""
        for (index, segment) in template.segments.enumerated() {
            text += "/"
            for variable in template.variables where variable.segments.lowerBound == index {
                text += "{\(variable.field)="
            }
            switch segment {
            case .literal(let literal): text += literal
            case .one: text += "*"
            case .rest: text += "**"
            }
            if template.variables.contains(where: { $0.segments.upperBound == index + 1 }) { text += "}" }
        }
        return text + (template.verb.isEmpty ? "" : ":\(template.verb)")
    }

    // MARK: Requests

    private static func request(_ method: String, _ target: String, _ body: [UInt8]) throws {
        let request = RESTRequest(
            method: method, target: target, headers: [:], body: body, peer: Peer(address: "fuzz", isTLS: false))
        do {
            guard case .found(let route, let parameters) = try routes.match(method, request.path) else { return }
            try hold(route.method == method, "\(method) finds \(route.method)")
            try match(route, parameters)
            let wire = try binding.wire(route, parameters, request)
            let text = try? WireInput.mapping.json(fromWire: wire, message: route.rpc.input)
            try hold(text != nil, "a request becomes bytes that are no \(route.rpc.input)")
        } catch let error as HTTPFailure {
            try hold((400..<500).contains(error.status), "a bad request is answered \(error.status)")
        }
    }

    /// A path made of what was found finds the same.
    private static func match(_ route: Route, _ parameters: [(field: String, value: String)]) throws {
        var path = route.template.segments.map { segment in
            if case .literal(let text) = segment { text } else { "" }
        }
        for (variable, parameter) in zip(route.template.variables, parameters) {
            let pieces = parameter.value.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            try hold(pieces.count == variable.segments.count, "\(parameter.field) hides a slash: \(parameter.value)")
            path.replaceSubrange(variable.segments, with: pieces)
        }
        let verb = route.template.verb.isEmpty ? "" : ":\(escaped(route.template.verb))"
        let text = "/" + path.map(escaped).joined(separator: "/") + verb
        guard case .found(let other, let values) = try routes.match(route.method, text[...]) else {
            throw Broken("\(text) does not find \(route.rpc.path) again")
        }
        try hold(other.template == route.template, "\(text) finds \(other.rpc.path), not \(route.rpc.path)")
        try hold(
            values.map(\.value) == parameters.map(\.value), "\(text) gives other values of \(route.rpc.path)")
    }

    /// Every byte by its number (RFC 3986 §2.1).
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
