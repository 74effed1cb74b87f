import FoundationEssentials
import HTTP
import NIOCore
import Testing

@Suite("TLS and ALPN (RFC 9113 §3.2)")
struct TLSTests {
    private static func withCertificate(for names: [TestCertificate.Name], _ body: (ServerTLS) async throws -> Void)
        async throws
    {
        let certificate = try TestCertificate(for: names)
        let folder = FileManager.default.temporaryDirectory.appending(path: "rapport-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificateFile = folder.appending(path: "certificate.pem")
        let keyFile = folder.appending(path: "key.pem")
        try Data(certificate.certificatePEM.utf8).write(to: certificateFile)
        try Data(certificate.keyPEM.utf8).write(to: keyFile)
        try await body(ServerTLS(certificateChainFile: certificateFile.path, privateKeyFile: keyFile.path))
    }

    @Test("h2 by ALPN, by name and by address", .timeLimit(.minutes(1)))
    func http2() async throws {
        try await Self.withCertificate(for: [.host("localhost"), .address([127, 0, 0, 1])]) { tls in
            try await TestServer.run {
                $0.tls = tls
            } _: { server in
                for name in ["localhost", nil] {
                    let client = try await TestClient.connect(
                        to: server.endpoint, tls: ClientTLS(trustRootsFile: tls.certificateChainFile, serverName: name))
                    #expect(try await client.fetch("GET", "/hello").text == "hello")
                    let body = ByteBuffer(repeating: 3, count: 1_000_000)
                    #expect(try await client.fetch("POST", "/stream-echo", body: body).body == body)
                    try await client.close()
                }
            }
        }
    }

    @Test("A certificate that is not trusted, or for another name, is refused", .timeLimit(.minutes(1)))
    func untrusted() async throws {
        try await Self.withCertificate(for: [.host("localhost")]) { tls in
            try await TestServer.run {
                $0.tls = tls
            } _: { server in
                await #expect(throws: (any Error).self) {
                    try await TestClient.connect(to: server.endpoint, tls: ClientTLS())
                }
                for name in ["other.example", nil] {
                    await #expect(throws: (any Error).self) {
                        try await TestClient.connect(
                            to: server.endpoint,
                            tls: ClientTLS(trustRootsFile: tls.certificateChainFile, serverName: name))
                    }
                }
                // Cleartext on a TLS port.
                let raw = try await RawClient.connect(port: server.port)
                try await raw.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                try await eventually("closed") { raw.isClosed }
                #expect(server.application.counts.began == 0)
            }
        }
    }

    @Test("A server whose key cannot be read does not start", .timeLimit(.minutes(1)))
    func missingKey() async throws {
        await #expect(throws: (any Error).self) {
            try await TestServer.run {
                $0.tls = ServerTLS(certificateChainFile: "/nonexistent/a.pem", privateKeyFile: "/nonexistent/b.pem")
            } _: { _ in
            }
        }
    }
}
