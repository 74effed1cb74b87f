import FoundationEssentials
import HTTP
import NIOCore
import Testing

@testable import HTTPTesting

@Suite("Connections: resets, back-pressure, drain, limits")
struct LifecycleTests {
    @Test("Trailers-only and resets arrive as what they are", .timeLimit(.minutes(1)))
    func endings() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let only = try await client.fetch("GET", "/trailers-only")
            #expect(only.head == ResponseHead(status: 200, headers: ["grpc-status": "12"]))
            #expect(only.trailers.isEmpty && only.body.readableBytes == 0)
            #expect(try await client.fetch("GET", "/reset?8").closed == .reset(.cancel))
            #expect(try await client.fetch("GET", "/reset?7").closed == .unprocessed)
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            try await client.close()
        }
    }

    @Test("A client's reset cancels the exchange; late answers do nothing", .timeLimit(.minutes(1)))
    func clientReset() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let call = try await client.start("GET", "/hold-open")
            try await eventually("head") { try await call.with { $0.response.head != nil } }
            _ = try await call.with { $0.exchange?.reset(.cancel) }
            try await eventually("cancelled") { server.application.counts.cancelled == [.reset(.cancel)] }
            server.application.release { responder in
                responder.exchange.write(ByteBuffer(string: "late"))
                responder.exchange.end(trailers: ["a": "b"])
                responder.exchange.reset(.cancel)
            }
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            _ = try await call.with { $0.done.succeed($0.response) }
            try await client.close()
        }
    }

    @Test("A download that nobody consumes stops at the window, goes on when it is consumed", .timeLimit(.minutes(1)))
    func slowReader() async throws {
        try await TestServer.run { server in
            var configuration = HTTPClientConfiguration()
            configuration.http2.streamWindow = 100_000
            let client = try await TestClient.connect(to: server.endpoint, configuration: configuration)
            let call = try await client.start("GET", "/download?2000000", consumes: false)
            try await eventually("window") { try await call.with { $0.response.body.readableBytes } == 100_000 }
            // Others are not held up.
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            #expect(try await call.with { $0.response.body.readableBytes } == 100_000)
            let response = call.response
            while try await !call.with({ $0.response.body.readableBytes == 2_000_000 }) {
                try await call.with { recorder in recorder.exchange?.consume(100_000) }
            }
            #expect(try await response.get().trailers == ["checksum": "ok"])
            try await client.close()
        }
    }

    @Test("A peer that reads nothing is given up after the write stall timeout", .timeLimit(.minutes(1)))
    func writeStall() async throws {
        try await TestServer.run {
            $0.http2.writeStallTimeout = .milliseconds(200)
        } _: { server in
            var configuration = HTTPClientConfiguration()
            configuration.http2.streamWindow = 1000
            let client = try await TestClient.connect(to: server.endpoint, configuration: configuration)
            let stalled = try await client.start("GET", "/download?1000000", consumes: false)
            #expect(try await stalled.response.get().closed == .reset(.cancel))
            #expect(server.application.counts.cancelled == [.timedOut])
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            #expect(server.log.lines.withLockedValue { $0.filter { $0.contains("does not read") }.count } == 1)
            try await client.close()

            // Now the socket itself, whose window is large and never read.
            let raw = try await RawClient.connect(port: server.port, autoRead: false)
            try await raw.send(
                Frame.preface + Frame.settings((4, 0x7fff_ffff)).bytes + Frame.windowUpdate(0, 0x7000_0000).bytes
                    + Frame.request(1, "/flood?40000000").bytes)
            try await eventually("timed out") { server.application.counts.cancelled == [.timedOut, .timedOut] }
            try await raw.close()
        }
    }

    @Test("Draining: new requests are unprocessed, begun ones end well (RFC 9113 §6.8)", .timeLimit(.minutes(1)))
    func drain() async throws {
        // A path and no port: another test's server cannot take it over once this one has let it go.
        let path = FileManager.default.temporaryDirectory.appending(path: "drain-\(UUID().uuidString.prefix(8))").path
        try await TestServer.run {
            $0.bind = .unix(path: path)
        } _: { server in
            let client = try await TestClient.connect(to: .unix(path: path))
            let call = try await client.start("GET", "/hold")
            try await eventually("began") { server.application.counts.began == 1 }
            async let drained: Void = server.server.drain(grace: .seconds(20))
            try await eventually("draining") { try await client.with { $0.state } == .draining }
            #expect(try await client.fetch("GET", "/hello").closed == .unprocessed)
            server.application.release { $0.answer("late", trailers: ["grpc-status": "0"]) }
            let response = try await call.response.get()
            #expect(response.text == "late")
            #expect(response.trailers == ["grpc-status": "0"])
            await drained
            try await eventually("closed") { client.states.withLockedValue { $0.map(\.0) } == [.draining, .closed] }
            #expect(client.states.withLockedValue { $0.last?.1 } == .goAway(.noError, debug: ""))
            await #expect(throws: (any Error).self) { try await TestClient.connect(to: .unix(path: path)) }
        }
    }

    @Test("The first GOAWAY names 2^31−1, the second, after the PING, the last stream taken", .timeLimit(.minutes(1)))
    func twoSteps() async throws {
        try await TestServer.run {
            $0.drainNotice = .minutes(1)
        } _: { server in
            let raw = try await RawClient.connect(port: server.port)
            try await raw.send(Frame.preface + Frame.settings().bytes + Frame.request(1, "/hold").bytes)
            try await eventually("began") { server.application.counts.began == 1 }
            async let drained: Void = server.server.drain(grace: .seconds(20))
            try await eventually("notice") { raw.frames.contains { $0.kind == .goAway } }
            #expect(raw.frames.first { $0.kind == .goAway } == .goAway(last: 0x7fff_ffff, 0))
            // A request on its way is still served.
            try await raw.send(.request(3, "/hello"))
            try await eventually("served") { raw.frames.contains { $0.stream == 3 && $0.hasEndStream } }
            let ping = raw.frames.first { $0.kind == .ping && $0.flags == 0 }
            try await raw.send(Frame(kind: .ping, flags: Frame.ack, payload: ping?.payload ?? []))
            try await eventually("second") { raw.frames.filter { $0.kind == .goAway }.count == 2 }
            #expect(raw.frames.last { $0.kind == .goAway } == .goAway(last: 3, 0))
            #expect(!raw.isClosed)
            server.application.release { $0.answer("late") }
            try await eventually("closed") { raw.isClosed }
            #expect(raw.frames.contains { $0.stream == 1 && $0.hasEndStream })
            await drained
        }
    }

    @Test("A peer that does not answer the PING gets the second GOAWAY after a while", .timeLimit(.minutes(1)))
    func noPong() async throws {
        try await TestServer.run {
            $0.drainNotice = .milliseconds(50)
        } _: { server in
            let raw = try await RawClient.connect(port: server.port)
            try await raw.send(Frame.preface + Frame.settings().bytes)
            try await eventually("settings") { raw.frames.contains { $0.kind == .settings } }
            await server.server.drain(grace: .seconds(20))
            try await eventually("closed") { raw.isClosed }
            #expect(raw.frames.filter { $0.kind == .goAway } == [.goAway(last: 0x7fff_ffff, 0), .goAway(last: 0, 0)])
        }
    }

    @Test("What does not end within the grace is closed", .timeLimit(.minutes(1)))
    func graceEnds() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let call = try await client.start("GET", "/hold")
            try await eventually("began") { server.application.counts.began == 1 }
            await server.server.drain(grace: .milliseconds(50))
            #expect(try await call.response.get().closed == .connectionClosed)
            #expect(server.application.counts.cancelled == [.connectionClosed])
        }
    }

    @Test("Closing a client lets open requests finish", .timeLimit(.minutes(1)))
    func clientClose() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let call = try await client.start("GET", "/hold")
            try await eventually("began") { server.application.counts.began == 1 }
            async let closed: Void = client.close(grace: .seconds(20))
            try await eventually("draining") { try await client.with { $0.state } == .draining }
            server.application.release { $0.answer("late") }
            #expect(try await call.response.get().text == "late")
            try await closed
            #expect(client.states.withLockedValue { $0.map(\.1) } == [.requested, .requested])
            #expect(server.log.lines.withLockedValue { $0 } == [])
        }
    }

    @Test("A client whose server vanishes hears it", .timeLimit(.minutes(1)))
    func serverVanishes() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let calls = [
                try await client.start("GET", "/hold"), try await client.start("POST", "/collect", endStream: false),
            ]
            try await eventually("began") { server.application.counts.began == 2 }
            await server.server.drain(grace: .zero)
            for call in calls {
                #expect(try await call.response.get().closed == .connectionClosed)
            }
            try await eventually("closed") { try await client.with { $0.state } == .closed }
            await #expect(throws: (any Error).self) { try await client.ping() }
            #expect(try await client.fetch("GET", "/hello").closed == .unprocessed)
        }
    }

    @Test("PING measures; capacity follows the peer's stream limit", .timeLimit(.minutes(1)))
    func pingAndCapacity() async throws {
        try await TestServer.run {
            $0.http2.maxConcurrentStreams = 2
        } _: { server in
            let client = try await TestClient.connect(to: server.endpoint)
            #expect(try await client.ping() > .zero)
            let calls = [try await client.start("GET", "/hold"), try await client.start("GET", "/hold")]
            #expect(try await client.with { $0.openStreams } == 2)
            #expect(try await !client.with { $0.hasCapacity })
            let waiting = try await client.start("GET", "/hello")
            try await eventually("began") { server.application.counts.began == 2 }
            server.application.release { $0.answer("done") }
            for call in calls {
                #expect(try await call.response.get().text == "done")
            }
            #expect(try await waiting.response.get().text == "hello")
            #expect(try await client.with { $0.hasCapacity })
            try await client.close()
        }
    }

    @Test("Rapid reset ends the connection with one WARN line and harms no other", .timeLimit(.minutes(1)))
    func rapidReset() async throws {
        try await TestServer.run { server in
            let honest = try await TestClient.connect(to: server.endpoint)
            let raw = try await RawClient.connect(port: server.port)
            var attack = Frame.preface + Frame.settings().bytes
            for index in 0..<500 {
                attack += Frame.request(UInt32(2 * index + 1), "/hold").bytes
                attack += Frame.rst(UInt32(2 * index + 1), 8).bytes
            }
            try await raw.send(attack)
            try await eventually("closed") { raw.isClosed }
            #expect(raw.frames.last { $0.kind == .goAway }?.number(at: 4) == HTTP2ErrorCode.enhanceYourCalm.rawValue)
            let lines = server.log.lines.withLockedValue { $0 }
            #expect(lines.count == 1)
            #expect(lines.first?.contains("too many stream resets 127.0.0.1:") == true, "\(lines)")
            #expect(try await honest.fetch("GET", "/hello").text == "hello")
            try await honest.close()
        }
    }

    @Test("Garbage, half a preface and half-open connections are survived", .timeLimit(.minutes(1)))
    func garbage() async throws {
        try await TestServer.run {
            $0.prefaceTimeout = .seconds(3)
        } _: { server in
            let silent = try await RawClient.connect(port: server.port)
            let half = try await RawClient.connect(port: server.port)
            _ = try? await half.send(Array(Frame.preface.prefix(20)))
            let garbage = try await RawClient.connect(port: server.port)
            _ = try? await garbage.send(Frame.preface + Array(repeating: 0xfe, count: 5000))
            let unfinished = try await RawClient.connect(port: server.port)
            let request = Frame.request(1).bytes.dropLast(3)
            try await unfinished.send(Frame.preface + Frame.settings().bytes + request)
            try await eventually("closed") { silent.isClosed && half.isClosed && garbage.isClosed }
            #expect(garbage.frames.contains { $0.kind == .goAway })
            try await unfinished.close()
            let client = try await TestClient.connect(to: server.endpoint)
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            try await client.close()
        }
    }

    @Test("A preface split at every byte", .timeLimit(.minutes(1)))
    func splitPreface() async throws {
        try await TestServer.run { server in
            let bytes = Frame.preface + Frame.settings().bytes + Frame.request(1, "/hello").bytes
            for split in 0...bytes.count {
                let raw = try await RawClient.connect(port: server.port)
                try await raw.send(Array(bytes[..<split]))
                try await raw.send(Array(bytes[split...]))
                try await eventually("answer") { raw.frames.contains { $0.stream == 1 && $0.hasEndStream } }
                try await raw.close()
            }
        }
    }

    @Test("An unfinished header block and an idle connection end after their timeouts", .timeLimit(.minutes(1)))
    func timeouts() async throws {
        try await TestServer.run {
            $0.http2.headerTimeout = .milliseconds(100)
            $0.idleTimeout = .seconds(2)
        } _: { server in
            let unfinished = try await RawClient.connect(port: server.port)
            try await unfinished.send(
                Frame.preface + Frame.settings().bytes
                    + Frame(kind: .headers, flags: Frame.endStream, stream: 1, payload: Frame.request(1).payload).bytes)
            try await eventually("unfinished closed") { unfinished.isClosed }
            let idle = try await TestClient.connect(to: server.endpoint)
            #expect(try await idle.fetch("GET", "/hello").text == "hello")
            try await eventually("idle closed") { try await idle.with { $0.state } == .closed }
            #expect(idle.states.withLockedValue { $0.last?.1 } == .goAway(.noError, debug: ""))
            #expect(server.log.lines.withLockedValue { $0.count } == 1)
        }
    }

    @Test("Connections beyond the limit are closed, with one line in the log", .timeLimit(.minutes(1)))
    func connectionLimit() async throws {
        try await TestServer.run {
            $0.maxConnections = 2
        } _: { server in
            let first = try await TestClient.connect(to: server.endpoint)
            let second = try await TestClient.connect(to: server.endpoint)
            #expect(try await first.fetch("GET", "/hello").text == "hello")
            #expect(try await second.fetch("GET", "/hello").text == "hello")
            for _ in 0..<3 {
                let refused = try await RawClient.connect(port: server.port)
                try await eventually("refused") { refused.isClosed }
            }
            #expect(server.log.lines.withLockedValue { $0.count } == 1)
            try await first.close()
            try await eventually("room") {
                let next = try await TestClient.connect(to: server.endpoint)
                defer { Task { try await next.close() } }
                return try await next.fetch("GET", "/hello").text == "hello"
            }
            try await second.close()
        }
    }

    @Test("All requests of one read leave in one burst", .timeLimit(.minutes(1)))
    func burst() async throws {
        try await TestServer.run { server in
            let raw = try await RawClient.connect(port: server.port)
            try await raw.send(Frame.preface + Frame.settings().bytes)
            try await eventually("settings") { raw.frames.contains { $0.kind == .settings && $0.flags == Frame.ack } }
            let before = server.application.counts.bursts
            // A connection's first reads are of 512 bytes.
            let requests = (0..<7).flatMap { Frame.request(UInt32(2 * $0 + 1), "/deferred").bytes }
            #expect(requests.count <= 512)
            try await raw.send(requests)
            try await eventually("answers") { raw.frames.filter { $0.kind == .data && $0.hasEndStream }.count == 7 }
            #expect(server.application.counts.bursts - before == 1)
            try await raw.close()
        }
    }

    @Test("A unix socket serves as well", .timeLimit(.minutes(1)))
    func unixSocket() async throws {
        let name = "rapport-\(UInt32.random(in: 0 ... .max)).sock"
        let path = FileManager.default.temporaryDirectory.appending(path: name).path
        try await TestServer.run {
            $0.bind = .unix(path: path)
        } _: { server in
            let client = try await TestClient.connect(to: .unix(path: path))
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            try await client.close()
        }
    }

    @Test("A failed connect says so", .timeLimit(.minutes(1)))
    func connectFails() async throws {
        await #expect(throws: (any Error).self) {
            try await TestClient.connect(to: .unix(path: "/nonexistent/socket"))
        }
    }
}
