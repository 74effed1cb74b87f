import HTTP
import NIOCore
import Standard

// What channelz answers, in the messages of its contract.

extension Channel {
    /// What each event loop knows of the channel.
    func parts() async -> [LoopChannel.Snapshot] {
        var parts: [LoopChannel.Snapshot] = []
        for loop in loops {
            if let part = try? await loop.eventLoop.submit({ loop.snapshot }).get() { parts.append(part) }
        }
        return parts
    }

    /// One of its connections: its endpoint, and what it tells of itself; nil when it is none of them.
    func connection(_ number: Int64) async -> (name: String, statistics: ConnectionStatistics)? {
        for loop in loops {
            if let found = try? await loop.eventLoop.submit({ loop.connection(number) }).get() { return found }
        }
        return nil
    }

    func message(_ number: Int64) async -> ChannelzChannel {
        let parts = await parts()
        var calls = CallTotals()
        for part in parts { calls.add(part.calls) }
        let name = home.target.description
        return ChannelzChannel(
            ref: ChannelzChannelRef(channelId: number, name: name),
            data: ChannelzChannelData(
                Subchannel.Connectivity.merged(parts.map(\.connectivity)), target: name, home.trace, calls),
            subchannelRef: parts.flatMap(\.subchannels).map(\.reference))
    }
}

extension Subchannel.Snapshot {
    var reference: ChannelzSubchannelRef { ChannelzSubchannelRef(subchannelId: number, name: name) }

    var message: ChannelzSubchannel {
        ChannelzSubchannel(
            ref: reference, data: ChannelzChannelData(connectivity, target: name, trace, calls),
            socketRef: connections.map { ChannelzSocketRef(socketId: $0.number, name: $0.name) })
    }
}

extension ChannelzChannelData {
    /// - Parameter connectivity: nil for what is closed.
    init(_ connectivity: Subchannel.Connectivity?, target: String, _ trace: ChannelTrace?, _ calls: CallTotals) {
        let state: ChannelzChannelConnectivityState.State =
            switch connectivity {
            case .idle: .idle
            case .connecting: .connecting
            case .ready: .ready
            case .failed: .transientFailure
            case nil: .shutdown
            }
        self.init(
            state: ChannelzChannelConnectivityState(state: state), target: target,
            trace: trace.map { ChannelzChannelTrace($0) }, callsStarted: Int64(calls.started),
            callsSucceeded: Int64(calls.succeeded), callsFailed: Int64(calls.failed),
            lastCallStartedTimestamp: WallClock().timestamp(calls.last))
    }
}

extension ChannelzChannelTrace {
    init(_ trace: ChannelTrace) {
        let (count, kept) = trace.events
        self.init(
            numEventsLogged: Int64(count), creationTimestamp: WallClock.timestamp(trace.created),
            events: kept.map { event in
                ChannelzChannelTraceEvent(
                    description: event.text, severity: event.severity == .info ? .ctInfo : .ctWarning,
                    timestamp: WallClock.timestamp(event.time),
                    childRef: event.subchannel.map {
                        .subchannelRef(ChannelzSubchannelRef(subchannelId: $0.number, name: $0.name))
                    })
            })
    }
}

extension Channelz.OpenServer {
    func message() async -> ChannelzServer {
        let calls = await server.totals()
        return ChannelzServer(
            ref: ChannelzServerRef(serverId: number, name: name),
            data: ChannelzServerData(
                trace: ChannelzChannelTrace(trace), callsStarted: Int64(calls.started),
                callsSucceeded: Int64(calls.succeeded), callsFailed: Int64(calls.failed),
                lastCallStartedTimestamp: WallClock().timestamp(calls.last)),
            listenSocket: http.address.map { [listenerReference($0)] } ?? [])
    }

    func listenerReference(_ address: SocketAddress) -> ChannelzSocketRef {
        ChannelzSocketRef(socketId: listener, name: "\(address)")
    }
}

extension ChannelzSocket {
    /// - Parameter remoteName: how the peer was called when it was looked for; empty on a server.
    init(_ number: Int64, _ statistics: ConnectionStatistics, isServer: Bool, remoteName: String = "") {
        let clock = WallClock()
        let lastStream = clock.timestamp(statistics.lastStream)
        self.init(
            ref: ChannelzSocketRef(
                socketId: number, name: statistics.remote.map { "\($0)" } ?? remoteName),
            data: ChannelzSocketData(
                streamsStarted: Int64(statistics.streamsStarted),
                streamsSucceeded: Int64(statistics.streamsSucceeded), streamsFailed: Int64(statistics.streamsFailed),
                messagesSent: Int64(statistics.messagesSent), messagesReceived: Int64(statistics.messagesReceived),
                keepAlivesSent: Int64(statistics.keepalivesSent),
                lastLocalStreamCreatedTimestamp: isServer ? nil : lastStream,
                lastRemoteStreamCreatedTimestamp: isServer ? lastStream : nil,
                lastMessageSentTimestamp: clock.timestamp(statistics.lastMessageSent),
                lastMessageReceivedTimestamp: clock.timestamp(statistics.lastMessageReceived),
                // Granted to us by the peer, and the other way round.
                localFlowControlWindow: statistics.sendWindow.map { Int64Value(value: Int64($0)) },
                remoteFlowControlWindow: statistics.receiveWindow.map { Int64Value(value: Int64($0)) }),
            local: statistics.local.map { ChannelzAddress($0) }, remote: statistics.remote.map { ChannelzAddress($0) },
            security: statistics.tls.map { ChannelzSecurity($0) }, remoteName: remoteName)
    }
}

extension ChannelzSecurity {
    init(_ tls: ConnectionStatistics.TLS) {
        self.init(
            model: .tls(
                Tls(
                    remoteCertificate: tls.remoteCertificate ?? [],
                    cipherSuite: tls.version.isEmpty ? nil : .otherName(tls.version))))
    }
}

extension ChannelzAddress {
    init(_ address: SocketAddress) {
        switch address {
        case .v4(let address):
            self = .tcp(withUnsafeBytes(of: address.address.sin_addr) { Array($0) }, address.address.sin_port)
        case .v6(let address):
            self = .tcp(withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }, address.address.sin6_port)
        case .unixDomainSocket:
            self.init(address: .udsAddress(UdsAddress(filename: address.pathname ?? "")))
        }
    }

    /// - Parameter port: in network order.
    private static func tcp(_ address: [UInt8], _ port: UInt16) -> ChannelzAddress {
        ChannelzAddress(
            address: .tcpipAddress(TcpIpAddress(ipAddress: address, port: Int32(UInt16(bigEndian: port)))))
    }
}
