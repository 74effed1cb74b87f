import HTTP
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// The two grounds that the same tests stand on: exchanges in memory, and HTTP/2 over real sockets.
enum Depth: CaseIterable {
    case inMemory, socket

    /// Serves `methods`, runs `body` with a channel to them, and takes both down again.
    func serve(
        _ methods: [Method], interceptors: [any ServerInterceptor] = [], options: ServerOptions = ServerOptions(),
        client: RPC.Channel.Options = RPC.Channel.Options(),
        passthrough: RawHandler? = nil, _ body: (RPC.Channel) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = RPCServer(
            methods: methods, interceptors: interceptors, options: options, passthrough: passthrough, group: group,
            logger: .silent)
        switch self {
        case .inMemory:
            let channel = RPC.Channel(
                Target([.unix(path: "in-memory")], isTLS: false), client, group: group, logger: .silent,
                connector: InMemoryConnection.connector(server))
            try await body(channel)
            await channel.close()
        case .socket:
            let listener = HTTPServer(
                configuration: HTTPConfiguration(), application: server, group: group, logger: .silent)
            let address = try await listener.start()
            let channel = RPC.Channel(
                .tcp(host: "127.0.0.1", port: address.port ?? 0), options: client, group: group, logger: .silent)
            try await body(channel)
            await channel.close()
            await listener.drain(grace: .seconds(5))
        }
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// The error that a call fails with; nil, and a recorded issue, when it does not.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> RPCError? {
    do {
        try await body()
        Issue.record("the call did not fail", sourceLocation: sourceLocation)
        return nil
    } catch let error as RPCError {
        return error
    } catch {
        Issue.record("\(error) is no RPCError", sourceLocation: sourceLocation)
        return nil
    }
}
