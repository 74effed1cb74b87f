import HTTP
import Testing

@testable import RPC

/// gRPC doc/naming.md.
@Suite struct TargetTests {
    @Test(arguments: [
        ("ipv4:10.0.0.1:80", [Endpoint.tcp(host: "10.0.0.1", port: 80)], "10.0.0.1:80"),
        (
            "ipv4:///10.0.0.1:80,10.0.0.2",
            [.tcp(host: "10.0.0.1", port: 80), .tcp(host: "10.0.0.2", port: 443)], "10.0.0.1:80"
        ),
        ("ipv6:[::1]:80", [.tcp(host: "::1", port: 80)], "[::1]:80"),
        ("unix:run/goals.sock", [.unix(path: "run/goals.sock")], "localhost"),
        ("unix:///run/goals.sock", [.unix(path: "/run/goals.sock")], "localhost"),
        ("unix:/run/goals.sock", [.unix(path: "/run/goals.sock")], "localhost"),
    ])
    func `addresses are endpoints`(_ text: String, _ expected: [Endpoint], _ authority: String) throws {
        let target = try Target(parsing: text, isTLS: false)
        guard case .endpoints(let endpoints) = target.source else {
            Issue.record("\(text) needs no resolver")
            return
        }
        #expect(endpoints == expected)
        #expect(target.authority == authority)
        #expect(target.scheme == "http")
    }

    @Test(arguments: [
        ("dns:///goals.test:8003", "goals.test:8003", 8003), ("dns:goals.test", "goals.test", 443),
        ("goals.test:8003", "goals.test:8003", 8003), ("goals.test", "goals.test", 443),
        ("dns:[::1]:5", "[::1]:5", 5), ("localhost:1", "localhost:1", 1),
    ])
    func `names are looked up, each time anew`(_ text: String, _ authority: String, _ port: Int) async throws {
        let target = try Target(parsing: text, isTLS: true) { host, port in
            [.tcp(host: "10.0.0.1", port: port), .tcp(host: "of \(host)", port: port)]
        }
        guard case .resolver(let resolver) = target.source else {
            Issue.record("\(text) needs a resolver")
            return
        }
        let name = try #require(target.serverName)
        #expect(
            try await resolver.resolve() == [.tcp(host: "10.0.0.1", port: port), .tcp(host: "of \(name)", port: port)])
        #expect(target.authority == authority)
        #expect(authority.contains(name))
        #expect(target.scheme == "https")
    }

    @Test(arguments: [
        "", ":80", "dns:", "dns://8.8.8.8/goals:80", "goals:0", "goals:65536", "goals:http", "[::1", "a b",
        "xds:///goals",
        "http://goals:80", "ipv4:goals:80", "ipv4:[::1]:80", "ipv6:10.0.0.1:80", "ipv4:", "ipv4:10.0.0.1:80,", "unix:",
        "unix://host/path",
    ])
    func `what is no target says why`(_ text: String) {
        let error = #expect(throws: TargetError.self) { try Target(parsing: text, isTLS: false) }
        #expect(error?.text == text)
        #expect(error?.problem.isEmpty == false)
    }

    @Test func `the system knows this machine by its name`() throws {
        let endpoints = try AddressLookup.endpoints(host: "localhost", port: 7)
        #expect(endpoints.contains(.tcp(host: "127.0.0.1", port: 7)) || endpoints.contains(.tcp(host: "::1", port: 7)))
        #expect(Set(endpoints).count == endpoints.count)
    }

    @Test func `a name that nobody has is an error in words`() {
        let error = #expect(throws: AddressLookup.Failure.self) {
            try AddressLookup.endpoints(host: "no such name", port: 7)
        }
        #expect(error?.description.isEmpty == false)
    }
}
