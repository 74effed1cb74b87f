import Protobuf
import RPC
import Schema
import Standard
import Testing

@testable import Gateway

/// The whole contract, as its descriptors have it: an RPC that is added is checked without a change here.
@Suite struct ContractTests {
    /// What the gateway leads to: events are for services alone, administration for the machine's own operator.
    private static let services = DescriptorPool.schema.services.values
        .filter { service in !["rapport.events.", "rapport.admin."].contains { service.fullName.hasPrefix($0) } }
        .sorted { $0.fullName < $1.fullName }

    private static let internalRPCs = [
        "CheckViewingRight", "CollectFairnessGroups", "ConfirmErasure", "StreamPersonalData",
    ]

    private static func table() throws -> RouteTable { try RouteTable(.schema, services: services.map(\.fullName)) }

    @Test func everyRPCThatRESTCanCarryHasARoute() throws {
        let routes = try Self.table().routes
        for service in Self.services {
            for method in service.methods {
                let own = routes.filter { $0.rpc.path == "\(service.fullName)/\(method.name)" }
                // A client stream has no form in REST; what services alone may ask needs none.
                let hasNone = method.isClientStreaming || Self.internalRPCs.contains(method.name)
                #expect(own.isEmpty == hasNone, "\(service.fullName)/\(method.name)")
                #expect(own.allSatisfy { !$0.rpc.isServerStreaming || $0.method == "GET" }, "\(method.name)")
            }
        }
        #expect(routes.count > 60)
    }

    /// The table refuses two rules that are the same; here each path of a route leads back to it, past all others.
    @Test func everyRouteLeadsToItsRPC() throws {
        let table = try Self.table()
        for route in table.routes {
            var path = ""
            for segment in route.template.segments {
                if case .literal(let text) = segment { path += "/" + text } else { path += "/x" }
            }
            if !route.template.verb.isEmpty { path += ":" + route.template.verb }
            guard case .found(let found, let parameters) = try table.match(route.method, path[...]) else {
                Issue.record("\(route.rpc.path): nothing at \(path)")
                continue
            }
            #expect(found.rpc.path == route.rpc.path)
            #expect(parameters.count == route.template.variables.count)
        }
    }

    /// docs/domain.md §6.0: what a GET leads to is repeated without a request_id, so it must not take one.
    @Test func readsAreGETsAndTakeNoRequestID() throws {
        for route in try Self.table().routes {
            #expect(route.rpc.isRead == (route.method == "GET"), "\(route.rpc.path)")
            #expect(!route.rpc.isRead || route.rpc.requestID == nil, "\(route.rpc.path)")
        }
    }

    @Test func everyPatchNamesItsResourceAndHasAMask() throws {
        for route in try Self.table().routes where route.method == "PATCH" {
            #expect(route.patched != nil, "\(route.rpc.path)")
            #expect(route.mask != nil, "\(route.rpc.path)")
        }
    }
}
