import NIOCore
import Testing

@testable import HTTP
@testable import HTTPTesting

/// A connection with exchanges of these sizes.
private final class Holder: ByteHolder {
    let peer = Peer(address: "test", isTLS: false)
    var exchanges: [Int]
    var notedBytes = 0
    var shed: [Int] = []

    init(_ exchanges: Int...) { self.exchanges = exchanges }

    var heldBytes: Int { exchanges.reduce(0, +) }

    func shedLargest() {
        guard let largest = exchanges.max(), let index = exchanges.firstIndex(of: largest) else { return }
        shed.append(exchanges.remove(at: index))
    }
}

@Suite("What all connections hold together")
struct HeldBytesTests {
    private let log = LogRecorder()

    private func held(limit: Int) -> HeldBytes { HeldBytes(limit: limit, warnings: WarningLog(log.logger)) }

    @Test("Nothing happens up to the limit")
    func below() {
        let held = held(limit: 1000)
        let (one, other) = (Holder(400, 100), Holder(500))
        held.settle(one)
        held.settle(other)
        #expect(held.total == 1000)
        #expect(one.shed.isEmpty && other.shed.isEmpty)
        #expect(log.all.isEmpty)
    }

    @Test("Beyond it the connections that hold the most lose their largest exchanges, until an eighth is free")
    func above() {
        let held = held(limit: 1000)
        let (little, much, honest) = (Holder(50, 60), Holder(300, 310, 240), Holder(40))
        for holder in [little, much, honest] { held.settle(holder) }
        little.exchanges.append(1)
        held.settle(little)
        #expect(much.shed == [310])
        #expect(little.shed.isEmpty && honest.shed.isEmpty)
        #expect(held.total == 691)
        #expect(log.all == ["exchange given up: all connections together hold too much test 1001"])
    }

    @Test("Many who hold little each lose as many as it takes")
    func many() {
        let held = held(limit: 800)
        let holders = (0..<81).map { _ in Holder(5, 5) }
        for holder in holders { held.settle(holder) }
        #expect(held.total <= 700)
        #expect(held.total > 690)
        #expect(holders.allSatisfy { $0.shed.count <= 1 })
    }

    @Test("What a connection has given back, or took with it, counts no more")
    func givenBack() {
        let held = held(limit: 1000)
        let (one, other) = (Holder(900), Holder(900))
        held.settle(one)
        one.exchanges = []
        held.settle(one)
        #expect(held.total == 0)
        held.settle(other)
        held.forget(other)
        #expect(held.total == 0)
        one.exchanges = [1000]
        held.settle(one)
        #expect(one.shed.isEmpty)
    }

    @Test("A session counts what its application keeps, and answers that wait to be framed")
    func session() {
        let harness = SessionHarness.server(peer: .settings((4, 1000)))
        harness.feed(.request(1, endStream: false), .request(3), .request(5))
        harness.streams[0].hold(4000)
        for stream in harness.streams[1...] {
            stream.respond()
            stream.write(3000 + Int(stream.id))
        }
        #expect(harness.session.heldBytes == 4000 + 3003 + 3005)
        _ = harness.output()
        #expect(harness.session.heldBytes == 4000 + 2003 + 2005)  // a window of 1000 each
        harness.session.shedLargest()
        #expect(harness.told.last == "1 lost shed")
        #expect(harness.sent() == ["rstStream(1, 11)"])
        #expect(harness.session.heldBytes == 2003 + 2005)
        harness.feed(.rst(3, 8))
        #expect(harness.session.heldBytes == 2005)
        harness.session.abandon(.connectionClosed)
        #expect(harness.session.heldBytes == 0)
    }

    @Test("An answer that nobody reads is given up where it is the largest, others go on", .timeLimit(.minutes(1)))
    func unread() async throws {
        try await TestServer.run {
            $0.maxHeldBytesPerLoop = 300_000
        } _: { server in
            var configuration = HTTPClientConfiguration()
            configuration.http2.streamWindow = 1000
            let client = try await TestClient.connect(to: server.endpoint, configuration: configuration)
            let small = try await client.start("GET", "/flood?100000", consumes: false)
            let large = try await client.start("GET", "/flood?250000", consumes: false)
            #expect(try await large.response.get().closed == .reset(.enhanceYourCalm))
            #expect(server.application.counts.cancelled == [.shed])
            #expect(server.log.all.count == 1)
            #expect(server.log.all.first?.hasPrefix("exchange given up: all connections together hold") == true)
            #expect(try await client.fetch("GET", "/hello").text == "hello")
            #expect(try await small.with { $0.response.closed } == nil)
            try await client.close()
        }
    }

    @Test(
        "A request that is kept unfinished is given up as well, over HTTP/1.1 with its connection",
        .timeLimit(.minutes(1)))
    func unfinished() async throws {
        try await TestServer.run {
            $0.maxHeldBytesPerLoop = 100_000
        } _: { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let call = try await client.start("POST", "/keep", endStream: false)
            try await call.with { $0.exchange?.write(ByteBuffer(repeating: 1, count: 90_000)) }
            try await eventually("received") { server.application.counts.received == 90_000 }
            #expect(server.application.counts.cancelled.isEmpty)
            try await call.with { $0.exchange?.write(ByteBuffer(repeating: 1, count: 20_000)) }
            #expect(try await call.response.get().closed == .reset(.enhanceYourCalm))
            try await client.close()

            let raw = try await RawClient.connect(port: server.port)
            try await raw.send(
                Array("POST /keep HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n".utf8)
                    + [UInt8](repeating: 1, count: 110_000))
            try await eventually("closed") { raw.isClosed }
            #expect(server.application.counts.cancelled == [.shed, .shed])
        }
    }
}
