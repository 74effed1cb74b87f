import ArgumentParser
import ServiceKit

/// Makes a development token.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a token for a person, signed with the development key in .rapport/keys.",
        discussion: """
            For development and tests; in production people's tokens come from the identity provider.

            Examples:
              rapport token --role coachee
              rapport token --person organizations/demo/people/jonas --role coach --scope import
              RAPPORT_TOKEN=$(rapport token --operator) rapport admin status
              curl -H "Authorization: Bearer $(rapport token --role coach)" 127.0.0.1:8080/v1/views/coach
            """)

    @Option(help: "organizations/{organization}/people/{person}. Default: the demo's person of the role.")
    var person: String?

    @Option(help: "coachee, coach, manager, programme-admin or hr-lead; may be repeated.")
    var role: [DemoRole] = []

    @Option(help: "coaching, programme_admin, privacy or audit. Default: the first role's.")
    var purpose: String?

    @Option(help: "For example import, which allows dated facts; may be repeated.")
    var scope: [String] = []

    @Flag(help: "Add the role operator, which `rapport admin` needs; without --person for nobody of the demo.")
    var `operator` = false

    @Option(help: "Seconds until it expires, 1 to 31536000.")
    var lifetime = TokenMint.defaultLifetime

    func validate() throws {
        guard person != nil || !role.isEmpty || `operator` else {
            throw ValidationError("--person, --role or --operator is needed")
        }
        guard TokenMint.lifetimes.contains(lifetime) else {
            throw ValidationError("--lifetime \(lifetime): 1 to \(TokenMint.lifetimes.upperBound) is needed")
        }
        if let person, (try? ResourceName(person, "organizations", "people")) == nil {
            throw ValidationError("--person \(person): organizations/{organization}/people/{person} is needed")
        }
    }

    func run() async throws {
        let home = Home.standard
        try home.create()
        let mint = try await TokenMint(home: home)
        let token = try await mint.token(
            person: person ?? role.first?.persona.name ?? TokenMint.operatorName,
            purpose: purpose ?? role.first?.purpose ?? "coaching",
            roles: role.map(\.claim) + (`operator` ? ["operator"] : []), scopes: scope, lifetime: lifetime)
        Console.say(token)
    }
}

extension DemoRole: ExpressibleByArgument {}
