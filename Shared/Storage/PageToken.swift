internal import Crypto
internal import FoundationEssentials

/// Makes page tokens that only this suite can have made, for exactly one list of arguments (docs/domain.md §6.0,
/// AIP-158).
///
/// Replicas share the key, so a page may be asked of any of them. A token hides nothing: put only keys into it that the
/// caller has seen.
public struct PageTokenSealer: Sendable {
    private static let version: UInt8 = 1
    private static let tagLength = 32
    /// Bytes of a position; longer ones would not fit into a URL with the rest of a request.
    public static let positionLimit = 1024

    private let key: SymmetricKey

    /// - Parameter key: the configured secret, at least 32 bytes.
    public init(key: [UInt8]) throws {
        guard key.count >= 32 else {
            throw StorageError.invalid("the key of page tokens has \(key.count) bytes, at least 32 are needed")
        }
        self.key = SymmetricKey(data: key)
    }

    /// - Parameters:
    ///   - position: where the next page begins, at most `positionLimit` bytes.
    ///   - arguments: the serialised request without page token and page size.
    /// - Returns: characters that need no escaping in a URL (RFC 4648 §5, without padding).
    public func seal(_ position: [UInt8], arguments: [UInt8]) throws -> String {
        guard position.count <= Self.positionLimit else {
            throw StorageError.invalid("a page position has \(position.count) bytes, at most \(Self.positionLimit) fit")
        }
        let tag = HMAC<SHA256>.authenticationCode(for: message(position, arguments), using: key)
        return Data([Self.version] + Array(tag) + position).base64EncodedString().replacing("+", with: "-")
            .replacing("/", with: "_").replacing("=", with: "")
    }

    /// - Returns: the position that was sealed.
    /// - Throws: `StorageError.pageToken` when the token is malformed, of another key, or for other arguments.
    public func open(_ token: String, arguments: [UInt8]) throws -> [UInt8] {
        let longest = (1 + Self.tagLength + Self.positionLimit + 2) / 3 * 4
        guard token.utf8.count <= longest, !token.utf8.contains(where: { "+/=".utf8.contains($0) }) else {
            throw StorageError.pageToken
        }
        let standard = token.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard + padding), data.count > Self.tagLength,
            data.first == Self.version
        else { throw StorageError.pageToken }
        let position = Array(data.dropFirst(1 + Self.tagLength))
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                data.dropFirst().prefix(Self.tagLength), authenticating: message(position, arguments), using: key)
        else { throw StorageError.pageToken }
        return position
    }

    private func message(_ position: [UInt8], _ arguments: [UInt8]) -> [UInt8] {
        Array("rapport page token".utf8) + Array(SHA256.hash(data: arguments)) + position
    }
}
