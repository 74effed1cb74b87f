import ArgumentParser
import FoundationEssentials
import Glibc
import RPC

/// Any call by reflection, JSON in and out.
struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make any call that the server's reflection knows, with JSON in and out.",
        discussion: """
            The message is JSON text, - for standard input or @file; {} when left out. A stream of answers is printed \
            one JSON a line; a stream of requests is read one JSON a line. A failed call prints its status, reason and \
            field violations, and ends with code 1.

            Examples:
              rapport call --list
              rapport call --list rapport.trust.v1.TrustService
              rapport call rapport.relationships.v1.RelationshipsService/ListRelationships \
            '{"parent": "organizations/demo"}' --as coachee
              echo '{"service": ""}' | rapport call grpc.health.v1.Health/Check - --address 127.0.0.1:8084
            """)

    @Argument(help: "package.Service/Method; with --list optionally a service.")
    var method: String?

    @Argument(help: "JSON, - or @file.")
    var message: String?

    @Flag(help: "List services, or the methods of one.")
    var list = false

    @Option(help: "NAME:VALUE to send along; may be repeated.")
    var metadata: [String] = []

    @OptionGroup var gateway: GatewayOptions

    /// Bytes of JSON that are read; a server takes 4 MiB of message.
    static let inputLimit = 16 * 1024 * 1024

    func validate() throws {
        guard list || method?.contains("/") == true else {
            throw ValidationError("package.Service/Method is needed; `rapport call --list` shows them")
        }
        for entry in metadata where !entry.contains(":") {
            throw ValidationError("--metadata \(entry): NAME:VALUE is needed")
        }
    }

    func run() async throws {
        let home = Home.standard
        let channel = try gateway.channel(try DemoFile.load(from: home))
        var options = try await gateway.callOptions(home)
        for entry in metadata {
            let parts = entry.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = String(parts[1].drop { $0 == " " })
            guard options.metadata.add(parts[0].lowercased(), value) else {
                throw ValidationError("--metadata \(entry): this name or value cannot be sent")
            }
        }
        do {
            let reflection = ReflectionClient(channel: channel, options: options)
            if list {
                try await printList(reflection)
            } else {
                try await DynamicCall(channel: channel, options: options, reflection: reflection)
                    .run(method ?? "", input: try input()) { Console.say($0) }
            }
        } catch let error as RPCError {
            Console.complain(ErrorText(error).text)
            throw ExitCode.failure
        }
        await channel.close(grace: .zero)
    }

    private func printList(_ reflection: ReflectionClient) async throws {
        guard let method else {
            for service in try await reflection.services() { Console.say(service) }
            return
        }
        guard let service = try await reflection.pool(for: method).services[method] else {
            throw Failure("the server knows no service \(method)")
        }
        for method in service.methods {
            let request = (method.isClientStreaming ? "stream " : "") + method.inputType
            let answer = (method.isServerStreaming ? "stream " : "") + method.outputType
            Console.say("\(service.fullName)/\(method.name)(\(request)) returns (\(answer))")
        }
    }

    private func input() throws -> [UInt8] {
        guard let message else { return Array("{}".utf8) }
        if message == "-" { return try standardInput() }
        guard message.hasPrefix("@") else { return Array(message.utf8) }
        let file = String(message.dropFirst())
        guard let data = FileManager.default.contents(atPath: file) else { throw Failure("cannot read \(file)") }
        return [UInt8](data)
    }

    private func standardInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= Call.inputLimit {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
        }
        throw Failure("standard input holds more than \(Call.inputLimit) bytes")
    }
}
