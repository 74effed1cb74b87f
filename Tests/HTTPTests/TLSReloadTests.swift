import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import HTTP

@Suite("Certificates that change while the process runs")
struct TLSReloadTests {
    private static let changed = "TLS files have changed: new connections use them - -"
    private static let unusable =
        "TLS files have changed and cannot be used: what was read before stays in force - -"

    @Test("New connections see a server's new certificate, open ones go on", .timeLimit(.minutes(1)))
    func server() async throws {
        try await CertificateFolder.with { folder in
            let (before, after) = (try TestCertificate(for: .local), try TestCertificate(for: .local))
            let files = try folder.write(before, to: "server")
            let trustsBefore = ClientTLS(trustRootsFile: try folder.write(root: before, to: "before"))
            let trustsAfter = ClientTLS(trustRootsFile: try folder.write(root: after, to: "after"))
            try await TestServer.run(logLevel: .info) {
                $0.tls = ServerTLS(certificate: files)
                $0.tls?.reloadInterval = .milliseconds(5)
            } _: { server in
                let old = try await TestClient.connect(to: server.endpoint, tls: trustsBefore)
                let stream = try await old.start("GET", "/hold")
                try folder.write(after, to: "server")
                try await eventually("the change to be seen") { server.log.all == [Self.changed] }
                let new = try await TestClient.connect(to: server.endpoint, tls: trustsAfter)
                #expect(try await new.fetch("GET", "/hello").text == "hello")
                await #expect(throws: (any Error).self) {
                    try await TestClient.connect(to: server.endpoint, tls: trustsBefore)
                }
                #expect(try await old.fetch("GET", "/hello").text == "hello")
                server.application.release { $0.answer("held") }
                #expect(try await stream.response.get().text == "held")
                try await old.close()
                try await new.close()

                // A broken file changes nothing.
                try folder.write("nothing", to: "server")
                try await eventually("the fault to be seen") { server.log.all.count == 2 }
                for _ in 0..<5 {
                    let client = try await TestClient.connect(to: server.endpoint, tls: trustsAfter)
                    #expect(try await client.fetch("GET", "/hello").text == "hello")
                    try await client.close()
                }
                try folder.remove("server")
                try await eventually("the absence to be seen") { server.log.all.count == 3 }
                try folder.write(before, to: "server")
                try await eventually("the repair to be seen") { server.log.all.count == 4 }
                #expect(server.log.all == [Self.changed, Self.unusable, Self.unusable, Self.changed])
                let back = try await TestClient.connect(to: server.endpoint, tls: trustsBefore)
                try await back.close()
            }
        }
    }

    @Test("New connections obey a server's new roots for its clients", .timeLimit(.minutes(1)))
    func clientRoots() async throws {
        try await CertificateFolder.with { folder in
            let (before, after) = (try TestCertificate.authority(), try TestCertificate.authority())
            let server = try folder.write(TestCertificate(for: .local), to: "server")
            let known = try folder.write(root: before, to: "known")
            func client(_ authority: TestCertificate, _ name: String) throws -> ClientTLS {
                ClientTLS(
                    trustRootsFile: server.chain,
                    certificate: try folder.write(TestCertificate(for: [.host(name)], issuer: authority), to: name))
            }
            let (one, two) = (try client(before, "one"), try client(after, "two"))
            try await TestServer.run(logLevel: .info) {
                $0.tls = ServerTLS(certificate: server, clientCertificates: .required(rootsFile: known))
                $0.tls?.reloadInterval = .milliseconds(5)
            } _: { server in
                let old = try await TestClient.connect(to: server.endpoint, tls: one)
                #expect(try await old.fetch("GET", "/who").text == #"test ["one"] []"#)
                try folder.write(root: after, to: "known")
                try await eventually("the change to be seen") { server.log.all == [Self.changed] }
                let new = try await TestClient.connect(to: server.endpoint, tls: two)
                #expect(try await new.fetch("GET", "/who").text == #"test ["two"] []"#)
                let refused = try? await TestClient.connect(to: server.endpoint, tls: one)
                #expect(try await refused?.fetch("GET", "/who").head == nil)
                #expect(try await old.fetch("GET", "/who").text == #"test ["one"] []"#)
                try await old.close()
                try await new.close()
            }
        }
    }

    @Test("A client's new connections show its new certificate and trust its new roots", .timeLimit(.minutes(1)))
    func client() async throws {
        try await CertificateFolder.with { folder in
            let authority = try TestCertificate.authority()
            let known = try folder.write(root: authority, to: "known")
            let serverCertificate = try TestCertificate(for: .local)
            let server = try folder.write(serverCertificate, to: "server")
            func renew(_ name: String) throws -> CertificateFiles {
                try folder.write(TestCertificate(for: [.host(name)], issuer: authority), to: "client")
            }
            let log = LogRecorder(logLevel: .info)
            let credentials = try ClientCredentials(
                ClientTLS(
                    trustRootsFile: try folder.write(root: serverCertificate, to: "roots"), certificate: renew("one")),
                logger: log.logger)
            try await TestServer.run {
                $0.tls = ServerTLS(certificate: server, clientCertificates: .required(rootsFile: known))
            } _: { server in
                let old = try await TestClient.connect(to: server.endpoint, credentials: credentials)
                #expect(try await old.fetch("GET", "/who").text == #"test ["one"] []"#)
                _ = try renew("two")
                let new = try await TestClient.connect(to: server.endpoint, credentials: credentials)
                #expect(try await new.fetch("GET", "/who").text == #"test ["two"] []"#)
                #expect(try await old.fetch("GET", "/who").text == #"test ["one"] []"#)
                #expect(log.all == [Self.changed])
                try await old.close()
                try await new.close()

                try folder.write("nothing", to: "client")
                for _ in 0..<3 {
                    let client = try await TestClient.connect(to: server.endpoint, credentials: credentials)
                    #expect(try await client.fetch("GET", "/who").text == #"test ["two"] []"#)
                    try await client.close()
                }
                #expect(log.all == [Self.changed, Self.unusable])

                _ = try renew("three")
                try folder.write(root: TestCertificate(for: .local), to: "roots")
                await #expect(throws: (any Error).self) {
                    try await TestClient.connect(to: server.endpoint, credentials: credentials)
                }
                try folder.write(root: serverCertificate, to: "roots")
                let back = try await TestClient.connect(to: server.endpoint, credentials: credentials)
                #expect(try await back.fetch("GET", "/who").text == #"test ["three"] []"#)
                try await back.close()
            }
        }
    }

    @Test("A certificate that comes before its key waits for it, and the log tells once")
    func inTwoSteps() async throws {
        try await CertificateFolder.with { folder in
            let (before, after) = (try TestCertificate(for: .local), try TestCertificate(for: .local))
            let certificate = CertificateFiles(
                chain: try folder.write(before.certificatePEM, to: "chain"),
                privateKey: try folder.write(before.keyPEM, to: "key"))
            let tls = ServerTLS(certificate: certificate)
            let log = LogRecorder(logLevel: .info)
            let tries = NIOLockedValueBox(0)
            let context = try TLSContext(files: tls.files, logger: log.logger) {
                tries.withLockedValue { $0 += 1 }
                return try tls.context()
            }
            let first = context.current
            for _ in 0..<3 { context.look() }
            #expect(context.current === first && log.all == [])
            try folder.write(after.certificatePEM, to: "chain")
            for _ in 0..<3 { context.look() }
            #expect(context.current === first && log.all == [Self.unusable])
            #expect(tries.withLockedValue { $0 } == 2, "the same files are not tried again")
            try folder.write(after.keyPEM, to: "key")
            for _ in 0..<3 { context.look() }
            #expect(context.current !== first && log.all == [Self.unusable, Self.changed])
        }
    }
}
