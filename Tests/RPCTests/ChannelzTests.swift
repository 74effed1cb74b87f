import HTTP
import Logging
import NIOCore
import NIOPosix
import Protobuf
import Standard
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct ChannelTraceTests {
    @Test func `the newest events are kept, and all are counted`() {
        let trace = ChannelTrace()
        #expect(trace.events.count == 0 && trace.events.kept.isEmpty)
        for number in 1...ChannelTrace.limit { trace.add("\(number)") }
        #expect(trace.events.kept.map(\.text) == (1...30).map { "\($0)" })
        for number in 31...47 { trace.add("\(number)") }
        #expect(trace.events.count == 47)
        #expect(trace.events.kept.map(\.text) == (18...47).map { "\($0)" }, "the oldest first")
        trace.add(String(repeating: "x", count: 10_000))
        #expect(trace.events.kept.last?.text.count == ChannelTrace.textLimit)
    }

    @Test func `what happens to a channel and its subchannels is written down`() throws {
        let trace = ChannelTrace()
        let script = ScriptedChannel(trace: trace)
        _ = script.call()
        script.attempts.fail()
        script.attempts.succeed().streams[0].answer("")
        let subchannel = try #require(script.channel.snapshot.subchannels.first)
        #expect(script.channel.snapshot.connectivity == .ready)
        let transport = try #require(script.channel.parts.first?.transport() as? ScriptedTransport)
        transport.closing?(.goAway(.noError, debug: "max_age"))
        #expect(script.channel.snapshot.connectivity == .idle)
        script.channel.close(grace: .zero, Waiter())
        #expect(script.channel.snapshot.connectivity == nil)
        #expect(
            trace.events.kept.map(\.text) == [
                "subchannel created", "CONNECTING", "READY", "IDLE", "SHUTDOWN", "subchannel removed",
            ])
        #expect(trace.events.kept.first?.subchannel?.number == subchannel.number)
        #expect(
            subchannel.trace?.events.kept.map(\.text) == [
                "CONNECTING", "READY: connected to b.test:2", "connection to b.test:2 ends: GOAWAY NO_ERROR: max_age",
                "IDLE", "SHUTDOWN",
            ])
    }

    @Test func `a failure says why, and warns`() {
        let trace = ChannelTrace()
        let script = ScriptedChannel(endpoints: [ScriptedChannel.a], trace: trace)
        _ = script.call()
        script.attempts.fail()
        #expect(trace.events.kept.last?.text == "TRANSIENT_FAILURE: connection refused")
        #expect(trace.events.kept.last?.severity == .warning)
        #expect(script.channel.snapshot.connectivity == .failed("connection refused"))
        script.loop.advanceTime(by: .milliseconds(1201))
        #expect(trace.events.kept.last?.text == "IDLE")
    }

    @Test func `nobody asks, nothing is written`() {
        let script = ScriptedChannel()
        _ = script.call()
        script.attempts.succeed().streams[0].answer("")
        #expect(script.channel.snapshot.subchannels.map { $0.trace == nil } == [true])
        #expect(script.channel.snapshot.subchannels.first?.calls.succeeded == 1, "counts are there all the same")
    }
}

