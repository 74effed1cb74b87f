import HTTP
import NIOCore
import Protobuf
import Standard
import Synchronization

/// grpc.channelz.v1.Channelz (gRFC A14): what a process's channels, servers and connections do. It costs whoever asks:
/// nothing is gathered before, and each event loop is asked for its own counts.
///
/// It shows the addresses of peers and the targets of channels, so it is not for everybody.
///
/// Channels join by their options and leave when they are closed or let go, servers by `add`. None is kept alive.
public final class Channelz: Sendable {
    /// Results of one answer, and what a `max_results` of 0 or more than that means.
    public static let pageLimit = 100

    private struct ChannelEntry {
        weak var channel: Channel?
    }

    private struct ServerEntry {
        let name: String
        let trace = ChannelTrace()
        let listener = SerialNumber.next()
        weak var server: RPCServer?
        weak var http: HTTPServer?
    }

    /// A server that is still there.
    struct OpenServer: Sendable {
        let number: Int64
        let name: String
        let trace: ChannelTrace
        let listener: Int64
        let server: RPCServer
        let http: HTTPServer
    }

    private struct State {
        var channels: [Int64: ChannelEntry] = [:]
        var servers: [Int64: ServerEntry] = [:]
    }

    private let state = Mutex(State())

    /// Knows nobody yet.
    public init() {}

    /// Tells of a server from now on, as long as it is there.
    /// - Parameter http: what carries it.
    public func add(_ server: RPCServer, on http: HTTPServer, named name: String) {
        let number = SerialNumber.next()
        state.withLock { state in
            state.servers = state.servers.filter { $0.value.server != nil && $0.value.http != nil }
            state.servers[number] = ServerEntry(name: name, server: server, http: http)
        }
    }

    func add(_ channel: Channel, _ number: Int64) {
        state.withLock { $0.channels[number] = ChannelEntry(channel: channel) }
    }

    func remove(channel number: Int64) {
        _ = state.withLock { $0.channels.removeValue(forKey: number) }
    }

    /// How many are known, those included that are gone and not yet forgotten.
    var entryCount: Int { state.withLock { $0.channels.count + $0.servers.count } }

    /// By their numbers.
    private var openChannels: [(number: Int64, channel: Channel)] {
        state.withLock { state in
            state.channels.compactMap { number, entry in entry.channel.map { (number, $0) } }
        }.sorted { $0.number < $1.number }
    }

    private var openServers: [OpenServer] {
        state.withLock { state in
            state.servers.compactMap { number, entry in
                guard let server = entry.server, let http = entry.http else { return nil }
                return OpenServer(
                    number: number, name: entry.name, trace: entry.trace, listener: entry.listener, server: server,
                    http: http)
            }
        }.sorted { $0.number < $1.number }
    }

    // MARK: The service

    /// - Parameter check: throws where the caller may not see this.
    public func methods(
        allowing check: @escaping @Sendable (ServerContext) throws -> Void = { _ in }
    ) -> [Method] {
        func method<Request: Message, Response: Message>(
            _ name: String, _ handler: @escaping @Sendable (Request) async throws -> Response
        ) -> Method {
            .unary(Self.service, name) { (request: Request, context) in
                try check(context)
                return try await handler(request)
            }
        }
        return [
            method("GetTopChannels", topChannels), method("GetServers", servers), method("GetServer", server),
            method("GetServerSockets", serverSockets), method("GetChannel", channel),
            method("GetSubchannel", subchannel), method("GetSocket", socket),
        ]
    }

    /// Its full name.
    public static let service = "grpc.channelz.v1.Channelz"

    /// The part of a list that was asked for.
    private static func page<Element>(
        of all: [Element], from first: Int64, limit: Int64, _ number: (Element) -> Int64
    ) throws -> (page: ArraySlice<Element>, isEnd: Bool) {
        let limit = try pageSize(from: first, limit: limit)
        let rest = all.drop { number($0) < first }
        return (rest.prefix(limit), rest.count <= limit)
    }

