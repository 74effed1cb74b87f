import Testing

@testable import HTTP

@Suite struct EndpointTests {
    @Test(arguments: [
        ("127.0.0.1:80", Endpoint.tcp(host: "127.0.0.1", port: 80)), ("goals:0", .tcp(host: "goals", port: 0)),
        ("[::1]:65535", .tcp(host: "::1", port: 65535)), ("unix:/run/goals.sock", .unix(path: "/run/goals.sock")),
    ]) func `an address`(_ text: String, _ endpoint: Endpoint) {
        #expect(Endpoint(address: text) == endpoint)
    }

    @Test(arguments: [
        "", "goals", "goals:", ":80", "goals:65536", "goals:-1", "goals:x", "::1:80", "[::1]80", "[::1", "[]:80",
        "a b:80", "http://goals:80", "unix:",
    ]) func `is whole or nothing`(_ text: String) {
        #expect(Endpoint(address: text) == nil)
    }

    @Test func `port 0 is for who listens`() {
        #expect(HostAndPort("goals:0") == nil)
        #expect(HostAndPort("goals:0", ports: 0...65535)?.port == 0)
        #expect(HostAndPort("goals")?.host == "goals")
    }
}
