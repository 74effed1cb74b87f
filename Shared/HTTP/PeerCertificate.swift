import NIOSSL

/// What the certificate of a peer says of it, verified against the roots that we trust. A class, so that the peer of
/// each call is copied at the price of one reference.
public final class PeerCertificate: Sendable, Hashable {
    /// Subject alternative names of type dNSName (RFC 5280 §4.2.1.6), in the certificate's order.
    public let dnsNames: [String]
    /// Those of type uniformResourceIdentifier, such as SPIFFE ids: `spiffe://trust-domain/path`.
    public let uris: [String]
    /// The subject's common name, nil when it has none. For people to read; machines are named by the others
    /// (RFC 9525 §2).
    public let commonName: String?

    /// A certificate made by hand, for tests.
    public init(dnsNames: [String] = [], uris: [String] = [], commonName: String? = nil) {
        self.dnsNames = dnsNames
        self.uris = uris
        self.commonName = commonName
    }

    /// NIOSSL hides alternative names behind an underscore, which the exact version in the package pins, and does not
    /// hand out the common name at all.
    convenience init(_ certificate: NIOSSLCertificate) {
        let names = certificate._subjectAlternativeNames()
        self.init(
            dnsNames: names.compactMap { $0.nameType == .dnsName ? Self.visible($0.contents) : nil },
            uris: names.compactMap { $0.nameType == .uri ? Self.visible($0.contents) : nil },
            commonName: (try? certificate.toDERBytes()).flatMap(DER.commonName(ofCertificate:)))
    }

    /// A name with anything else than visible ASCII is left out: a NUL, for one, has made many a program read half of it.
    private static func visible(_ bytes: some Collection<UInt8>) -> String? {
        bytes.isEmpty || bytes.contains { !(0x21...0x7e).contains($0) } ? nil : String(decoding: bytes, as: UTF8.self)
    }

    public static func == (one: PeerCertificate, other: PeerCertificate) -> Bool {
        one.dnsNames == other.dnsNames && one.uris == other.uris && one.commonName == other.commonName
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(dnsNames)
        hasher.combine(uris)
        hasher.combine(commonName)
    }
}

/// Elements of DER (X.690 §8.1) one after another.
struct DER {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// Nil at the end, or where the bytes are no DER with tags of one byte and lengths below 2^32.
    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard let tag = rest.popFirst(), tag & 0x1f != 0x1f, var length = rest.popFirst().map(Int.init) else {
            return nil
        }
        if length >= 0x80 {
            let bytes = rest.prefix(length - 0x80)
            guard (1...4).contains(length - 0x80), bytes.count == length - 0x80 else { return nil }
            length = bytes.reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(bytes.count)
        }
        guard length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return (tag, rest.prefix(length))
    }

    private static let sequence: UInt8 = 0x30
    private static let version: UInt8 = 0xa0
    private static let idAtCommonName: [UInt8] = [0x55, 0x04, 0x03]
    /// UTF8String, PrintableString, IA5String.
    private static let texts: Set<UInt8> = [0x0c, 0x13, 0x16]

    /// The last, that is the most specific common name of a certificate's subject (RFC 5280 §4.1).
    static func commonName(ofCertificate bytes: [UInt8]) -> String? {
        var outermost = DER(bytes[...])
        guard let certificate = outermost.next(), certificate.tag == sequence else { return nil }
        var parts = DER(certificate.content)
        guard let signed = parts.next(), signed.tag == sequence else { return nil }
        var fields = DER(signed.content)
        // Version (default 1), serialNumber, signature, issuer, validity, subject.
        guard let first = fields.next() else { return nil }
        for _ in 0..<(first.tag == version ? 4 : 3) {
            guard fields.next() != nil else { return nil }
        }
        guard let subject = fields.next(), subject.tag == sequence else { return nil }
        var name: String?
        var sets = DER(subject.content)
        while let set = sets.next() {
            var attributes = DER(set.content)
            while let attribute = attributes.next() {
                var pair = DER(attribute.content)
                guard let type = pair.next(), let value = pair.next() else { return nil }
                if type.content.elementsEqual(idAtCommonName), texts.contains(value.tag) {
                    name = String(validating: value.content, as: UTF8.self) ?? name
                }
            }
        }
        return name
    }
}
