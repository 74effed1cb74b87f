import FoundationEssentials
import Testing

@testable import ServiceKit

@Suite("Tokens")
struct TokenTests {
    let directory = FileManager.default.temporaryDirectory.appending(path: "rapport-keys-\(UUID())").path
    let clock = ServiceClock()
    let coach = "organizations/acme/people/coach"

    private func authenticator(isDevelopment: Bool = true) -> Authenticator {
        Authenticator(keys: Keys(directory: directory, isDevelopment: isDevelopment), clock: clock)
    }

    @Test func ofAPersonSayWhoAsks() async throws {
        let token = try await DevelopmentIssuer(keysDirectory: directory)
            .token(
                person: coach, purpose: "coaching", roles: ["programme_admin"], scopes: ["import"], lifetime: 60,
                at: clock.now)
        let caller = try await authenticator().caller("Bearer \(token)")
        #expect(
            caller
                == Caller(
                    person: coach, organization: "organizations/acme", purpose: "coaching", roles: ["programme_admin"],
                    scopes: ["import"]))
        #expect(caller.mayDate)
    }

    @Test func ofAServiceSayWhichOne() async throws {
        let identity = try await WorkloadIdentity(service: "goals", dataDirectory: directory, keysDirectory: directory)
        let caller = try await authenticator().caller("Bearer \(identity.token(at: clock.now))")
        #expect(caller == Caller(service: "goals"))
    }

    @Test func thatComeAtOnceToAServiceThatJustStartedAreAllAccepted() async throws {
        let issuer = try await DevelopmentIssuer(keysDirectory: directory)
        for _ in 0..<20 {
            let authenticator = authenticator()
            try await withThrowingTaskGroup(of: Caller.self) { group in
                for number in 0..<16 {
                    let token = try await issuer.token(
                        person: "\(coach)-\(number)", purpose: "coaching", lifetime: 60, at: clock.now)
                    group.addTask { try await authenticator.caller("Bearer \(token)") }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func expireAfterTheSkewThatClocksMayHave() async throws {
        let issuer = try await DevelopmentIssuer(keysDirectory: directory)
        let token = try await issuer.token(person: coach, purpose: "coaching", lifetime: 60, at: clock.now)
        let authenticator = authenticator()
        clock.advance(by: 119_000_000)
        _ = try await authenticator.caller("Bearer \(token)")
        clock.advance(by: 2_000_000)
        await #expect(throws: Refusal.self) { try await authenticator.caller("Bearer \(token)") }
    }

    @Test(
        "what is no good token is UNAUTHENTICATED",
        arguments: ["", "Bearer", "Basic eA==", "Bearer a.b.c", "Bearer ..", "Bearer x"])
    func refused(header: String) async throws {
        _ = try await DevelopmentIssuer(keysDirectory: directory)
        let refusal = await #expect(throws: Refusal.self) { try await authenticator().caller(header) }
        #expect(refusal?.code == .unauthenticated)
    }

    @Test func ofAnotherKeyAreRefused() async throws {
        _ = try await DevelopmentIssuer(keysDirectory: directory)
        let foreign = try await DevelopmentIssuer(keysDirectory: directory + "-foreign")
        let token = try await foreign.token(person: coach, purpose: "coaching", lifetime: 60, at: clock.now)
        await #expect(throws: Refusal.self) { try await authenticator().caller("Bearer \(token)") }
    }

    @Test func withAChangedPayloadAreRefused() async throws {
        let token = try await DevelopmentIssuer(keysDirectory: directory)
            .token(person: coach, purpose: "coaching", lifetime: 60, at: clock.now)
        var parts = token.split(separator: ".").map(String.init)
        let other = try await DevelopmentIssuer(keysDirectory: directory)
            .token(person: "organizations/acme/people/other", purpose: "coaching", lifetime: 60, at: clock.now)
        parts[1] = other.split(separator: ".").map(String.init)[1]
        await #expect(throws: Refusal.self) {
            try await authenticator().caller("Bearer \(parts.joined(separator: "."))")
        }
    }

    @Test func aServicesKeySignsForNobodyElse() async throws {
        // The key file of goals, published under the name of feedback as well: its tokens still say goals.
        let identity = try await WorkloadIdentity(service: "goals", dataDirectory: directory, keysDirectory: directory)
        let token = try await identity.token(at: clock.now)
        let files = FileManager.default
        try files.moveItem(atPath: "\(directory)/service-goals.pem", toPath: "\(directory)/service-feedback.pem")
        await #expect(throws: Refusal.self) { try await authenticator().caller("Bearer \(token)") }
    }

    @Test func privateKeysAreForTheirOwnerAlone() async throws {
        _ = try await DevelopmentIssuer(keysDirectory: directory)
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(directory)/issuer-development.key")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func ofTheDevelopmentIssuerAreNothingInProduction() async throws {
        let token = try await DevelopmentIssuer(keysDirectory: directory)
            .token(person: coach, purpose: "coaching", lifetime: 60, at: clock.now)
        await #expect(throws: Refusal.self) { try await authenticator(isDevelopment: false).caller("Bearer \(token)") }
    }

    @Test func aSecondStartReadsTheSameKey() async throws {
        let first = try await DevelopmentIssuer(keysDirectory: directory)
        let token = try await first.token(person: coach, purpose: "coaching", lifetime: 60, at: clock.now)
        _ = try await DevelopmentIssuer(keysDirectory: directory)
        _ = try await authenticator().caller("Bearer \(token)")
    }
}
