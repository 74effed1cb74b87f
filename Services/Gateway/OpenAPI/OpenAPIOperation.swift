import Protobuf

/// One route as an operation of an OpenAPI 3.1 document.
struct OpenAPIOperation: Sendable {
    /// Fields in fields in fields that a query can name.
    private static let queryDepth = 3

    let route: Route
    let schemas: OpenAPISchemas
    /// Another route of the RPC comes before this one.
    let isAdditional: Bool

    private var pool: DescriptorPool { schemas.pool }
    private var input: MessageDescriptor? { pool.messages[route.rpc.input] }

    /// `/v1/organizations/{organization}/goals/{goal}:sign`: each star is a parameter of its own.
    var path: String {
        var path = ""
        var names = parameters.makeIterator()
        for segment in route.template.segments {
            switch segment {
            case .literal(let text): path += "/\(text)"
            case .one, .rest: path += "/{\(names.next()?.name ?? "")}"
            }
        }
        return route.template.verb.isEmpty ? path : "\(path):\(route.template.verb)"
    }

    /// A star is called by its collection, so that two paths that are the same call it the same.
    private var parameters: [(name: String, collection: String)] {
        let segments = route.template.segments
        return segments.indices.filter { segments[$0] == .one || segments[$0] == .rest }.map { index in
            guard index > 0, case .literal(let collection) = segments[index - 1] else { return ("id", "") }
            return (Self.singular(collection), collection)
        }
    }

    /// Of the collections of resource names (AIP-122): regular plurals, `people`, and words that are their own plural.
    static func singular(_ collection: String) -> String {
        if collection == "people" { return "person" }
        if collection.hasSuffix("ies") { return "\(collection.dropLast(3))y" }
        if collection.hasSuffix("sses") { return String(collection.dropLast(2)) }
        return collection.hasSuffix("s") ? String(collection.dropLast()) : collection
    }

    var object: JSONValue {
        let parts = route.rpc.path.split(separator: "/")
        let service = parts[0].split(separator: ".").last.map(String.init) ?? ""
        // Each operation has an id of its own: those of additional bindings are told apart by what they are about.
        let suffix = isAdditional ? "_" + (parameters.last?.collection ?? "") : ""
        var object: JSONObject = [
            "operationId": .string("\(service)_\(parts[1])\(suffix)"), "tags": .array([.string(service)]),
        ]
        if let comment = pool.comments[route.rpc.path.replacing("/", with: ".")] {
            let text = comment.replacing("\n", with: " ")
            object["summary"] = .string(text.firstRange(of: ". ").map { String(text[..<$0.lowerBound]) } ?? text)
            object["description"] = .string(comment)
        }
        let all = pathParameters + queryParameters + headerParameters
        if !all.isEmpty { object["parameters"] = .array(all) }
        if let body { object["requestBody"] = body }
        object["responses"] = .object(["200": answer, "default": ["$ref": "#/components/responses/Error"]])
        return .object(object)
    }

    private var pathParameters: [JSONValue] {
        parameters.map { name, collection in
            [
                "name": .string(name), "in": "path", "required": .bool(true),
                "description": .string("What follows \(collection)/ in the resource's name."),
                "schema": ["type": "string", "pattern": "^[^/]+$"],
            ]
        }
    }

    // MARK: What is not in the path

    /// Fields at the top of the request that path or body give.
    private var given: Set<String> {
        var given = Set(route.template.variables.map { String($0.field.split(separator: ".")[0]) })
        if case .field(let name) = route.body { given.insert(name) }
        return given
    }

    private var queryParameters: [JSONValue] {
        guard route.body != .whole, let input else { return [] }
        return queryParameters(of: input, under: "", without: given, depth: Self.queryDepth)
    }

    private func queryParameters(
        of message: MessageDescriptor, under prefix: String, without excluded: Set<String>, depth: Int
    ) -> [JSONValue] {
        message.fields.filter { !excluded.contains($0.name) }.flatMap { field -> [JSONValue] in
            let name = prefix + field.jsonName
            if field.kind == .message, !field.typeName.hasPrefix("google.protobuf.") {
                guard depth > 1, !field.isRepeated, let inner = pool.messages[field.typeName] else { return [] }
                return queryParameters(of: inner, under: "\(name).", without: [], depth: depth - 1)
            }
            guard case .object(var schema) = schemas.schema(of: field, in: message) else { return [] }
            var parameter: JSONObject = ["name": .string(name), "in": "query"]
            if let description = schema["description"] { parameter["description"] = description }
            schema["description"] = nil
            parameter["schema"] = .object(schema)
            return [.object(parameter)]
        }
    }

    private var headerParameters: [JSONValue] {
        var names: [String] = []
        if route.rpc.etag != nil { names.append("IfMatch") }
        if route.rpc.requestID != nil { names.append("IdempotencyKey") }
        if route.rpc.isServerStreaming, route.rpc.resumeToken != nil { names.append("LastEventID") }
        return names.map { ["$ref": .string("#/components/parameters/\($0)")] }
    }

    private var body: JSONValue? {
        guard let input else { return nil }
        switch route.body {
        case .none: return nil
        case .whole:
            // A client generator names what has a title.
            var schema = schemas.object(input, without: Set(route.template.variables.map(\.field)))
            schema["title"] = .string(input.name)
            return ["content": ["application/json": ["schema": .object(schema)]]]
        case .field(let name):
            guard let field = input.field(named: name) else { return nil }
            return [
                "required": .bool(true),
                "content": ["application/json": ["schema": schemas.schema(of: field, in: input)]],
            ]
        }
    }

    // MARK: The answer

    private var answer: JSONValue {
        let name = OpenAPISchemas.name(of: route.rpc.output, in: pool)
        let schema: JSONValue = ["$ref": .string(OpenAPISchemas.reference(to: route.rpc.output, in: pool))]
        if route.rpc.isServerStreaming {
            return [
                "description": .string("Server-sent events; the data of each message is a \(name)."),
                "content": ["text/event-stream": ["schema": ["type": "string"], "x-data": schema]],
            ]
        }
        if route.rpc.answersWithBytes {
            return ["description": "A document of the media type that was asked for.", "content": ["*/*": [:]]]
        }
        var answer: JSONObject = [
            "description": .string(name), "content": ["application/json": ["schema": schema]],
        ]
        if route.rpc.answerETag != nil { answer["headers"] = ["ETag": ["$ref": "#/components/headers/ETag"]] }
        return .object(answer)
    }
}
