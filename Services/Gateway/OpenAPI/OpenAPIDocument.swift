import Protobuf

/// The whole REST contract as an OpenAPI 3.1 document, made once at start of the embedded descriptors. The same
/// descriptors give the same bytes.
struct OpenAPIDocument: Sendable {
    let text: [UInt8]
    /// Of the text, in quotes.
    let etag: String

    init(_ routes: RouteTable, services: [String], in pool: DescriptorPool) {
        let schemas = OpenAPISchemas(pool: pool)
        var paths = JSONObject()
        var known: Set<String> = []
        for route in routes.routes {
            let operation = OpenAPIOperation(
                route: route, schemas: schemas, isAdditional: !known.insert(route.rpc.path).inserted)
            var item = JSONObject()
            if case .object(let known)? = paths[operation.path] { item = known }
            item[route.method.lowercased()] = operation.object
            paths[operation.path] = .object(item)
        }
        for (path, door) in Self.doors { paths[path] = ["get": door] }
        let messages = routes.routes.flatMap { route in
            (route.rpc.answersWithBytes ? [] : [route.rpc.output])
                + (pool.messages[route.rpc.input]?.fields.map(\.typeName) ?? [])
        }
        var components = Self.components
        var all = schemas.components(of: messages.filter { !$0.isEmpty })
        all["Error"] = Self.error
        components["schemas"] = .object(all)
        let document: JSONValue = [
            "openapi": "3.1.0",
            "info": [
                "title": "Rapport", "version": "v1",
                "description": """
                Coaching and mentoring programmes on trust: promises, sessions, feedback and goals of a pair, and what \
                they say about trust between the two. Each operation is one RPC.
                """,
            ],
            "servers": .array([["url": "/"]]),
            "security": .array([["bearer": .array([])]]),
            "tags": .array(services.map { Self.tag($0, in: pool) }),
            "paths": .object(paths),
            "components": .object(components),
        ]
        text = document.text()
        etag = "\"\(Self.fingerprint(text))\""
    }

    /// Whether a client that sent these `If-None-Match` values has the document already (RFC 9110 §13.1.2).
    func isKnown(by values: [String]) -> Bool {
        values.flatMap { $0.split(separator: ",") }.contains { tag in
            let tag = tag.drop { $0 == " " }
            return tag == "*" || (tag.hasPrefix("W/") ? tag.dropFirst(2) : tag).prefix(etag.count) == etag
        }
    }

    private static func tag(_ service: String, in pool: DescriptorPool) -> JSONValue {
        let name = service.split(separator: ".").last.map(String.init) ?? service
        guard let comment = pool.comments[service] else { return ["name": .string(name)] }
        return ["name": .string(name), "description": .string(comment)]
    }

    /// FNV-1a, 64 bits: tells two versions of one document apart.
    private static func fingerprint(_ text: [UInt8]) -> String {
        String(text.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
    }

    // MARK: What no descriptor says

    private static var components: JSONObject {
        [
            "securitySchemes": [
                "bearer": [
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "A person's token of the identity provider.",
                ]
            ],
            "parameters": [
                "IfMatch": header(
                    "If-Match", "The etag of the revision that is meant; another one is answered 412. * is any."),
                "IdempotencyKey": header(
                    "Idempotency-Key", "A UUID, the same as requestId: what was sent twice takes effect once.",
                    format: "uuid"),
                "LastEventID": header(
                    "Last-Event-ID", "The id of the last event seen; what came after it comes first."),
            ],
            "headers": [
                "ETag": ["description": "The answer's revision, in quotes.", "schema": ["type": "string"]]
            ],
            "responses": [
                "Error": [
                    "description": "Refused or failed; docs/domain.md §6.7 lists the reasons.",
                    "content": ["application/json": ["schema": ["$ref": "#/components/schemas/Error"]]],
                ]
            ],
        ]
    }

    private static func header(_ name: String, _ description: String, format: String? = nil) -> JSONValue {
        var schema: JSONObject = ["type": "string"]
        if let format { schema["format"] = .string(format) }
        return [
            "name": .string(name), "in": "header", "description": .string(description), "schema": .object(schema),
        ]
    }

    /// As `HTTPFailure.body` writes it.
    private static let error: JSONValue = [
        "type": "object", "required": .array(["error"]),
        "properties": [
            "error": [
                "type": "object", "required": .array(["code", "status", "message", "details"]),
                "properties": [
                    "code": ["type": "integer", "description": "The HTTP status."],
                    "status": ["type": "string", "description": "The gRPC code, for example FAILED_PRECONDITION."],
                    "message": ["type": "string", "description": "For people."],
                    "details": [
                        "type": "array",
                        "description": """
                        Messages of google.rpc: ErrorInfo with the stable reason, BadRequest with the wrong fields, \
                        RetryInfo with the time to wait.
                        """,
                        "items": [
                            "type": "object", "required": .array(["@type"]),
                            "properties": ["@type": ["type": "string"], "reason": ["type": "string"]],
                        ],
                    ],
                ],
            ]
        ],
    ]

    private static let doors: [(String, JSONValue)] = [
        ("/healthz", door("isAlive", "The process lives.")),
        ("/readyz", door("isReady", "Whether every service serves; 503 names those that do not.")),
        ("/openapi.json", door("getContract", "This document.")),
    ]

    private static func door(_ id: String, _ summary: String) -> JSONValue {
        [
            "operationId": .string(id), "summary": .string(summary), "security": .array([]),
            "responses": [
                "200": [
                    "description": .string(summary), "content": ["application/json": ["schema": ["type": "object"]]],
                ],
                "default": ["$ref": "#/components/responses/Error"],
            ],
        ]
    }
}
