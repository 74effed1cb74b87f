import HTTP
import Protobuf
import RPC
import Schema
import Testing

@testable import Gateway

@Suite struct EntityTagTests {
    @Test func aTagKeepsItsQuotes() throws {
        #expect(try EntityTag(ifMatch: ["\"7\""])?.text == "\"7\"")
        #expect(try EntityTag(ifMatch: []) == nil)
        #expect(try EntityTag(ifMatch: ["*"]) == nil)
    }

    /// RFC 9110 §8.8.3 and §13.1.1: weak tags never match here.
    @Test(arguments: [
        ["W/\"7\""], ["7"], ["\"7"], ["\""], ["\"\""], ["\"a\"b\""], ["\"7\", \"8\""], ["\"7\"", "\"8\""], [""],
        ["\"a b\""], ["*", "\"7\""],
    ])
    func othersAreRefused(_ values: [String]) {
        let failure = #expect(throws: HTTPFailure.self) { try EntityTag(ifMatch: values) }
        #expect(failure?.status == 400)
        #expect(failure?.error.reason == "INVALID_FIELD")
    }
}

@Suite struct IdempotencyKeyTests {
    private static let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

    @Test func aUUIDMayStandInQuotes() throws {
        #expect(try IdempotencyKey([Self.id])?.text == Self.id)
        #expect(try IdempotencyKey(["\"\(Self.id)\""])?.text == Self.id)
        #expect(try IdempotencyKey([]) == nil)
    }

    @Test(arguments: [
        ["a"], [""], ["3f2504e04f8941d39a0c0305e82c3301"], ["3f2504e0-4f89-41d3-9a0c-0305e82c330g"], [id, id],
    ])
    func othersAreRefused(_ values: [String]) {
        #expect(throws: HTTPFailure.self) { try IdempotencyKey(values) }
    }
}

/// Preconditions over REST (docs/domain.md §6.0).
@Suite(.timeLimit(.minutes(1))) struct PreconditionTests {
    private static let propose = "/v1/\(pair)/goals/g1:propose"

    /// Answers with what it was sent; refuses every etag but "1".
    private static let methods: [String: [RPC.Method]] = [
        "goals": [
            .unary(goals, "ProposeGoal") { (request: ProposeGoalRequest, _) in
                guard ["", "\"1\""].contains(request.etag) else {
                    throw RPCError(.aborted, reason: "ETAG_MISMATCH", "changed")
                }
                if request.name.hasSuffix("busy") { throw RPCError(.aborted, reason: "CONCURRENT_CHANGE", "busy") }
                return Goal(name: request.name, statement: "\(request.etag) \(request.requestId)", etag: "\"2\"")
            },
            .unary(goals, "GetGoal") { (request: GetGoalRequest, _) in Goal(name: request.name, etag: "\"2\"") },
            .unary(goals, "ListGoals") { (_: ListGoalsRequest, _) in ListGoalsResponse() },
        ]
    ]

    @Test func ifMatchIsTheRequestsEtag() async throws {
        try await TestGateway.run(Self.methods) { test in
            let answer = try await test.send("POST", Self.propose, ["if-match": "\"1\""])
            #expect(answer.status == 200)
            #expect(answer["statement"] == .string("\"1\" "))
            #expect(answer.head.headers[first: "etag"] == "\"2\"")
            let any = try await test.send("POST", Self.propose, ["if-match": "*"])
            #expect(any["statement"] == .string(" "))
        }
    }

    @Test func aMismatchIs412OnlyWhenAnEtagWasSent() async throws {
        try await TestGateway.run(Self.methods) { test in
            let header = try await test.send("POST", Self.propose, ["if-match": "\"9\""])
            #expect(header.status == 412)
            #expect(header["error.code"] == .number("412"))
            #expect(header["error.status"] == .string("ABORTED"))
            #expect(header["error.details.0.reason"] == .string("ETAG_MISMATCH"))
            let body = try await test.send("POST", Self.propose, body: #"{"etag":"\"9\""}"#)
            #expect(body.status == 412)
            let none = try await test.send("POST", "/v1/\(pair)/goals/busy:propose")
            #expect(none.status == 409)
        }
    }

    @Test func contradictionsAndWrongPlacesAreRefused() async throws {
        try await TestGateway.run(Self.methods) { test in
            let both = try await test.send("POST", Self.propose, ["if-match": "\"1\""], body: #"{"etag":"\"2\""}"#)
            #expect(both.status == 400)
            let weak = try await test.send("POST", Self.propose, ["if-match": "W/\"1\""])
            #expect(weak.status == 400)
            let list = try await test.send("GET", "/v1/\(pair)/goals", ["if-match": "\"1\""])
            #expect(list.status == 400)
            #expect(list["error.message"] == .string("If-Match: this path takes none"))
        }
    }

    @Test func answersWithAnEtagShowIt() async throws {
        try await TestGateway.run(Self.methods) { test in
            let get = try await test.send("GET", "/v1/\(pair)/goals/g1")
            #expect(get.head.headers[first: "etag"] == "\"2\"")
            let head = try await test.send("HEAD", "/v1/\(pair)/goals/g1")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.head.headers[first: "etag"] == "\"2\"")
            #expect(try await test.send("GET", "/v1/\(pair)/goals").head.headers[first: "etag"] == nil)
        }
    }

    @Test func anIdempotencyKeyIsTheRequestID() async throws {
        let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
        try await TestGateway.run(Self.methods) { test in
            let answer = try await test.send("POST", Self.propose, ["idempotency-key": "\"\(id)\""])
            #expect(answer["statement"] == .string(" \(id)"))
            #expect(try await test.send("POST", Self.propose, ["idempotency-key": "order-1"]).status == 400)
            let other = try await test.send(
                "POST", Self.propose, ["idempotency-key": id], body: #"{"requestId":"\#(UInt8(1))"}"#)
            #expect(other.status == 400)
            // A read has nothing to repeat.
            #expect(try await test.send("GET", "/v1/\(pair)/goals/g1", ["idempotency-key": id]).status == 200)
        }
    }

    @Test func insidesStayInside() async throws {
        let get = RPC.Method.unary(goals, "GetGoal") { (_: GetGoalRequest, _) -> Goal in
            throw RPCError(.internal, "table goals at /var/lib is damaged")
        }
        try await TestGateway.run(["goals": [get]]) { test in
            let answer = try await test.send("GET", "/v1/\(pair)/goals/g1")
            #expect(answer.status == 500)
            #expect(answer["error.message"] == .string("goals failed; tell your administrator when"))
            #expect(answer["error.details"] == .array([]))
        }
    }
}
