import FoundationEssentials
import JWTKit

/// What a token says. People's tokens come from the identity provider, services' from themselves.
struct Claims: JWTPayload {
    /// A person's resource name, or `service:NAME`.
    var sub: SubjectClaim
    var iss: IssuerClaim
    var aud: AudienceClaim
    var exp: ExpirationClaim
    var nbf: NotBeforeClaim?
    /// `organizations/{organization}`
    var org: String?
    var purpose: String?
    var roles: [String]?
    /// Words with blanks between them (RFC 8693 §4.2).
    var scope: String?

    static let audience = "rapport"

    func verify(using algorithm: some JWTAlgorithm) async throws {
        try aud.verifyIntendedAudience(includes: Claims.audience)
    }

    /// Clocks may differ by this much (docs/domain.md §6.10).
    static let skew: TimeInterval = 60

    func isValid(at now: Instant) -> Bool {
        let now = Date(timeIntervalSince1970: TimeInterval(now.microseconds) / 1e6)
        return now < exp.value + Claims.skew && (nbf.map { now > $0.value - Claims.skew } ?? true)
    }
}
