import ArgumentParser
import Protobuf
import RPC
import Schema
import ServiceKit
import Standard

/// Which services an operator asks, and with what token.
struct AdminOptions: ParsableArguments {
    @Option(help: "relationships, feedback, goals or trust-scoring; may be repeated. Default: all four.")
    var service: [ServiceProgram] = []

    @Option(help: "host:port of the service that --service names.")
    var address: String?

    @Option(
        help: "A token with the role operator. Default: RAPPORT_TOKEN, else one by the development key in .rapport.")
    var token: String?

    @Flag(help: "Print the answers as JSON, one a line, for scripts.")
    var json = false

    @OptionGroup var tls: TLSOptions

    static let programs: [ServiceProgram] = [.relationships, .feedback, .goals, .trustScoring]
    /// How long a service may take for the state of its process; checks that read everything may take longer.
    static let patience: Duration = .seconds(10)

    func validate() throws {
        guard !service.contains(.gateway) else {
            throw ValidationError("--service gateway: it keeps nothing to ask for")
        }
        guard address == nil || service.count == 1 else {
            throw ValidationError("--address needs one --service that listens there")
        }
    }

    /// Asks each service in turn.
    ///
    /// - Parameters:
    ///   - programs: those that are asked unless --service says otherwise.
    ///   - timeout: nil waits as long as it takes.
    /// - Throws: `ExitCode` 1 when one could not be asked or `ask` finds something wrong; the others are asked all the same.
    func each(
        of programs: [ServiceProgram] = AdminOptions.programs, timeout: Duration? = AdminOptions.patience,
        _ ask: (ServiceProgram, AdminServiceClient, CallOptions) async throws -> Bool
    ) async throws {
        let home = Home.standard
        let file = try DemoFile.load(from: home)
        let credentials = try tls.credentials()
        var options = CallOptions(timeout: timeout)
        options.metadata.add("authorization", "Bearer \(try await bearer(home))")
        var isWell = true
        for program in service.isEmpty ? programs : service {
            let channel = try Connection.channel(
                to: address ?? Self.address(of: program, file), credentials)
            do {
                isWell = try await ask(program, AdminServiceClient(channel), options) && isWell
            } catch let error as RPCError {
                isWell = false
                Console.complain("\(program.rawValue): \(ErrorText(error).text)")
            }
            await channel.close(grace: .zero)
        }
        guard isWell else { throw ExitCode.failure }
    }

    /// What `GetStatus` tells of each, as JSON or in words.
    func statuses(_ text: ([ServiceStatus]) -> [String]) async throws {
        var all: [ServiceStatus] = []
        var failure: (any Error)?
        do {
            try await each { _, client, options in
                all.append(try await client.getStatus(GetStatusRequest(), options: options))
                return true
            }
        } catch {
            failure = error
        }
        if json {
            for one in all { try say(one) }
        } else if !all.isEmpty {
            for line in text(all) { Console.say(line) }
        }
        if let failure { throw failure }
    }

    func say(_ message: some Message) throws {
        Console.say(
            String(
                decoding: try JSONMapping(.schema, options: .init(printsDefaults: true)).json(message), as: UTF8.self))
    }

    private func bearer(_ home: Home) async throws -> String {
        if let token { return token }
        if let token = Environment.all["RAPPORT_TOKEN"], !token.isEmpty { return token }
        guard home.hasIssuer else {
            throw Failure(
                "no token: give one with the role operator as --token or in RAPPORT_TOKEN. "
                    + "(There is no development key in \(Home.fromHere(home.keys)).)")
        }
        return try await TokenMint(home: home).operatorToken(lifetime: 600)
    }

    /// From the variable that tells the services themselves, from the suite that runs here, or the default.
    private static func address(of program: ServiceProgram, _ file: DemoFile) -> String {
        if let variable = program.addressVariable, let address = Environment.all[variable], !address.isEmpty {
            return address
        }
        return file.addresses[program.rawValue]
            ?? "127.0.0.1:\(ServiceConfiguration.defaultPorts[program.rawValue] ?? 8080)"
    }
}

extension ServiceProgram: ExpressibleByArgument {}