@Suite(.timeLimit(.minutes(1))) struct ConnectivityTests {
    private typealias Connectivity = Subchannel.Connectivity

    @Test func `of several, the best that is not nothing (gRFC A61)`() {
        #expect(Connectivity.merged([.failed("x"), .ready, .connecting, .idle]) == .ready)
        #expect(Connectivity.merged([.failed("x"), .connecting, .idle]) == .connecting)
        #expect(Connectivity.merged([.failed("x"), .idle]) == .idle)
        #expect(Connectivity.merged([.failed("x"), .failed("y")]) == .failed("y"))
        #expect(Connectivity.merged([]) == .idle)
        #expect(Connectivity.merged([.ready, nil]) == nil)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ChannelzTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    /// A server that tells of itself and of a channel to it.
    private func serve(
        showsEverybody: Bool = true, _ body: (RPC.Channel, Channelz, HTTPServer) async throws -> Void
    ) async throws {
        let channelz = Channelz()
        let check: @Sendable (ServerContext) throws -> Void = { _ in
            if !showsEverybody { throw RPCError(.permissionDenied, "no") }
        }
        let methods: [Method] = [
            .unary("t.S", "Say") { (request: StringValue, _) in request },
            .unary("t.S", "Refuse") { (_: StringValue, _) -> StringValue in throw RPCError(.notFound, "no") },
            .serverStreaming("t.S", "Count") { (_: StringValue, _, responses: ResponseWriter<StringValue>) in
                for number in 1...3 { try await responses.write(StringValue(value: "\(number)")) }
                try await Waiter<Void>().value()
            },
        ]
        let server = RPCServer(methods: methods + channelz.methods(allowing: check), group: group, logger: .silent)
        let http = HTTPServer(
            configuration: HTTPConfiguration(), application: server, group: group, logger: .silent)
        channelz.add(server, on: http, named: "test")
        let address = try await http.start()
        var options = RPC.Channel.Options()
        options.channelz = channelz
        let channel = RPC.Channel(
            .tcp(host: "127.0.0.1", port: address.port ?? 0), options: options, group: group, logger: .silent)
        try await body(channel, channelz, http)
        await channel.close()
        await http.drain(grace: .seconds(5))
        withExtendedLifetime(server) {}
    }

    private func ask<Request: Message, Answer: Message>(
        _ channel: RPC.Channel, _ method: String, _ request: Request
    ) async throws -> Answer {
        try await channel.unary("grpc.channelz.v1.Channelz/" + method, request, CallOptions())
    }

    private func say(_ channel: RPC.Channel, _ method: String = "Say") async throws -> StringValue {
        try await channel.unary("t.S/" + method, StringValue(value: "x"), CallOptions())
    }

    @Test func `servers and their sockets, counts and addresses`() async throws {
        try await serve { channel, _, http in
            for _ in 0..<5 { _ = try await say(channel) }
            let refused = await failure { _ = try await say(channel, "Refuse") }
            #expect(refused?.code == .notFound)
            let servers: ChannelzGetServersResponse = try await ask(channel, "GetServers", ChannelzGetServersRequest())
            let server = try #require(servers.server.first)
            #expect(servers.server.count == 1 && servers.end)
            #expect(server.ref?.name == "test")
            let data = try #require(server.data)
            #expect(data.callsStarted == 7, "this question is one of them")
            #expect(data.callsSucceeded == 5 && data.callsFailed == 1)
            let now = Int64(WallClock.now() / 1_000_000_000)
            #expect((now - 60...now).contains(data.lastCallStartedTimestamp?.seconds ?? 0))
            #expect((now - 60...now).contains(data.trace?.creationTimestamp?.seconds ?? 0))
            let again: ChannelzGetServerResponse = try await ask(
                channel, "GetServer", ChannelzGetServerRequest(serverId: server.ref?.serverId ?? 0))
            #expect(again.server?.data?.callsSucceeded == 6)

            let listener: ChannelzGetSocketResponse = try await ask(
                channel, "GetSocket", ChannelzGetSocketRequest(socketId: server.listenSocket.first?.socketId ?? 0))
            let port = Int32(http.address?.port ?? 0)
            #expect(listener.socket?.local == .tcp([127, 0, 0, 1], port))

            let sockets: ChannelzGetServerSocketsResponse = try await ask(
                channel, "GetServerSockets", ChannelzGetServerSocketsRequest(serverId: server.ref?.serverId ?? 0))
            #expect(sockets.socketRef.count == 1 && sockets.end)
            let answer: ChannelzGetSocketResponse = try await ask(
                channel, "GetSocket", ChannelzGetSocketRequest(socketId: sockets.socketRef.first?.socketId ?? 0))
            let socket = try #require(answer.socket?.data)
            // Five calls, the refused one, four questions before this one, and this one.
            #expect(socket.streamsStarted == 11 && socket.streamsSucceeded == 10 && socket.streamsFailed == 0)
            #expect(socket.messagesReceived == 11 && socket.messagesSent == 9)
            #expect(socket.lastRemoteStreamCreatedTimestamp != nil && socket.lastLocalStreamCreatedTimestamp == nil)
            #expect(socket.lastMessageReceivedTimestamp != nil && socket.lastMessageSentTimestamp != nil)
            #expect(socket.localFlowControlWindow != nil && socket.remoteFlowControlWindow != nil)
            #expect(answer.socket?.local == .tcp([127, 0, 0, 1], port))
            #expect(answer.socket?.security == nil, "cleartext")
        }
    }

    @Test func `the security of a socket is its version of TLS and the peer's certificate`() {
        var statistics = ConnectionStatistics()
        #expect(ChannelzSocket(1, statistics, isServer: true).security == nil)
        statistics.tls = ConnectionStatistics.TLS()
        statistics.tls?.version = "TLSv1.3"
        statistics.tls?.remoteCertificate = [0x30, 1]
        let security = ChannelzSocket(1, statistics, isServer: true).security
        #expect(security?.model == .tls(.init(remoteCertificate: [0x30, 1], cipherSuite: .otherName("TLSv1.3"))))
        statistics.tls = ConnectionStatistics.TLS()
        #expect(ChannelzSocket(1, statistics, isServer: true).security?.model == .tls(.init()), "before the handshake")
    }

    @Test func `channels, their subchannels and their sockets`() async throws {
        try await serve { channel, _, _ in
            for _ in 0..<3 { _ = try await say(channel) }
            _ = await failure { _ = try await say(channel, "Refuse") }
            let top: ChannelzGetTopChannelsResponse = try await ask(
                channel, "GetTopChannels", ChannelzGetTopChannelsRequest())
            let found = try #require(top.channel.first)
            #expect(top.channel.count == 1 && top.end)
            #expect(found.data?.state?.state == .ready)
            #expect(found.data?.target.hasPrefix("127.0.0.1:") == true)
            #expect(found.data?.callsStarted == 5 && found.data?.callsSucceeded == 3 && found.data?.callsFailed == 1)
            #expect(found.data?.lastCallStartedTimestamp != nil)
            #expect(found.data?.trace?.events.map(\.description).contains("READY") == true)
            let one: ChannelzGetChannelResponse = try await ask(
                channel, "GetChannel", ChannelzGetChannelRequest(channelId: found.ref?.channelId ?? 0))
            #expect(one.channel?.ref == found.ref)
            let part: ChannelzGetSubchannelResponse = try await ask(
                channel, "GetSubchannel",
                ChannelzGetSubchannelRequest(subchannelId: found.subchannelRef.first?.subchannelId ?? 0))
            #expect(part.subchannel?.data?.state?.state == .ready)
            #expect(part.subchannel?.data?.callsStarted == 7)
            let created = found.data?.trace?.events.first
            #expect(created?.description == "subchannel created")
            #expect(created?.childRef == part.subchannel?.ref.map { .subchannelRef($0) })
            let answer: ChannelzGetSocketResponse = try await ask(
                channel, "GetSocket",
                ChannelzGetSocketRequest(socketId: part.subchannel?.socketRef.first?.socketId ?? 0))
            let socket = try #require(answer.socket?.data)
            #expect(socket.streamsStarted == 8 && socket.streamsSucceeded == 7)
            #expect(socket.messagesSent == 8 && socket.messagesReceived == 6)
            #expect(socket.lastLocalStreamCreatedTimestamp != nil && socket.lastRemoteStreamCreatedTimestamp == nil)
            #expect(answer.socket?.remoteName == found.data?.target)
        }
    }

    @Test func `a stream that goes on counts its messages, one that is given up has failed`() async throws {
        try await serve { channel, channelz, http in
            let stream: ResponseStream<StringValue> = try await channel.serverStreaming(
                "t.S/Count", StringValue(), CallOptions())
            var numbers = stream.makeAsyncIterator()
            for _ in 0..<3 { _ = try await numbers.next() }
            let number = try #require(http.connections(from: 0, limit: 1).page.first?.number)
            let open = await http.statistics(ofConnection: number)
            #expect(open?.messagesSent == 3 && open?.messagesReceived == 1)
            #expect(open?.streamsStarted == 1 && open?.streamsSucceeded == 0 && open?.streamsFailed == 0)
            stream.cancel()
            var failed = 0
            while failed == 0 { failed = await http.statistics(ofConnection: number)?.streamsFailed ?? 1 }
            let closed = await http.statistics(ofConnection: number)
            #expect(closed?.streamsFailed == 1 && closed?.streamsSucceeded == 0)
        }
    }

    @Test func `pages end where they should`() async throws {
        try await serve { channel, channelz, http in
            let logger = Logger.silent
            var options = RPC.Channel.Options()
            options.channelz = channelz
            let others = (0..<120).map { number in
                RPC.Channel(.tcp(host: "127.0.0.1", port: 1), options: options, group: group, logger: logger)
            }
            var seen: [Int64] = []
            var pages = 0
            var isEnd = false
            while !isEnd {
                let page: ChannelzGetTopChannelsResponse = try await ask(
                    channel, "GetTopChannels",
                    ChannelzGetTopChannelsRequest(startChannelId: (seen.last ?? 0) + 1, maxResults: 50))
                seen += page.channel.compactMap { $0.ref?.channelId }
                isEnd = page.end
                pages += 1
            }
            #expect(pages == 3 && seen.count == 121 && seen == seen.sorted() && Set(seen).count == 121)
            let most: ChannelzGetTopChannelsResponse = try await ask(
                channel, "GetTopChannels", ChannelzGetTopChannelsRequest(maxResults: 1_000_000))
            #expect(most.channel.count == Channelz.pageLimit && !most.end)
            for other in others { await other.close() }
            let left: ChannelzGetTopChannelsResponse = try await ask(
                channel, "GetTopChannels", ChannelzGetTopChannelsRequest())
            #expect(left.channel.count == 1, "who is closed is forgotten")
        }
    }

    @Test func `what is not there, and what makes no sense`() async throws {
        try await serve { channel, _, _ in
            for (method, request) in [
                ("GetChannel", ChannelzGetChannelRequest(channelId: .max).serialized()),
                ("GetSubchannel", ChannelzGetSubchannelRequest(subchannelId: .max).serialized()),
                ("GetServer", ChannelzGetServerRequest(serverId: .max).serialized()),
                ("GetServerSockets", ChannelzGetServerSocketsRequest(serverId: .max).serialized()),
                ("GetSocket", ChannelzGetSocketRequest(socketId: .max).serialized()),
            ] {
                let error = await failure {
                    let call = try await channel.raw("grpc.channelz.v1.Channelz/" + method, CallOptions())
                    try await call.requests.write(ByteBuffer(bytes: request))
                    call.requests.finish()
                    for try await _ in call.responses {}
                }
                #expect(error?.code == .notFound, "\(method)")
            }
            for request in [
                ChannelzGetServersRequest(startServerId: -1), ChannelzGetServersRequest(maxResults: -1),
            ] {
                let error = await failure {
                    let _: ChannelzGetServersResponse = try await ask(channel, "GetServers", request)
                }
                #expect(error?.code == .invalidArgument)
            }
        }
    }

    @Test func `who may not see it does not`() async throws {
        try await serve(showsEverybody: false) { channel, _, _ in
            for method in ["GetTopChannels", "GetServers"] {
                let error = await failure {
                    let _: ChannelzGetServersResponse = try await ask(channel, method, ChannelzGetServersRequest())
                }
                #expect(error?.code == .permissionDenied)
            }
        }
    }

    @Test func `nothing is kept alive`() async throws {
        let channelz = Channelz()
        var options = RPC.Channel.Options()
        options.channelz = channelz
        weak var channel: RPC.Channel?
        do {
            let opened = RPC.Channel(
                .tcp(host: "127.0.0.1", port: 1), options: options, group: group, logger: .silent)
            channel = opened
            #expect(channelz.entryCount == 1)
            await opened.close()
            #expect(channelz.entryCount == 0, "closed")
        }
        do {
            _ = RPC.Channel(.tcp(host: "127.0.0.1", port: 1), options: options, group: group, logger: .silent)
        }
        #expect(channel == nil)
        #expect(channelz.entryCount == 0, "let go without being closed")
        for _ in 0..<10 {
            let server = RPCServer(methods: [], group: group, logger: .silent)
            let http = HTTPServer(
                configuration: HTTPConfiguration(), application: server, group: group, logger: .silent)
            channelz.add(server, on: http, named: "short")
        }
        #expect(channelz.entryCount == 1, "each new one forgets those that are gone")
    }
}

extension ChannelzAddress {
    fileprivate static func tcp(_ address: [UInt8], _ port: Int32) -> ChannelzAddress {
        ChannelzAddress(address: .tcpipAddress(TcpIpAddress(ipAddress: address, port: port)))
    }
}
