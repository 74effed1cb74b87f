import Protobuf
import RPC
import Schema
import Standard
import Testing

@testable import Gateway

/// google/api/http.proto, "Path template syntax".
@Suite struct PathTemplateTests {
    @Test func aTemplateHasSegmentsVariablesAndAVerb() throws {
        let template = try PathTemplate("/v1/{name=organizations/*/relationships/*}/goals/{goal}:sign")
        #expect(
            template.segments == [
                .literal("v1"), .literal("organizations"), .one, .literal("relationships"), .one, .literal("goals"),
                .one,
            ])
        #expect(template.variables == [.init(field: "name", segments: 1..<5), .init(field: "goal", segments: 6..<7)])
        #expect(template.verb == "sign")
        let values = template.values(of: ["v1", "organizations", "acme", "relationships", "r1", "goals", "g1"])
        #expect(values.map(\.field) == ["name", "goal"])
        #expect(values.map(\.value) == ["organizations/acme/relationships/r1", "g1"])
    }

    @Test func twoStarsTakeTheRest() throws {
        let template = try PathTemplate("/v1/{name=files/**}")
        #expect(template.values(of: ["v1", "files", "a", "b"]).map(\.value) == ["files/a/b"])
        #expect(template.values(of: ["v1", "files"]).map(\.value) == ["files"])
    }

    @Test(arguments: [
        "", "v1", "/v1/", "/v1//a", "/v1/{name", "/v1/{name=}", "/v1/{=*}", "/v1/{name=*}x", "/v1/**/a", "/v1:",
        "/v1/a*", "/{a={b}}", "/v1/}",
    ])
    func aMalformedTemplateIsRefused(_ text: String) {
        #expect(throws: PathTemplate.Malformed.self) { try PathTemplate(text) }
    }
}

@Suite struct RouteTableTests {
    private func table() throws -> RouteTable {
        var table = try RouteTable(DescriptorPool(), services: [])
        try table.add(route("GET", "/v1/{name=orgs/*}"))
        try table.add(route("PUT", "/v1/{name=orgs/*}"))
        try table.add(route("GET", "/v1/orgs/first"))
        try table.add(route("POST", "/v1/{name=orgs/*}:open"))
        try table.add(route("GET", "/v1/{name=orgs/*}/files/{path=**}"))
        return table
    }

    private func route(_ method: String, _ template: String) throws -> Route {
        let service = try #require(DescriptorPool.schema.services[goals])
        let rpc = RPCTraits(service.methods[0], of: service, rule: nil, in: .schema)
        return Route(rpc: rpc, method: method, template: try PathTemplate(template), body: .none, mask: nil)
    }

    private func match(_ method: String, _ path: Substring) throws -> String {
        switch try table().match(method, path) {
        case .found(let route, let parameters):
            ([route.method] + parameters.map { "\($0.field)=\($0.value)" }).joined(separator: " ")
        case .otherMethods(let methods): "405 " + methods.joined(separator: ",")
        case .nothing: "404"
        }
    }

    @Test(
        arguments: [
            ("GET", "/v1/orgs/acme", "GET name=orgs/acme"),
            ("GET", "/v1/orgs/a%C3%A9%20b+c", "GET name=orgs/aé b+c"),
            ("GET", "/v1/orgs/first", "GET"),  // a literal goes before *
            ("PUT", "/v1/orgs/first", "PUT name=orgs/first"),  // the literal does not take PUT, * does
            ("POST", "/v1/orgs/acme:open", "POST name=orgs/acme"),
            ("GET", "/v1/orgs/acme/files/a/b/c", "GET name=orgs/acme path=a/b/c"),
            ("GET", "/v1/orgs/acme/files", "GET name=orgs/acme path="),
            ("DELETE", "/v1/orgs/acme", "405 GET,HEAD,PUT"),
            ("GET", "/v1/orgs/acme:open", "405 POST"),
            ("GET", "/v1/orgs/acme:close", "404"),
            ("GET", "/v1/orgs", "404"),
            ("GET", "/v1/orgs/", "404"),
            ("GET", "/v1/orgs/acme/", "404"),
            ("GET", "/v1//orgs/acme", "404"),
            ("GET", "/V1/orgs/acme", "404"),
            ("GET", "*", "404"),
        ] as [(String, Substring, String)])
    func paths(_ method: String, _ path: Substring, _ expected: String) throws {
        #expect(try match(method, path) == expected)
    }

