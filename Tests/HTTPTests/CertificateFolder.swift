import FoundationEssentials
import HTTP

/// A folder of certificates for one test.
struct CertificateFolder {
    private let url: URL

    /// Removed after `body`.
    static func with(_ body: (CertificateFolder) async throws -> Void) async throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "rapport-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        try await body(CertificateFolder(url: url))
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Puts the file in the place of an older one at one instant.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: url.appending(path: name), options: .atomic)
        return path(name)
    }

    /// Certificate and key in one file, so that they change together.
    @discardableResult
    func write(_ certificate: TestCertificate, to name: String) throws -> CertificateFiles {
        let file = try write(certificate.certificatePEM + certificate.keyPEM, to: name)
        return CertificateFiles(chain: file, privateKey: file)
    }

    @discardableResult
    func write(root: TestCertificate, to name: String) throws -> String {
        try write(root.certificatePEM, to: name)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(at: url.appending(path: name))
    }
}

extension [TestCertificate.Name] {
    /// Of a server that tests reach by either.
    static let local: [TestCertificate.Name] = [.host("localhost"), .address([127, 0, 0, 1])]
}
