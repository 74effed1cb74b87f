import HTTP
import Protobuf
import RPC
import Schema
import Standard
import Testing

@testable import Gateway

/// The document itself is validated by a validator of another maker (Tests/Interop/test_openapi.py).
@Suite(.timeLimit(.minutes(1))) struct OpenAPITests {
    private static let services = [goals, relationships, trust, "rapport.gateway.v1.ViewsService"]

    private static func document() throws -> (OpenAPIDocument, RouteTable) {
        var pool = DescriptorPool.schema
        pool.add(.standard)
        let routes = try RouteTable(pool, services: services)
        return (OpenAPIDocument(routes, services: services, in: pool), routes)
    }

    private static func value(_ path: String...) throws -> JSONValue? {
        var value: JSONValue? = try JSONValue(parsing: document().0.text)
        for step in path {
            switch value {
            case .object(let object)?: value = object[step]
            case .array(let elements)?: value = Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            default: value = nil
            }
        }
        return value
    }

    @Test func theSameDescriptorsGiveTheSameBytes() throws {
        let (first, second) = (try Self.document().0, try Self.document().0)
        #expect(first.text == second.text)
        #expect(first.etag == second.etag)
    }

    @Test func everyRouteIsAnOperation() throws {
        let (document, routes) = try Self.document()
        guard case .object(let root) = try JSONValue(parsing: document.text), case .object(let paths)? = root["paths"]
        else {
            Issue.record("there are no paths")
            return
        }
        let operations = paths.members.map { member -> Int in
            if case .object(let item) = member.value { item.members.count } else { 0 }
        }
        // Two doors and the document itself come on top.
        #expect(operations.reduce(0, +) == routes.routes.count + 3)
    }

    @Test func anAnswerOfBytesIsOfAnyMediaType() throws {
        let path = "/v1/organizations/{organization}/rollups/{rollup}/programmeValue:export"
        #expect(try Self.value("paths", path, "get", "responses", "200", "content", "*/*") == [:])
        #expect(try Self.value("components", "schemas", "HttpBody") == nil)
    }

    @Test func aStarIsAParameterOfItsCollection() throws {
        let path = "/v1/organizations/{organization}/relationships/{relationship}/goals/{goal}:propose"
        #expect(try Self.value("paths", path, "post", "operationId") == "GoalsService_ProposeGoal")
        #expect(try Self.value("paths", path, "post", "parameters", "2", "name") == "goal")
        #expect(try Self.value("paths", path, "post", "parameters", "3", "$ref") == "#/components/parameters/IfMatch")
        #expect(
            try Self.value("paths", path, "post", "parameters", "4", "$ref")
                == "#/components/parameters/IdempotencyKey")
    }

    @Test(arguments: [
        ("people", "person"), ("policies", "policy"), ("goals", "goal"), ("advice", "advice"), ("evidence", "evidence"),
        ("reflectBacks", "reflectBack"), ("breachCases", "breachCase"), ("witnesses", "witness"),
    ])
    func collectionsHaveASingular(_ plural: String, _ singular: String) {
        #expect(OpenAPIOperation.singular(plural) == singular)
    }

    @Test func aListTakesItsQuery() throws {
        let path = "/v1/organizations/{organization}/relationships/{relationship}/goals"
        let names = try (2..<6).map { try Self.value("paths", path, "get", "parameters", "\($0)", "name") }
        #expect(names == ["pageSize", "pageToken", "filter", "orderBy"])
        #expect(try Self.value("paths", path, "get", "parameters", "2", "in") == "query")
        #expect(
            try Self.value("paths", path, "get", "parameters", "2", "description")
                == "0 means 50; more than 500 means 500.")
    }

    @Test func fieldsAreInCanonicalJSON() throws {
        func goal(_ field: String, _ member: String) throws -> JSONValue? {
            try Self.value("components", "schemas", "Goal", "properties", field, member)
        }
        #expect(try goal("dueTime", "format") == "date-time")
        #expect(try goal("target", "type") == "number")
        #expect(try goal("gasLevels", "type") == "array")
        #expect(try goal("state", "$ref") == "#/components/schemas/Goal.State")
        #expect(try goal("ambition", "description") == "Self-rated, 1 to 5; 0 is not rated.")
        let count = try Self.value("components", "schemas", "TrustProfile", "properties", "evidenceCount", "type")
        #expect(count == "string")
        #expect(try Self.value("components", "schemas", "Goal.State", "enum", "3") == "ACTIVE")
    }

    @Test func aStreamIsOfEvents() throws {
        let path = "/v1/organizations/{organization}/relationships/{relationship}/trustProfile:watch"
        #expect(
            try Self.value("paths", path, "get", "responses", "200", "content", "text/event-stream", "x-data", "$ref")
                == "#/components/schemas/WatchTrustProfileResponse")
    }

    @Test func itIsServedOnceAndThenKnown() async throws {
        try await TestGateway.run { test in
            let first = try await test.send("GET", "/openapi.json")
            #expect(first.status == 200)
            #expect(first["openapi"] == "3.1.0")
            #expect(first.head.headers[first: "cache-control"] == "no-cache")
            let etag = try #require(first.head.headers[first: "etag"])
            for tags in [etag, "W/\(etag)", "\"other\", \(etag)", "*"] {
                let again = try await test.send("GET", "/openapi.json", ["if-none-match": tags])
                #expect(again.status == 304)
                #expect(again.body.isEmpty)
                #expect(again.head.headers[first: "etag"] == etag)
                #expect(again.head.headers[first: "content-length"] == nil)
            }
            #expect(try await test.send("GET", "/openapi.json", ["if-none-match": "\"other\""]).status == 200)
        }
    }
}
