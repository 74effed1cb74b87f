import NIOSSL

/// Says why a connection failed as an operator wants to read it.
enum TLSFailure {
    /// For a failed handshake the reasons by BoringSSL's names, such as CERTIFICATE_VERIFY_FAILED; it would add numbers
    /// and places in its own sources. Other errors as they are.
    static func text(_ error: any Error) -> String {
        guard case .handshakeFailed(let cause)? = error as? NIOSSLError else { return "\(error)" }
        guard case .sslError(let stack) = cause, !stack.isEmpty else { return "TLS handshake failed: \(cause)" }
        return "TLS handshake failed: " + stack.map { reason(in: $0.description) }.joined(separator: ", ")
    }

    /// From `Error: 268435581 error:1000007d:SSL routines:OPENSSL_internal:NAME at FILE:LINE`.
    static func reason(in description: String) -> String {
        guard let word = description.split(separator: " ").first(where: { $0.contains("OPENSSL_internal:") }),
            let name = word.split(separator: ":").last
        else { return description }
        return String(name)
    }
}
