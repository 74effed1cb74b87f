import Crypto
import FoundationEssentials

/// A certificate (RFC 5280) with a new key, so that no key lies in the repository. It signs itself unless it has an issuer.
struct TestCertificate {
    enum Name {
        case host(String)
        case address([UInt8])
        case uri(String)
    }

    let certificatePEM: String
    let keyPEM: String
    private let key = P256.Signing.PrivateKey()
    private let subject: [UInt8]

    /// What signs the certificates of others.
    static func authority() throws -> TestCertificate {
        try TestCertificate(for: [], commonName: "authority \(UInt64.random(in: 0 ... .max))", isAuthority: true)
    }

    init(
        for names: [Name], commonName: String = "test", issuer: TestCertificate? = nil, isAuthority: Bool = false
    ) throws {
        keyPEM = key.pemRepresentation
        let ecdsaWithSHA256 = Self.sequence(Self.der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
        let name = Self.sequence(Self.der(0x06, [0x55, 0x04, 0x03]), Self.der(0x0c, Array(commonName.utf8)))
        let organization = Self.sequence(Self.der(0x06, [0x55, 0x04, 0x0a]), Self.der(0x0c, Array("Rapport".utf8)))
        subject = Self.sequence(Self.der(0x31, organization), Self.der(0x31, name))
        let validity = Self.sequence(
            Self.der(0x18, Array("20200101000000Z".utf8)), Self.der(0x18, Array("21200101000000Z".utf8)))
        let alternatives = names.flatMap { name in
            switch name {
            case .host(let host): Self.der(0x82, Array(host.utf8))
            case .address(let bytes): Self.der(0x87, bytes)
            case .uri(let uri): Self.der(0x86, Array(uri.utf8))
            }
        }
        let alternativeName = Self.sequence(
            Self.der(0x06, [0x55, 0x1d, 0x11]), Self.der(0x04, Self.sequence(alternatives)))
        let authority = Self.sequence(
            Self.der(0x06, [0x55, 0x1d, 0x13]), Self.der(0x01, [0xff]),
            Self.der(0x04, Self.sequence(Self.der(0x01, [0xff]))))
        let extensions = (names.isEmpty ? [] : alternativeName) + (isAuthority ? authority : [])
        let body = Self.sequence(
            Self.der(0xa0, Self.der(0x02, [2])), Self.der(0x02, [1]), ecdsaWithSHA256, issuer?.subject ?? subject,
            validity, subject, Array(key.publicKey.derRepresentation),
            extensions.isEmpty ? [] : Self.der(0xa3, Self.sequence(extensions)))
        let signature = try (issuer?.key ?? key).signature(for: body).derRepresentation
        let certificate = Self.sequence(body, ecdsaWithSHA256, Self.der(0x03, [0] + signature))
        let base64 = Data(certificate).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        certificatePEM = "-----BEGIN CERTIFICATE-----\n\(base64)\n-----END CERTIFICATE-----\n"
    }

    private static func sequence(_ parts: [UInt8]...) -> [UInt8] {
        der(0x30, parts.flatMap { $0 })
    }

    /// One DER element.
    private static func der(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        switch content.count {
        case ..<128: [tag, UInt8(content.count)] + content
        case ..<256: [tag, 0x81, UInt8(content.count)] + content
        default: [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xff)] + content
        }
    }
}
