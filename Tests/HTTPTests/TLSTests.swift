import HTTP
import NIOCore
import Testing

@testable import HTTPTesting

@Suite("TLS and ALPN (RFC 9113 §3.2)")
struct TLSTests {
    @Test("h2 by ALPN, by name and by address", .timeLimit(.minutes(1)))
    func http2() async throws {
        try await CertificateFolder.with { folder in
            let tls = ServerTLS(certificate: try folder.write(TestCertificate(for: .local), to: "server"))
            try await TestServer.run {
                $0.tls = tls
            } _: { server in
                for name in ["localhost", nil] {
                    let client = try await TestClient.connect(
                        to: server.endpoint, tls: ClientTLS(trustRootsFile: tls.certificate.chain, serverName: name))
                    #expect(try await client.fetch("GET", "/hello").text == "hello")
                    let body = ByteBuffer(repeating: 3, count: 1_000_000)
                    #expect(try await client.fetch("POST", "/stream-echo", body: body).body == body)
                    #expect(try await client.fetch("GET", "/who").text == "- [] []")
                    try await client.close()
                }
            }
        }
    }

    @Test("Over a unix socket the server's name is localhost", .timeLimit(.minutes(1)))
    func unixSocket() async throws {
        try await CertificateFolder.with { folder in
            let tls = ServerTLS(certificate: try folder.write(TestCertificate(for: [.host("localhost")]), to: "server"))
            try await TestServer.run {
                $0.tls = tls
                $0.bind = .unix(path: folder.path("socket"))
            } _: { server in
                let client = try await TestClient.connect(
                    to: server.endpoint, tls: ClientTLS(trustRootsFile: tls.certificate.chain))
                #expect(try await client.fetch("GET", "/hello").text == "hello")
                try await client.close()
            }
        }
    }

    @Test("A certificate that is not trusted, or for another name, is refused", .timeLimit(.minutes(1)))
    func untrusted() async throws {
        try await CertificateFolder.with { folder in
            let tls = ServerTLS(certificate: try folder.write(TestCertificate(for: [.host("localhost")]), to: "server"))
            try await TestServer.run {
                $0.tls = tls
            } _: { server in
                let untrusted = await #expect(throws: HTTP2ConnectionError.self) {
                    try await TestClient.connect(to: server.endpoint, tls: ClientTLS())
                }
                #expect(untrusted?.description == "TLS handshake failed: CERTIFICATE_VERIFY_FAILED")
                for name in ["other.example", nil] {
                    await #expect(throws: (any Error).self) {
                        try await TestClient.connect(
                            to: server.endpoint,
                            tls: ClientTLS(trustRootsFile: tls.certificate.chain, serverName: name))
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

    @Test("A client that asks its own machine may leave the server unchecked", .timeLimit(.minutes(1)))
    func unchecked() async throws {
        try await CertificateFolder.with { folder in
            let certificate = try folder.write(TestCertificate(for: [.host("other.example")]), to: "server")
            try await TestServer.run {
                $0.tls = ServerTLS(certificate: certificate)
            } _: { server in
                var tls = ClientTLS()
                tls.checksServer = false
                let client = try await TestClient.connect(to: server.endpoint, tls: tls)
                #expect(try await client.fetch("GET", "/hello").text == "hello")
                try await client.close()
            }
        }
    }

    @Test("A file that cannot be used is named, and the server does not start", .timeLimit(.minutes(1)))
    func badFiles() async throws {
        try await CertificateFolder.with { folder in
            let good = try folder.write(TestCertificate(for: .local), to: "good")
            let other = try folder.write(TestCertificate(for: .local), to: "other")
            let garbage = try folder.write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", to: "bad")
            let large = try folder.write(String(repeating: "a", count: (1 << 20) + 1), to: "large")
            let missing = folder.path("missing")
            let cases: [(chain: String, key: String, roots: String?, error: String)] = [
                (missing, good.privateKey, nil, "\(missing): No such file or directory"),
                (garbage, good.privateKey, nil, "\(garbage): holds no certificate in PEM, or a damaged one"),
                (large, good.privateKey, nil, "\(large): is larger than 1 MiB"),
                (good.chain, missing, nil, "\(missing): No such file or directory"),
                (good.chain, garbage, nil, "\(garbage): holds no private key in PEM, or an encrypted or damaged one"),
                (
                    good.chain, other.privateKey, nil,
                    "\(other.privateKey): cannot be used with the certificate in \(good.chain): is it its key?"
                ),
                (good.chain, good.privateKey, missing, "\(missing): No such file or directory"),
                (good.chain, good.privateKey, garbage, "\(garbage): holds no certificate in PEM, or a damaged one"),
            ]
            for bad in cases {
                let certificate = CertificateFiles(chain: bad.chain, privateKey: bad.key)
                let server = await #expect(throws: TLSFileError.self) {
                    try await TestServer.run {
                        $0.tls = ServerTLS(
                            certificate: certificate,
                            clientCertificates: bad.roots.map { .required(rootsFile: $0) } ?? .notAsked)
                    } _: { _ in
                    }
                }
                #expect(server?.description == bad.error)
                let client = #expect(throws: TLSFileError.self) {
                    try ClientCredentials(
                        ClientTLS(trustRootsFile: bad.roots ?? good.chain, certificate: certificate),
                        logger: TestClient.silent)
                }
                #expect(client?.description == bad.error)
            }
        }
    }
}
