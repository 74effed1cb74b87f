import HTTP
import NIOCore
import Testing

@Suite("Server and client over sockets")
struct ServerClientTests {
    @Test("A GET and its answer", .timeLimit(.minutes(1)))
    func get() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let response = try await client.fetch("GET", "/hello?x=1", headers: ["x-name": "value"])
            #expect(response.head?.status == 200)
            #expect(response.head?.headers[first: "content-type"] == "text/plain")
            #expect(response.text == "hello")
            let head = server.application.counts.heads.first
            #expect(head?.method == "GET")
            #expect(head?.authority == "test")
            #expect(head?.path == "/hello?x=1")
            #expect(head?.headers == ["x-name": "value"])
            #expect(head?.version == .http2)
            try await client.close()
        }
    }

    @Test(
        "Bodies beyond every window, both ways, with trailers", .timeLimit(.minutes(1)),
        arguments: [0, 1, 16_384, 5_000_000])
    func largeBodies(size: Int) async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            let body = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            let echo = try await client.fetch("POST", "/echo", body: body)
            #expect(echo.body == body)
            #expect(echo.trailers[first: "size"] == "\(size)")
            let stream = try await client.fetch("POST", "/stream-echo", body: body)
            #expect(stream.body == body)
            #expect(stream.trailers == ["done": "yes"])
            let download = try await client.fetch("GET", "/download?\(size)")
            #expect(download.body.readableBytes == size)
            #expect(download.trailers == ["checksum": "ok"])
            try await client.close()
        }
    }

    @Test("1000 requests in sequence and 500 at once", .timeLimit(.minutes(1)))
    func many() async throws {
        try await TestServer.run { server in
            let client = try await TestClient.connect(to: server.endpoint)
            for _ in 0..<1000 {
                #expect(try await client.fetch("GET", "/deferred").text == "deferred")
            }
            try await withThrowingTaskGroup(of: TestResponse.self) { group in
                for index in 0..<500 {
                    group.addTask { try await client.fetch("POST", "/echo", body: ByteBuffer(string: "\(index)")) }
                }
                var sum = 0
                for try await response in group {
                    sum += Int(response.text) ?? 0
                }
                #expect(sum == 500 * 499 / 2)
            }
            try await client.close()
        }
    }
}
