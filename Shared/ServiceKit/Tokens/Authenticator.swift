import FoundationEssentials
import JWTKit
import RPC
import Synchronization

/// Verifies the tokens of each call, wherever it came through, and says who asks.
///
/// A verification costs about 150 µs, so verified tokens are remembered by their bytes until they expire.
public struct Authenticator: ServerInterceptor {
    /// Remembered tokens; past it the memory starts anew.
    static let cacheLimit = 10_000
    /// What our keys sign with. The header must say so: what a token claims of its algorithm is never acted upon
    /// (RFC 8725 §3.1).
    static let algorithm = "EdDSA"
    /// Longer tokens are refused unread.
    static let tokenLimit = 8 * 1024

    private final class Cache: Sendable {
        let callers = Mutex<[String: (caller: Caller, expiry: Int64)]>([:])
    }

    private let keys: Keys
    private let clock: ServiceClock
    private let cache = Cache()

    public init(keys: Keys, clock: ServiceClock) {
        self.keys = keys
        self.clock = clock
    }

    /// With the public keys of the configured directory.
    public init(_ configuration: ServiceConfiguration, clock: ServiceClock) {
        self.init(
            keys: Keys(directory: configuration.keysDirectory, isDevelopment: configuration.isDevelopment),
            clock: clock)
    }

    /// gRPC's own services, health and reflection, need no token; all else is refused without one before it is read.
    public func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
        if let header = context.metadata["authorization"] {
            context[Caller.self] = try await caller(header)
        } else if !context.method.hasPrefix("grpc.") {
            throw Refusal.unauthenticated
        }
        try await next()
    }

    /// - Throws: `Refusal` UNAUTHENTICATED, TOKEN_INVALID.
    func caller(_ header: String) async throws -> Caller {
        guard header.utf8.count <= Authenticator.tokenLimit, let space = header.firstIndex(of: " "),
            header[..<space].lowercased() == "bearer"
        else { throw Authenticator.invalid("it is no bearer token") }
        let token = String(header[header.index(after: space)...])
        let now = clock.now
        if let known = cache.callers.withLock({ $0[token] }), known.expiry > now.microseconds { return known.caller }
        let (caller, expiry) = try await verify(token, at: now)
        cache.callers.withLock { callers in
            if callers.count >= Authenticator.cacheLimit { callers.removeAll(keepingCapacity: true) }
            callers[token] = (caller, expiry)
        }
        return caller
    }

    private func verify(_ token: String, at now: Instant) async throws -> (Caller, expiry: Int64) {
        guard let keyID = Authenticator.keyID(of: token), let owner = await keys.owner(of: keyID, at: now) else {
            throw Authenticator.invalid("its key or algorithm is unknown")
        }
        let claims: Claims
        do {
            claims = try await keys.collection.verify(token, as: Claims.self)
        } catch {
            throw Authenticator.invalid("its signature or audience is wrong")
        }
        guard claims.isValid(at: now) else { throw Authenticator.invalid("it has expired or is not valid yet") }
        let expiry = Int64((claims.exp.value.timeIntervalSince1970 + Claims.skew) * 1e6)
        switch owner {
        case .service(let name):
            guard claims.sub.value == "service:\(name)" else {
                throw Authenticator.invalid("its subject is not its key's owner")
            }
            return (Caller(service: name), expiry)
        case .issuer:
            guard let organization = claims.org, (try? ResourceName(organization, "organizations")) != nil,
                let person = try? ResourceName(claims.sub.value, "organizations", "people"),
                person.organization == organization
            else { throw Authenticator.invalid("its subject is no person of its organisation") }
            let caller = Caller(
                person: person.text, organization: organization, purpose: claims.purpose ?? "",
                roles: Set(claims.roles ?? []), scopes: Set((claims.scope ?? "").split(separator: " ").map(String.init))
            )
            return (caller, expiry)
        }
    }

    /// The `kid` of a JWS header (RFC 7515 §4.1.4); nil when it names another algorithm than ours.
    private static func keyID(of token: String) -> String? {
        struct Header: Decodable {
            var alg: String
            var kid: String?
        }
        guard let part = token.split(separator: ".").first else { return nil }
        var base64 = part.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let json = Data(base64Encoded: String(base64)) else { return nil }
        guard let header = try? JSONDecoder().decode(Header.self, from: json), header.alg == Authenticator.algorithm
        else { return nil }
        return header.kid
    }

    private static func invalid(_ cause: String) -> Refusal {
        Refusal(.unauthenticated, "TOKEN_INVALID", "the token is not accepted: \(cause)")
    }
}
