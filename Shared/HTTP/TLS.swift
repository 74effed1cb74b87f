import NIOCore
import NIOSSL

/// A certificate and its key, PEM files of at most 1 MiB each.
public struct CertificateFiles: Sendable, Hashable {
    /// Leaf first, then intermediates.
    public var chain: String
    /// Not encrypted.
    public var privateKey: String

    /// The two files.
    public init(chain: String, privateKey: String) {
        self.chain = chain
        self.privateKey = privateKey
    }
}

/// How a server proves who it is, and whether its clients must. TLS 1.2 or later with ALPN `h2` and `http/1.1`.
public struct ServerTLS: Sendable, Hashable {
    /// Whether clients must show a certificate.
    public enum ClientCertificates: Sendable, Hashable {
        /// Anybody may connect.
        case notAsked
        /// Only clients whose certificate leads to one of the roots in this PEM file (mTLS).
        case required(rootsFile: String)
    }

    /// The server's own.
    public var certificate: CertificateFiles
    /// What clients must show.
    public var clientCertificates: ClientCertificates

    /// How often the files are looked at. When one has changed, new connections use it; open ones go on. Short beside
    /// the lifetime of any certificate, and a look costs three calls of stat.
    public var reloadInterval: TimeAmount = .seconds(10)

    /// TLS with a certificate of these files.
    public init(certificate: CertificateFiles, clientCertificates: ClientCertificates = .notAsked) {
        self.certificate = certificate
        self.clientCertificates = clientCertificates
    }

    var files: [String] {
        switch clientCertificates {
        case .notAsked: [certificate.chain, certificate.privateKey]
        case .required(let rootsFile): [certificate.chain, certificate.privateKey, rootsFile]
        }
    }

    /// - Throws: `TLSFileError`.
    func context() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try PEMFile(certificate.chain).certificates().map { .certificate($0) },
            privateKey: .privateKey(try PEMFile(certificate.privateKey).privateKey()))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        if case .required(let rootsFile) = clientCertificates {
            configuration.trustRoots = .certificates(try PEMFile(rootsFile).certificates())
            // A client is known by the names in its certificate, wherever it comes from.
            configuration.certificateVerification = .noHostnameVerification
        }
        return try configuration.context(certificate)
    }
}

/// How a client checks a server, and proves who it is. TLS 1.2 or later with ALPN `h2`.
public struct ClientTLS: Sendable, Hashable {
    /// PEM file of the roots to trust; the system's when nil.
    public var trustRootsFile: String?
    /// The name that the server's certificate must carry; when nil the endpoint's host, or `localhost` for a unix socket.
    public var serverName: String?
    /// For servers that ask for one (mTLS).
    public var certificate: CertificateFiles?
    /// False only towards this machine's own server, when nothing secret is said.
    public var checksServer = true

    /// Everything else at its default.
    public init(trustRootsFile: String? = nil, serverName: String? = nil, certificate: CertificateFiles? = nil) {
        self.trustRootsFile = trustRootsFile
        self.serverName = serverName
        self.certificate = certificate
    }

    var files: [String] {
        [trustRootsFile, certificate?.chain, certificate?.privateKey].compactMap { $0 }
    }

    /// - Throws: `TLSFileError`.
    func context() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["h2"]
        if !checksServer {
            configuration.certificateVerification = .none
        }
        if let trustRootsFile {
            configuration.trustRoots = .certificates(try PEMFile(trustRootsFile).certificates())
        }
        if let certificate {
            configuration.certificateChain = try PEMFile(certificate.chain).certificates().map { .certificate($0) }
            configuration.privateKey = .privateKey(try PEMFile(certificate.privateKey).privateKey())
        }
        return try configuration.context(certificate)
    }
}

extension TLSConfiguration {
    fileprivate func context(_ certificate: CertificateFiles?) throws -> NIOSSLContext {
        var configuration = self
        configuration.minimumTLSVersion = .tlsv12
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            guard let certificate else { throw error }
            // Each was read by itself; what is left is that they do not fit together.
            throw TLSFileError(
                file: certificate.privateKey,
                problem: "cannot be used with the certificate in \(certificate.chain): is it its key?")
        }
    }
}
