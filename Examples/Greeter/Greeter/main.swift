import HTTP
import Logging
import NIOPosix
import RPC

struct Greeter: GreeterServiceHandlers {
    func greet(_ request: GreetRequest, _ context: ServerContext) async throws -> GreetResponse {
        guard !request.name.isEmpty else { throw RPCError(.invalidArgument, "who is to be greeted?") }
        return GreetResponse(text: "Hello, \(request.name)!")
    }

    func greetAll(
        _ requests: RequestStream<GreetRequest>, _ context: ServerContext, _ responses: ResponseWriter<GreetResponse>
    ) async throws {
        for try await request in requests { try await responses.write(try await greet(request, context)) }
    }
}

let group = MultiThreadedEventLoopGroup.singleton
let logger = Logger(label: "greeter")

let server = HTTPServer(
    configuration: HTTPConfiguration(bind: .tcp(host: "127.0.0.1", port: 0)),
    application: RPCServer(methods: Greeter().greeterServiceMethods, group: group, logger: logger), group: group,
    logger: logger)
let port = try await server.start().port ?? 0

let channel = try Channel(target: "ipv4:127.0.0.1:\(port)", group: group, logger: logger)
let client = GreeterServiceClient(channel)
print(try await client.greet(GreetRequest(name: "Rapport"), options: CallOptions(timeout: .seconds(5))).text)

let call = try await client.greetAll()
for name in ["coach", "coachee"] { try await call.requests.write(GreetRequest(name: name)) }
call.requests.finish()
for try await response in call.responses { print(response.text) }

// The same with limits, through a relay (Careful.swift).
let relay = carefulServer(Relay(next: client), group: group, logger: logger)
let relayPort = try await relay.start().port ?? 0
let careful = try carefulChannel(to: "ipv4:127.0.0.1:\(relayPort)", group: group, logger: logger)
print(try await GreeterServiceClient(careful).greet(copied(GreetRequest(name: "everybody"))).text)

await careful.close()
await relay.drain(grace: .seconds(5))
await channel.close()
await server.drain(grace: .seconds(5))
