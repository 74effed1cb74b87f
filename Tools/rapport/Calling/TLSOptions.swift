import ArgumentParser
import HTTP
import Logging

/// Whether and how to speak TLS: told by options, else by the variables that tell the services.
struct TLSOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Call over TLS, and trust the roots in this PEM file. Default: RAPPORT_TLS_ROOTS, else cleartext.",
            valueName: "file"))
    var tlsRoots: String?

    @Option(
        help: ArgumentHelp(
            "PEM file of a certificate to show to servers that require one. Default: RAPPORT_TLS_CERTIFICATE.",
            valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("PEM file of its private key. Default: RAPPORT_TLS_KEY.", valueName: "file"))
    var tlsKey: String?

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together")
        }
    }

    /// What the environment alone says.
    static var standard: TLSOptions {
        var options = TLSOptions()
        options.tlsRoots = nil
        options.tlsCertificate = nil
        options.tlsKey = nil
        return options
    }

    /// Nil for cleartext.
    ///
    /// - Throws: `Failure` for half a setting, `TLSFileError` for a file that cannot be used.
    func credentials(_ environment: [String: String] = Environment.all) throws -> ClientCredentials? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let chain = tlsCertificate ?? variable("RAPPORT_TLS_CERTIFICATE")
        let key = tlsCertificate == nil ? variable("RAPPORT_TLS_KEY") : tlsKey
        guard let roots = tlsRoots ?? variable("RAPPORT_TLS_ROOTS") else {
            guard chain == nil else {
                throw Failure("a certificate needs the roots to trust: give --tls-roots, or set RAPPORT_TLS_ROOTS")
            }
            return nil
        }
        var tls = ClientTLS(trustRootsFile: roots)
        switch (chain, key) {
        case (let chain?, let key?): tls.certificate = CertificateFiles(chain: chain, privateKey: key)
        case (nil, nil): break
        default: throw Failure("RAPPORT_TLS_CERTIFICATE and RAPPORT_TLS_KEY belong together")
        }
        return try ClientCredentials(tls, logger: Logger(label: "rapport") { _ in SwiftLogNoOpLogHandler() })
    }
}
