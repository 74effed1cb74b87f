import Logging
import NIOSSL
import Testing

@testable import HTTP

@Suite("Clients with certificates (mTLS)")
struct MutualTLSTests {
    /// Whether the server answers a client that connects so. It may refuse after the handshake (RFC 8446 §4.4.2).
    private static func isServed(_ endpoint: Endpoint, _ tls: ClientTLS) async -> Bool {
        guard let client = try? await TestClient.connect(to: endpoint, tls: tls) else { return false }
        let answer = try? await client.fetch("GET", "/hello")
        try? await client.close()
        return answer?.text == "hello"
    }

    @Test("A good client is served, one without or with a foreign certificate is not", .timeLimit(.minutes(1)))
    func required() async throws {
        try await CertificateFolder.with { folder in
            let authority = try TestCertificate.authority()
            let roots = try folder.write(root: authority, to: "roots")
            let server = try folder.write(TestCertificate(for: .local, issuer: authority), to: "server")
            let good = try folder.write(TestCertificate(for: [.host("goals")], issuer: authority), to: "good")
            let foreign = try folder.write(
                TestCertificate(for: [.host("goals")], issuer: TestCertificate.authority()), to: "foreign")
            let selfMade = try folder.write(TestCertificate(for: [.host("goals")]), to: "self-made")
            try await TestServer.run(logLevel: .debug) {
                $0.tls = ServerTLS(certificate: server, clientCertificates: .required(rootsFile: roots))
            } _: { server in
                let bad: [CertificateFiles?] = [nil, foreign, selfMade]
                for certificate in bad {
                    let tls = ClientTLS(trustRootsFile: roots, certificate: certificate)
                    #expect(await !Self.isServed(server.endpoint, tls))
                    #expect(
                        await Self.isServed(server.endpoint, ClientTLS(trustRootsFile: roots, certificate: good)))
                }
                #expect(server.application.counts.began == bad.count)
                try await eventually("a line for each refusal") { server.log.all.count >= bad.count }
                #expect(
                    server.log.all.map { $0.prefix { $0 != "1" } } == [
                        "TLS handshake failed: PEER_DID_NOT_RETURN_A_CERTIFICATE ",
                        "TLS handshake failed: CERTIFICATE_VERIFY_FAILED ",
                        "TLS handshake failed: CERTIFICATE_VERIFY_FAILED ",
                    ])
            }
        }
    }

    @Test("The handler sees who the client is", .timeLimit(.minutes(1)))
    func identity() async throws {
        try await CertificateFolder.with { folder in
            let authority = try TestCertificate.authority()
            let roots = try folder.write(root: authority, to: "roots")
            let server = try folder.write(TestCertificate(for: .local, issuer: authority), to: "server")
            let names: [TestCertificate.Name] = [
                .uri("spiffe://rapport/goals"), .host("goals"), .host("goals.internal"), .address([10, 0, 0, 1]),
                .host("go\0als"), .uri("spiffe://rapport/go als"),
            ]
            let identity = try TestCertificate(for: names, commonName: "Ziele für Alle", issuer: authority)
            let shown = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8)).first?.toDERBytes()
            let client = try folder.write(identity, to: "client")
            try await TestServer.run {
                $0.tls = ServerTLS(certificate: server, clientCertificates: .required(rootsFile: roots))
            } _: { server in
                let client = try await TestClient.connect(
                    to: server.endpoint, tls: ClientTLS(trustRootsFile: roots, certificate: client))
                // Names with a NUL or a blank are left out.
                let seen = #"Ziele für Alle ["goals", "goals.internal"] ["spiffe://rapport/goals"]"#
                for _ in 0..<2 { #expect(try await client.fetch("GET", "/who").text == seen) }
                let number = try #require(server.server.connections(from: 0, limit: 1).page.first?.number)
                let tls = await server.server.statistics(ofConnection: number)?.tls
                #expect(tls?.version == "TLSv1.3")
                #expect(tls?.remoteCertificate == shown)
                try await client.close()
            }
        }
    }

    @Test("A common name is read from damaged bytes without a crash")
    func damagedNames() throws {
        let certificate = try TestCertificate(for: .local, commonName: "one").certificatePEM
        let bytes = try #require(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).first).toDERBytes()
        #expect(DER.commonName(ofCertificate: bytes) == "one")
        for length in 0..<bytes.count {
            #expect(DER.commonName(ofCertificate: Array(bytes[..<length])) == nil)
        }
        for index in bytes.indices {
            for byte: UInt8 in [0, 1, 0x1f, 0x30, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xff] {
                var damaged = bytes
                damaged[index] = byte
                #expect((DER.commonName(ofCertificate: damaged)?.utf8.count ?? 0) < 256)
            }
        }
    }
}
