import NIOCore
import NIOPosix
import Testing

@testable import HTTP
@testable import HTTPTesting

private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000) + .seconds(seconds) }

@Suite("Signs of life (gRFC A8, A9)")
struct KeepaliveTests {
    /// What is done at each look: (seconds, whether something was heard, whether there are calls).
    private func verdicts(
        _ keepalive: Keepalive, _ looks: (Int64, heard: Bool, calls: Bool)...
    ) -> [KeepaliveWatch.Verdict] {
        var watch = KeepaliveWatch(keepalive, now: at(0))
        return looks.map { watch.look(at($0.0), hasHeard: $0.heard, hasStreams: $0.calls) }
    }

    /// Which pings are accepted: (seconds, whether something was sent since the last one).
    private func accepted(
        _ pings: [(Int64, hasSent: Bool)], limits: PingLimits = PingLimits(), calls: Bool = true
    ) -> [Bool] {
        var strikes = PingStrikes(limits)
        return pings.map { strikes.received(at($0.0), hasSent: $0.hasSent, hasStreams: calls) }
    }

    @Test("Silence is asked about after the time, and ends the connection after the timeout")
    func silence() {
        let keepalive = Keepalive(time: .seconds(60), timeout: .seconds(20), withoutStreams: true)
        let looks = verdicts(keepalive, (59, false, false), (60, false, false), (79, false, false), (80, false, false))
        #expect(looks == [.fine, .ask, .fine, .dead])
    }

    @Test("Whatever is read is a sign of life")
    func heard() {
        let keepalive = Keepalive(time: .seconds(60), withoutStreams: true)
        let looks = verdicts(keepalive, (60, false, true), (70, true, true), (129, false, true), (130, false, true))
        #expect(looks == [.ask, .fine, .fine, .ask])
    }

    @Test("A client does not ask without a call, unless it is told to; without a time nobody asks")
    func quiet() {
        #expect(verdicts(Keepalive(time: .seconds(10)), (100, false, false), (101, false, true)) == [.fine, .ask])
        #expect(verdicts(.client, (100_000, false, true)) == [.fine])
    }

    @Test("Two pings may come too soon, not three; what the server sends wipes the slate clean")
    func strikes() {
        let answers = accepted([
            (0, false), (1, false), (2, false), (3, true), (4, false), (304, false), (305, false), (306, false),
        ])
        #expect(answers == [true, true, true, true, true, true, true, false])
    }

    @Test("Without a call, a ping every two hours is enough, unless the server allows more")
    func strikesWithoutStreams() {
        #expect(accepted((0..<4).map { (600 * $0, false) }, calls: false) == [true, true, true, false])
        var limits = PingLimits()
        limits.withoutStreams = true
        #expect(!accepted((0..<100).map { (300 * $0, false) }, limits: limits, calls: false).contains(false))
    }

    @Test("A server closes a connection whose peer is gone, with one WARN line", .timeLimit(.minutes(1)))
    func vanishedClient() async throws {
        try await TestServer.run {
            // Long enough for an honest peer on a busy machine.
            $0.keepalive = Keepalive(time: .milliseconds(100), timeout: .seconds(3), withoutStreams: true)
        } _: { server in
            let silent = try await RawClient.connect(port: server.port)
            try await silent.send(Frame.preface + Frame.settings().bytes)
            let alive = try await TestClient.connect(to: server.endpoint)
            try await eventually("closed") { silent.isClosed }
            #expect(silent.frames.contains { $0.kind == .ping && $0.flags == 0 })
            #expect(server.log.lines.withLockedValue { $0.filter { $0.contains("no sign of life") }.count } == 1)
            // NIO's own end has answered each question.
            #expect(try await alive.fetch("GET", "/hello").text == "hello")
            try await alive.close()
        }
    }

