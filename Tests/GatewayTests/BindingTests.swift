import HTTP
import Protobuf
import RPC
import Schema
import Standard
import Testing

@testable import Gateway

/// Path, query, body and headers as one message, on a contract of the test's own.
///
///     service S {
///       rpc UpdateThing(UpdateThingRequest) returns (Thing) { patch: "/v1/{thing.name=things/*}" body: "thing" }
///       rpc DeleteThing(DeleteThingRequest) returns (Thing) { delete: "/v1/{name=things/*}" }
///     }
@Suite struct BindingTests {
    private static let pool: DescriptorPool = {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            let length =
                bytes.count < 0x80 ? [UInt8(bytes.count)] : [UInt8(bytes.count & 0x7f) | 0x80, UInt8(bytes.count >> 7)]
            return [number << 3 | 2] + length + bytes
        }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, [UInt8](text.utf8)) }
        func member(_ name: String, _ number: UInt8, _ kind: FieldDescriptor.Kind, _ type: String = "") -> [UInt8] {
            let name = text(1, name) + [3 << 3, number, 4 << 3, 1, 5 << 3, UInt8(kind.rawValue)]
            return field(2, type.isEmpty ? name : name + text(6, type))
        }
        func method(_ name: String, _ rule: HttpRule) -> [UInt8] {
            // google.api.http is extension 72295728 of MethodOptions.
            let options = [0x82, 0xd3, 0xe4, 0x93, 0x02, UInt8(rule.serialized().count)] + rule.serialized()
            return field(2, text(1, name) + text(2, ".t.\(name)Request") + text(3, ".t.Thing") + field(4, options))
        }
        let thing =
            text(1, "Thing") + member("name", 1, .string) + member("display_name", 2, .string)
            + member("count", 3, .int32)
        let update =
            text(1, "UpdateThingRequest") + member("thing", 1, .message, ".t.Thing")
            + member("update_mask", 2, .message, ".google.protobuf.FieldMask") + member("etag", 13, .string)
        let delete =
            text(1, "DeleteThingRequest") + member("name", 1, .string) + member("etag", 13, .string)
            + member("request_id", 14, .string)
        let service =
            text(1, "S")
            + method("UpdateThing", HttpRule(body: "thing", pattern: .patch("/v1/{thing.name=things/*}")))
            + method("DeleteThing", HttpRule(pattern: .delete("/v1/{name=things/*}")))
        let file =
            text(1, "t.proto") + text(2, "t") + field(4, thing) + field(4, update) + field(4, delete)
            + field(6, service)
        var pool = DescriptorPool()
        do { try pool.add(file: file) } catch { preconditionFailure("\(error)") }
        pool.add(.standard)
        return pool
    }()

    /// The message as JSON without defaults.
    private func bind(
        _ method: String, _ target: String, _ headers: Headers = [:], _ body: String = ""
    ) throws -> String {
        let table = try RouteTable(Self.pool, services: ["t.S"])
        let request = RESTRequest(
            method: method, target: target, headers: headers, body: [UInt8](body.utf8),
            peer: Peer(address: "test", isTLS: false))
        guard case .found(let route, let parameters) = try table.match(method, request.path) else {
            throw HTTPFailure.unknownPath(request.path)
        }
        let mapping = JSONMapping(Self.pool)
        let wire = try RequestBinding(mapping: mapping).wire(route, parameters, request)
        return String(decoding: try mapping.json(fromWire: wire, message: route.rpc.input), as: UTF8.self)
    }

    /// AIP-134: without a mask, what the body names.
    @Test(
        arguments: [
            (#"{"displayName":"a"}"#, #"{"thing":{"name":"things/1","displayName":"a"},"updateMask":"displayName"}"#),
            (#"{"display_name":"a"}"#, #"{"thing":{"name":"things/1","displayName":"a"},"updateMask":"displayName"}"#),
            (#"{"count":0}"#, #"{"thing":{"name":"things/1"},"updateMask":"count"}"#),
            (#"{"displayName":null}"#, #"{"thing":{"name":"things/1"},"updateMask":"displayName"}"#),
            (
                #"{"name":"things/1","count":2,"displayName":""}"#,
                #"{"thing":{"name":"things/1","count":2},"updateMask":"count,displayName"}"#
            ),
            ("{}", #"{"thing":{"name":"things/1"}}"#),
            ("", #"{"thing":{"name":"things/1"}}"#),
        ])
    func aPatchChangesWhatItNames(_ body: String, _ message: String) throws {
        #expect(try bind("PATCH", "/v1/things/1", [:], body) == message)
    }

    @Test(arguments: ["updateMask=count", "update_mask=count"])
    func aMaskThatIsGivenCounts(_ query: String) throws {
        #expect(
            try bind("PATCH", "/v1/things/1?\(query)", [:], #"{"count":2,"displayName":"a"}"#)
                == #"{"thing":{"name":"things/1","displayName":"a","count":2},"updateMask":"count"}"#)
    }

    @Test func aPatchMayNameItsRevision() throws {
        #expect(
            try bind("PATCH", "/v1/things/1", ["if-match": "\"3\""], #"{"count":2}"#)
                == #"{"thing":{"name":"things/1","count":2},"updateMask":"count","etag":"\"3\""}"#)
    }

    @Test(arguments: [#"{"name":"things/2"}"#, #"{"coutn":2}"#, "[]", "{", #"{"count":"many"}"#])
    func aPatchThatDoesNotFitIsRefused(_ body: String) {
        #expect(throws: HTTPFailure.self) { try bind("PATCH", "/v1/things/1", [:], body) }
    }

    @Test func aDeleteHasAQueryAndHeaders() throws {
        let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
        #expect(
            try bind("DELETE", "/v1/things/1?etag=%223%22", ["idempotency-key": id])
                == #"{"name":"things/1","etag":"\"3\"","requestId":"\#(id)"}"#)
        #expect(throws: HTTPFailure.self) { try bind("DELETE", "/v1/things/1", [:], "{}") }
    }
}
