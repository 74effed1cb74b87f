import RPC
import ServiceKit

/// Development tokens, signed with the issuer's key in the home's `keys`.
struct TokenMint: Sendable {
    private let issuer: DevelopmentIssuer

    /// Seconds. A week: long enough to play, short enough to be forgotten.
    static let defaultLifetime = 7 * 86_400
    static let lifetimes = 1...365 * 86_400

    /// Who runs the suite: nobody of the demo.
    static let operatorName = "\(Cast.organization)/people/operator"

    init(home: Home) async throws {
        issuer = try await DevelopmentIssuer(keysDirectory: home.keys)
    }

    func token(
        person: String, purpose: String = "coaching", roles: [String] = [], scopes: [String] = [],
        lifetime: Int = defaultLifetime
    ) async throws -> String {
        let now = try Instant(.now)
        return try await issuer.token(
            person: person, purpose: purpose, roles: roles, scopes: scopes, lifetime: lifetime, at: now)
    }

    /// For the people who run the suite (rapport.admin.v1).
    func operatorToken(lifetime: Int = defaultLifetime) async throws -> String {
        try await token(person: Self.operatorName, roles: ["operator"], lifetime: lifetime)
    }

    func token(for role: DemoRole, scopes: [String] = []) async throws -> String {
        try await token(
            person: role.persona.name, purpose: role.purpose, roles: [role.claim], scopes: scopes)
    }
}