    @Test("A client gives up a server that is gone", .timeLimit(.minutes(1)))
    func vanishedServer() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.writeAndFlush(ByteBuffer(bytes: Frame.settings().bytes), promise: nil)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        var configuration = HTTPClientConfiguration()
        configuration.keepalive = Keepalive(time: .milliseconds(100), timeout: .milliseconds(100))
        let client = try await TestClient.connect(to: .tcp(host: "127.0.0.1", port: port), configuration: configuration)
        let call = try await client.start("GET", "/hello")
        #expect(try await call.response.get().closed == .connectionClosed)
        try await eventually("closed") { client.states.withLockedValue { $0.map(\.1) } == [.timedOut] }
        try await server.close()
    }

    @Test("Too many pings end the connection: ENHANCE_YOUR_CALM, too_many_pings", .timeLimit(.minutes(1)))
    func tooManyPings() async throws {
        try await TestServer.run { server in
            let raw = try await RawClient.connect(port: server.port)
            try await raw.send(Frame.preface + Frame.settings().bytes)
            for number in 1...3 {
                try await raw.send(.ping(UInt32(number)))
                try await eventually("answer") { raw.frames.contains(.ping(UInt32(number), ack: true)) }
            }
            try await raw.send(.ping(4))
            try await eventually("closed") { raw.isClosed }
            #expect(
                raw.frames.last { $0.kind == .goAway }
                    == .goAway(last: 0, HTTP2ErrorCode.enhanceYourCalm.rawValue, debug: "too_many_pings"))
            #expect(server.log.lines.withLockedValue { $0.filter { $0.contains("too many pings") }.count } == 1)
        }
    }

    /// A connection whose request has begun before it was too old; on a busy machine that takes more than one.
    private func beginHolding(_ server: TestServer) async throws -> RawClient {
        for _ in 0..<50 {
            let before = server.application.counts.began
            let raw = try await RawClient.connect(port: server.port)
            try? await raw.send(Frame.preface + Frame.settings().bytes + Frame.request(1, "/hold").bytes)
            try await eventually("begun") { server.application.counts.began > before || raw.isClosed }
            if server.application.counts.began > before { return raw }
        }
        throw ChannelError.connectTimeout(.zero)
    }

    @Test("An old connection is drained: its calls go on, and the second GOAWAY says why", .timeLimit(.minutes(1)))
    func maxAge() async throws {
        try await TestServer.run {
            $0.maxAge = .milliseconds(200)
        } _: { server in
            let raw = try await beginHolding(server)
            try await eventually("ping") { raw.frames.contains { $0.kind == .ping && $0.flags == 0 } }
            let ping = try #require(raw.frames.first { $0.kind == .ping && $0.flags == 0 })
            try await raw.send(Frame(kind: .ping, flags: Frame.ack, payload: ping.payload))
            try await eventually("goodbye") { raw.frames.count { $0.kind == .goAway } == 2 }
            let goodbyes = raw.frames.filter { $0.kind == .goAway }
            #expect(goodbyes.map { $0.number() } == [0x7fff_ffff, 1])
            #expect(goodbyes.map { String(decoding: $0.payload.dropFirst(8), as: UTF8.self) } == ["", "max_age"])
            #expect(!raw.isClosed)
            server.application.release { $0.answer("late") }
            try await eventually("closed") { raw.isClosed }
            #expect(raw.frames.contains { $0.stream == 1 && $0.hasEndStream })
        }
    }

    @Test("An old connection whose calls do not end in the grace is closed", .timeLimit(.minutes(1)))
    func ageGrace() async throws {
        try await TestServer.run {
            $0.maxAge = .milliseconds(200)
            $0.ageGrace = .milliseconds(100)
        } _: { server in
            let raw = try await beginHolding(server)
            try await eventually("closed") { raw.isClosed }
            #expect(server.application.counts.cancelled == [.timedOut])
            #expect(server.log.lines.withLockedValue { $0.contains { $0.contains("too old") } })
        }
    }
}