    private static func pageSize(from first: Int64, limit: Int64) throws -> Int {
        guard first >= 0, limit >= 0 else {
            throw RPCError(.invalidArgument, "the first number and max_results must not be negative")
        }
        return limit == 0 ? pageLimit : Int(min(limit, Int64(pageLimit)))
    }

    private static func notFound(_ what: String, _ number: Int64) -> RPCError {
        RPCError(.notFound, "there is no \(what) \(number) here")
    }

    @Sendable private func topChannels(
        _ request: ChannelzGetTopChannelsRequest
    ) async throws -> ChannelzGetTopChannelsResponse {
        let (page, isEnd) = try Self.page(
            of: openChannels, from: request.startChannelId, limit: request.maxResults, \.number)
        var answer = ChannelzGetTopChannelsResponse(end: isEnd)
        for (number, channel) in page { answer.channel.append(await channel.message(number)) }
        return answer
    }

    @Sendable private func channel(_ request: ChannelzGetChannelRequest) async throws -> ChannelzGetChannelResponse {
        guard let (number, channel) = openChannels.first(where: { $0.number == request.channelId }) else {
            throw Self.notFound("channel", request.channelId)
        }
        return ChannelzGetChannelResponse(channel: await channel.message(number))
    }

    @Sendable private func subchannel(
        _ request: ChannelzGetSubchannelRequest
    ) async throws -> ChannelzGetSubchannelResponse {
        for (_, channel) in openChannels {
            for part in await channel.parts() {
                guard let found = part.subchannels.first(where: { $0.number == request.subchannelId }) else { continue }
                return ChannelzGetSubchannelResponse(subchannel: found.message)
            }
        }
        throw Self.notFound("subchannel", request.subchannelId)
    }

    @Sendable private func servers(_ request: ChannelzGetServersRequest) async throws -> ChannelzGetServersResponse {
        let (page, isEnd) = try Self.page(
            of: openServers, from: request.startServerId, limit: request.maxResults, \.number)
        var answer = ChannelzGetServersResponse(end: isEnd)
        for server in page { answer.server.append(await server.message()) }
        return answer
    }

    @Sendable private func server(_ request: ChannelzGetServerRequest) async throws -> ChannelzGetServerResponse {
        guard let server = openServers.first(where: { $0.number == request.serverId }) else {
            throw Self.notFound("server", request.serverId)
        }
        return ChannelzGetServerResponse(server: await server.message())
    }

    @Sendable private func serverSockets(
        _ request: ChannelzGetServerSocketsRequest
    ) async throws -> ChannelzGetServerSocketsResponse {
        guard let server = openServers.first(where: { $0.number == request.serverId }) else {
            throw Self.notFound("server", request.serverId)
        }
        let limit = try Self.pageSize(from: request.startSocketId, limit: request.maxResults)
        let (page, isEnd) = server.http.connections(from: request.startSocketId, limit: limit)
        return ChannelzGetServerSocketsResponse(
            socketRef: page.map { ChannelzSocketRef(socketId: $0.number, name: $0.peer) }, end: isEnd)
    }

    @Sendable private func socket(_ request: ChannelzGetSocketRequest) async throws -> ChannelzGetSocketResponse {
        let number = request.socketId
        for server in openServers {
            if number == server.listener, let address = server.http.address {
                return ChannelzGetSocketResponse(
                    socket: ChannelzSocket(ref: server.listenerReference(address), local: ChannelzAddress(address)))
            }
            if let statistics = await server.http.statistics(ofConnection: number) {
                return ChannelzGetSocketResponse(socket: ChannelzSocket(number, statistics, isServer: true))
            }
        }
        for (_, channel) in openChannels {
            if let (name, statistics) = await channel.connection(number) {
                return ChannelzGetSocketResponse(
                    socket: ChannelzSocket(number, statistics, isServer: false, remoteName: name))
            }
        }
        throw Self.notFound("socket", number)
    }
}
