import Crypto
import FoundationEssentials

/// A self-signed certificate (RFC 5280) with a new key, so that no key lies in the repository.
struct TestCertificate {
    enum Name {
        case host(String)
        case address([UInt8])
    }

    let certificatePEM: String
    let keyPEM: String

    init(for names: [Name]) throws {
        let key = P256.Signing.PrivateKey()
        keyPEM = key.pemRepresentation
        let ecdsaWithSHA256 = Self.sequence(Self.der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))
        let commonName = Self.sequence(Self.der(0x06, [0x55, 0x04, 0x03]), Self.der(0x0c, Array("test".utf8)))
        let subject = Self.sequence(Self.der(0x31, commonName))
        let validity = Self.sequence(
            Self.der(0x18, Array("20200101000000Z".utf8)), Self.der(0x18, Array("21200101000000Z".utf8)))
        let alternatives = names.flatMap { name in
            switch name {
            case .host(let host): Self.der(0x82, Array(host.utf8))
            case .address(let bytes): Self.der(0x87, bytes)
            }
        }
        let alternativeName = Self.sequence(
            Self.der(0x06, [0x55, 0x1d, 0x11]), Self.der(0x04, Self.sequence(alternatives)))
        let body = Self.sequence(
            Self.der(0xa0, Self.der(0x02, [2])), Self.der(0x02, [1]), ecdsaWithSHA256, subject, validity, subject,
            Array(key.publicKey.derRepresentation), Self.der(0xa3, Self.sequence(alternativeName)))
        let signature = try key.signature(for: body).derRepresentation
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
