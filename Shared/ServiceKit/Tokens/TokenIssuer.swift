import FoundationEssentials
import JWTKit
import Synchronization

/// Makes the tokens that a service shows to the others, signed by its own key.
public final class WorkloadIdentity: Sendable {
    /// A token's life; it is renewed at half of it.
    static let lifetime: TimeInterval = 600

    private let service: String
    private let signer: JWTKeyCollection
    private let keyID: JWKIdentifier
    private let current = Mutex<(token: String, renewal: Int64)?>(nil)

    /// The key is made at the service's first start.
    public init(service: String, dataDirectory: String, keysDirectory: String) async throws {
        self.service = service
        let name = "service-\(service)"
        let key = try Keys.privateKey(file: "\(dataDirectory)/\(name).key", publishedAs: name, in: keysDirectory)
        keyID = JWKIdentifier(string: name)
        signer = JWTKeyCollection()
        await signer.add(eddsa: key, kid: keyID)
    }

    /// A token that is valid for at least five minutes more.
    public func token(at now: Instant) async throws -> String {
        if let current = current.withLock({ $0 }), current.renewal > now.microseconds { return current.token }
        let issued = Date(timeIntervalSince1970: TimeInterval(now.microseconds) / 1e6)
        let claims = Claims(
            sub: SubjectClaim(value: "service:\(service)"), iss: IssuerClaim(value: "rapport-service"),
            aud: AudienceClaim(value: [Claims.audience]),
            exp: ExpirationClaim(value: issued + WorkloadIdentity.lifetime))
        let token = try await signer.sign(claims, kid: keyID)
        let renewal = now.microseconds + Int64(WorkloadIdentity.lifetime / 2 * 1e6)
        current.withLock { $0 = (token, renewal) }
        return token
    }
}

/// Issues people's tokens where no identity provider is at hand: development, the demo, tests.
public struct DevelopmentIssuer: Sendable {
    static let keyID = "issuer-development"

    private let signer = JWTKeyCollection()

    /// - Parameter keysDirectory: holds the private key (`issuer-development.key`), made at first use, and the public one.
    public init(keysDirectory: String) async throws {
        try FileManager.default.createDirectory(atPath: keysDirectory, withIntermediateDirectories: true)
        let key = try Keys.privateKey(
            file: "\(keysDirectory)/\(Self.keyID).key", publishedAs: Self.keyID, in: keysDirectory)
        await signer.add(eddsa: key, kid: JWKIdentifier(string: Self.keyID))
    }

    /// - Parameters:
    ///   - person: the resource name; its organisation becomes the token's.
    ///   - purpose: coaching, programme_admin, privacy or audit.
    ///   - lifetime: in seconds.
    public func token(
        person: String, purpose: String, roles: [String] = [], scopes: [String] = [], lifetime: Int, at now: Instant
    ) async throws -> String {
        let name = try ResourceName(person, "organizations", "people")
        let issued = Date(timeIntervalSince1970: TimeInterval(now.microseconds) / 1e6)
        let claims = Claims(
            sub: SubjectClaim(value: person), iss: IssuerClaim(value: "rapport-development"),
            aud: AudienceClaim(value: [Claims.audience]), exp: ExpirationClaim(value: issued + TimeInterval(lifetime)),
            org: name.organization, purpose: purpose, roles: roles,
            scope: scopes.isEmpty ? nil : scopes.joined(separator: " "))
        return try await signer.sign(claims, kid: JWKIdentifier(string: Self.keyID))
    }
}
