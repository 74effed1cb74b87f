import NIOSSL

/// Says why a connection failed as an operator wants to read it.
enum TLSFailure {
    /// For TLS the reasons by BoringSSL's names, such as CERTIFICATE_VERIFY_FAILED; it would add numbers and places in
    /// its own sources. Other errors as they are.
    static func text(_ error: any Error) -> String {
        if case .handshakeFailed(let cause)? = error as? NIOSSLError {
            return "TLS handshake failed: \(reasons(cause))"
        }
        // With TLS 1.3 also what a server says of our certificate, after our side of the handshake.
        if let error = error as? BoringSSLError { return "TLS failed: \(reasons(error))" }
        return "\(error)"
    }

    private static func reasons(_ error: BoringSSLError) -> String {
        guard case .sslError(let stack) = error, !stack.isEmpty else { return "\(error)" }
        return stack.map { reason(in: $0.description) }.joined(separator: ", ")
    }

    /// From `Error: 268435581 error:1000007d:SSL routines:OPENSSL_internal:NAME at FILE:LINE`.
    static func reason(in description: String) -> String {
        guard let word = description.split(separator: " ").first(where: { $0.contains("OPENSSL_internal:") }),
            let name = word.split(separator: ":").last
        else { return description }
        return String(name)
    }
}
