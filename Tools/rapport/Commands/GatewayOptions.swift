import ArgumentParser
import RPC
import Standard

/// Where to call and as whom: shared by the commands that ask the gateway.
struct GatewayOptions: ParsableArguments {
    @Option(help: "host:port of the gateway or a service. Default: the gateway in demo.json, else 127.0.0.1:8080.")
    var address: String?

    @Option(help: "A bearer token.")
    var token: String?

    @Option(
        name: .customLong("as"),
        help: "The demo's coachee, coach, manager, programme-admin or hr-lead, or one of its people such as leo.")
    var actor: DemoActor?

    @Option(help: "How long to wait for the answer, for example 2s or 500ms, at most 3600s.")
    var deadline: Deadline = Deadline(duration: .seconds(5))

    @OptionGroup var tls: TLSOptions

    func validate() throws {
        guard token == nil || actor == nil else { throw ValidationError("--token and --as exclude each other") }
    }

    func channel(_ file: DemoFile) throws -> RPC.Channel {
        try Connection.channel(
            to: address ?? file.addresses[ServiceProgram.gateway.rawValue] ?? "127.0.0.1:8080", tls.credentials())
    }

    func callOptions(_ home: Home) async throws -> CallOptions {
        var options = CallOptions(timeout: deadline.duration)
        var bearer = token
        if let actor { bearer = try await actor.token(TokenMint(home: home)) }
        if let bearer { options.metadata.add("authorization", "Bearer \(bearer)") }
        return options
    }

    /// A duration such as `2s`, `1.5s` or `500ms`.
    struct Deadline: ExpressibleByArgument, CustomStringConvertible {
        let duration: Duration

        init(duration: Duration) {
            self.duration = duration
        }

        init?(argument: String) {
            let isMilliseconds = argument.hasSuffix("ms")
            guard argument.hasSuffix("s"), let number = Double(argument.dropLast(isMilliseconds ? 2 : 1)) else {
                return nil
            }
            let seconds = isMilliseconds ? number / 1000 : number
            guard seconds > 0, seconds <= 3600 else { return nil }
            duration = .milliseconds(Int64(seconds * 1000))
        }

        var description: String { "\(Format.fixed(duration / .seconds(1), 0))s" }
        var defaultValueDescription: String { description }
    }
}

/// As whom to call: a role, or anybody of the cast.
enum DemoActor: Hashable, Sendable, ExpressibleByArgument {
    case role(DemoRole)
    case person(Persona)

    init?(argument: String) {
        if let role = DemoRole(rawValue: argument) {
            self = .role(role)
        } else if let person = Cast.everybody.first(where: { $0.id == argument }) {
            self = .person(person)
        } else {
            return nil
        }
    }

    func token(_ mint: TokenMint) async throws -> String {
        switch self {
        case .role(let role): try await mint.token(for: role)
        case .person(let person): try await mint.token(person: person.name)
        }
    }
}

extension Moment: ExpressibleByArgument {
    init?(argument: String) {
        self.init(argument)
    }
}
