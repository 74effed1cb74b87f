import HTTP
import Protobuf

/// The custom metadata of a call: ordered pairs, a name may occur more than once (gRPC PROTOCOL-HTTP2,
/// "Custom-Metadata").
///
/// Names are lower case. A name that ends in `-bin` carries bytes, any other printable ASCII. Names that belong to the
/// protocols (`grpc-…`, `connect-…`, `te`, `content-type`, codings, connection headers) can be neither added nor seen.
public struct Metadata: Sendable {
    // Received headers are kept as they came and filtered when they are read: most calls never look.
    private var headers: Headers

    /// Nothing.
    public init() { headers = Headers() }

    /// The metadata among received header fields.
    public init(received headers: Headers) { self.headers = headers }

    /// Adds a text value. Returns false, and adds nothing, when the name is not legal or reserved, ends in `-bin`,
    /// or when the value holds anything but printable ASCII.
    @discardableResult
    public mutating func add(_ name: String, _ value: String) -> Bool {
        let name = name.lowercased()
        guard Metadata.isLegal(name), !name.hasSuffix("-bin"), value.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return false }
        headers.add(name, value)
        return true
    }

    /// Adds bytes. Returns false, and adds nothing, unless the name is legal, not reserved and ends in `-bin`.
    @discardableResult
    public mutating func add(_ name: String, bytes: [UInt8]) -> Bool {
        let name = name.lowercased()
        guard Metadata.isLegal(name), name.hasSuffix("-bin") else { return false }
        // Padding is not sent (gRPC PROTOCOL-HTTP2, "Custom-Metadata").
        headers.add(name, Base64.encode(bytes, isPadded: false))
        return true
    }

    /// Adds a value as it travels: for a `-bin` name, Base64.
    mutating func add(wire name: String, _ value: String) {
        if Metadata.isLegal(name) { headers.add(name, value) }
    }

    /// The first value of a header field, reserved ones included.
    func wire(_ name: String) -> String? { headers[first: name] }

    /// Adds all that another one holds.
    public mutating func add(_ other: Metadata) {
        for (name, value) in other { headers.add(name, value) }
    }

    /// Removes all values of a name.
    public mutating func remove(_ name: String) {
        var kept = Headers()
        for (other, value) in headers where other != name { kept.add(other, value) }
        headers = kept
    }

    /// The first text value, or nil. For a `-bin` name this is the Base64 text.
    public subscript(_ name: String) -> String? {
        Metadata.isReserved(name) ? nil : headers[first: name]
    }

    /// All text values of a name, in order.
    public func values(_ name: String) -> [String] {
        Metadata.isReserved(name) ? [] : headers.values(name)
    }

    /// All values of a `-bin` name, in order. Several may share one field, separated by commas; what is not Base64 is
    /// left out.
    public func bytes(_ name: String) -> [[UInt8]] {
        values(name).flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            .compactMap { Base64.decode($0.trimmingSpaces()) }
    }

    /// There is no pair.
    public var isEmpty: Bool { headers.isEmpty || !contains { _ in true } }

    private static func isLegal(_ name: String) -> Bool {
        !name.isEmpty && !isReserved(name) && name != "user-agent"
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    static func isReserved(_ name: String) -> Bool {
        switch name {
        case "te", "content-type", "content-length", "host", "connection", "keep-alive", "proxy-connection",
            "transfer-encoding", "upgrade", "content-encoding", "accept-encoding":
            true
        default: name.hasPrefix("grpc-") || name.hasPrefix("connect-")
        }
    }
}

extension Metadata: Sequence {
    /// Names and values as they travel; bytes are Base64.
    public func makeIterator() -> some IteratorProtocol<(name: String, value: String)> {
        headers.lazy.filter { !Metadata.isReserved($0.name) }.makeIterator()
    }
}

extension Metadata: Hashable {
    public static func == (left: Metadata, right: Metadata) -> Bool { left.elementsEqual(right, by: ==) }

    public func hash(into hasher: inout Hasher) {
        for (name, value) in self {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    /// Text values; what `add` would refuse is left out.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { add(name, value) }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