    @Test(
        arguments: ["/v1/orgs/a%2Fb", "/v1/orgs/%zz", "/v1/orgs/%c3", "/v1/orgs/a%", "/v1/orgs/a:%ff"] as [Substring])
    func hiddenSlashesAndBrokenEscapesAreRefused(_ path: Substring) {
        #expect(throws: HTTPFailure.self) { try match("GET", path) }
    }

    @Test func theSameRouteTwiceIsAConflict() throws {
        var table = try table()
        #expect(throws: RouteTable.Invalid.self) { try table.add(route("GET", "/v1/{other=orgs/*}")) }
        #expect(throws: RouteTable.Invalid.self) { try table.add(route("GET", "/v1/orgs/{id}")) }
        try table.add(route("GET", "/v1/{other=orgs/*}:open"))
    }
}

@Suite struct QueryParameterTests {
    @Test func pairsAreDecoded() throws {
        let pairs = try QueryParameters("a=1&b=x%20y+z&c&d=%26%3D&a=2&&e=a=b").pairs
        #expect(pairs.map { "\($0.name)→\($0.value)" } == ["a→1", "b→x y z", "c→", "d→&=", "a→2", "e→a=b"])
    }

    @Test func oneHundredAreTheLimit() throws {
        let query = { (count: Int) in Substring((0..<count).map { "p=\($0)" }.joined(separator: "&")) }
        #expect(try QueryParameters(query(100)).pairs.count == 100)
        #expect(throws: HTTPFailure.self) { try QueryParameters(query(101)) }
    }

    @Test(arguments: ["a=%", "a=%f", "a=%ff", "%=1"] as [Substring])
    func brokenEscapesAreRefused(_ query: Substring) {
        #expect(throws: HTTPFailure.self) { try QueryParameters(query) }
    }
}

@Suite struct ErrorMappingTests {
    /// docs/domain.md §6.5.
    @Test func everyCodeHasItsStatus() {
        let expected = [
            200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
        ]
        #expect(StatusCode.allCases.map(HTTPFailure.status) == expected)
    }

    @Test func theBodyIsTheStatusWithItsDetails() throws {
        var pool = DescriptorPool.schema
        pool.add(.standard)
        var error = RPCError(.failedPrecondition, reason: "NOT_ACTIVE", "not \"active\"", metadata: ["a": "b"])
        error.details.append(.init(typeURL: "type.googleapis.com/unknown.Type", value: [1, 2, 3]))
        let body = HTTPFailure(error).body(JSONMapping(pool))
        #expect(
            String(decoding: body, as: UTF8.self) == """
                {"error":{"code":400,"status":"FAILED_PRECONDITION","message":"not \\"active\\"","details":[\
                {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"NOT_ACTIVE","domain":"rapport",\
                "metadata":{"a":"b"}}]}}
                """)
    }

    @Test(
        arguments: [
            (RPCError(.unavailable, "").retrying(after: .milliseconds(6500)), "7"),
            (RPCError(.resourceExhausted, "").retrying(after: .seconds(60)), "60"),
            (RPCError(.unavailable, ""), "1"),
            (RPCError(.resourceExhausted, "").retrying(after: .zero), "1"),
            (RPCError(.internal, "").retrying(after: .seconds(5)), nil),
        ] as [(RPCError, String?)])
    func retryAfterRoundsUp(_ error: RPCError, _ expected: String?) {
        #expect(HTTPFailure(error).headers[first: "retry-after"] == expected)
    }

    @Test func textsOfUnforeseenErrorsStayInside() {
        struct Secret: Error { let text = "secret" }
        let failure = HTTPFailure(of: Secret())
        #expect(failure.status == 500)
        #expect(!failure.error.message.contains("secret"))
    }
}

@Suite struct TraceContextTests {
    @Test func aTraceGoesOn() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        #expect(TraceContext(traceparent: text)?.traceparent == text)
    }

    @Test(arguments: [
        "", "00", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71-01",
    ])
    func aMalformedTraceIsNot(_ text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test func aNewTraceIsWellFormed() {
        for _ in 0..<1000 {
            let text = TraceContext().traceparent
            #expect(TraceContext(traceparent: text)?.traceparent == text)
        }
    }
}
