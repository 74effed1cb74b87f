import HTTP
import NIOCore
import Testing

@testable import HTTPTesting

@Suite("HTTP/1.1 (RFC 9112)")
struct HTTP1Tests {
    private func exchange(_ request: String, until end: String, count: Int = 1) async throws -> String {
        var text = ""
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send(request)
            try await eventually("the answer \(end)") {
                client.text.split(separator: end, omittingEmptySubsequences: false).count > count
            }
            text = client.text
            try await client.close()
        }
        return text
    }

    @Test("A response without a length is chunked", .timeLimit(.minutes(1)))
    func chunked() async throws {
        let text = try await exchange("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", until: "0\r\n\r\n")
        #expect(
            text == "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n0\r\n\r\n")
    }

    @Test("Answers made at the end of the burst arrive", .timeLimit(.minutes(1)))
    func deferred() async throws {
        let text = try await exchange("GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n", until: "0\r\n\r\n")
        #expect(text.contains("8\r\ndeferred\r\n"))
    }

    /// Found by fuzzing: what is ready on the loop, calls of other connections too, waited for somebody else to speak.
    @Test("Garbage behind a request ends the burst all the same", .timeLimit(.minutes(1)))
    func garbageBehindARequest() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send("GET /deferred HTTP/1.1\r\nHost: a\r\n\r\ngarbage\r\n\r\n")
            try await eventually("the end of the burst") { server.application.counts.bursts > 0 }
            // The server may have closed it by now.
            try? await client.close()
        }
    }

    @Test("Pipelined requests are answered in order, whoever is ready first (§9.3.2)", .timeLimit(.minutes(1)))
    func pipelining() async throws {
        let requests =
            "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n"
            + "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /deferred HTTP/1.1\r\nHost: a\r\n\r\n"
        let text = try await exchange(requests, until: "0\r\n\r\n", count: 4)
        let bodies = text.components(between: "chunked\r\n\r\n", and: "\r\n0\r\n")
        #expect(bodies == ["8\r\ndeferred", "1\r\n3", "5\r\nhello", "8\r\ndeferred"])
    }

    @Test("HEAD, 204 and empty answers carry no body", .timeLimit(.minutes(1)))
    func noBody() async throws {
        let requests = ["HEAD /hello", "GET /no-body", "GET /none"].map { "\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
        let text = try await exchange(requests, until: "content-length: 0\r\n\r\n")
        #expect(
            text == "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
                + "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
    }

    @Test("Chunked bodies and trailers, both ways", .timeLimit(.minutes(1)))
    func trailers() async throws {
        let request =
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n2\r\nde\r\n0\r\nSeen: yes\r\n\r\n"
        let text = try await exchange(request, until: "seen: yes\r\n\r\n")
        #expect(text.hasSuffix("5\r\nabcde\r\n0\r\nsize: 5\r\nseen: yes\r\n\r\n"))
    }

    @Test("Expect: 100-continue is answered unless the application has (RFC 9110 §10.1.1)", .timeLimit(.minutes(1)))
    func expectContinue() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            try await client.send("POST /upload \(head)")
            try await eventually("100") { client.text == "HTTP/1.1 100 Continue\r\n\r\n" }
            try await client.send("12345")
            try await eventually("200") { client.text.hasSuffix("1\r\n5\r\n0\r\n\r\n") }

            let refused = try await RawClient.connect(port: server.port)
            try await refused.send("POST /early \(head)")
            try await eventually("answer") { refused.text.hasSuffix("0\r\n\r\n") }
            #expect(refused.text.hasPrefix("HTTP/1.1 200 OK"))
            try await client.close()
        }
    }

    @Test("An early answer to an unfinished request ends the connection", .timeLimit(.minutes(1)))
    func earlyAnswer() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send(
                "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nGET /hello HTTP/1.1\r\n")
            try await eventually("close") { client.isClosed }
            #expect(client.text.contains("enough"))
            #expect(server.application.counts.began == 1)
        }
    }

    @Test("Connection: close and HTTP/1.0 end the connection after the answer (§9.6)", .timeLimit(.minutes(1)))
    func close() async throws {
        for request in [
            "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "GET /hello HTTP/1.0\r\n\r\n",
            "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        ] {
            try await TestServer.run { server in
                let client = try await RawClient.connect(port: server.port)
                try await client.send(request)
                try await eventually("close") { client.isClosed }
                #expect(client.text.contains("connection: close\r\n"))
                #expect(client.text.contains("hello"))
            }
        }
    }

    @Test(
        "What is no HTTP, names no host or is too large is refused", .timeLimit(.minutes(1)),
        arguments: [
            ("garbage\r\n\r\n", "400"), ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", "400"), ("PRIVATE / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "v", count: 20_000) + "\r\n\r\n", "431"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "v", count: 20_000), "431"),
            ("GET /" + String(repeating: "p", count: 16_384) + " HTTP/1.1\r\nHost: a\r\n\r\n", "4"),
            ("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 256) + "\r\n", "431"),
            // Shapes that make two parsers see two requests where there is one (RFC 9112 §6.3, §11.2).
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 4\r\n\r\nabc", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "400"),
            ("GET / HTTP/1.1\nHost: a\n\n", "400"),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400"), ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"),
        ])
    func refused(request: String, status: String) async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send(request)
            try await eventually("close") { client.isClosed }
            #expect(client.text.hasPrefix("HTTP/1.1 \(status)"), "\(client.text)")
            #expect(server.application.counts.began == 0)
        }
    }

    @Test(
        "Chunks that are none end the connection, and what follows them is no request", .timeLimit(.minutes(1)),
        arguments: [
            "xyz\r\n", "-1\r\n", "1 \r\na\r\n", "0x1\r\na\r\n", "ffffffffffffffffff\r\n", "1\r\nab\r\n", "1\na\n0\n\n",
            "0\r\n" + String(repeating: "X: y\r\n", count: 300) + "\r\n",
        ])
    func badChunks(chunks: String) async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send(
                "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
                    + "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("close") { client.isClosed }
            #expect(!client.text.contains("200"))
            #expect(server.application.counts.began == 1)
            #expect(server.log.all.count == 1)
        }
    }

    @Test("Pipelined requests beyond the limit end the connection", .timeLimit(.minutes(1)))
    func pipelineLimit() async throws {
        try await TestServer.run { server in
            let request = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
            let fine = try await RawClient.connect(port: server.port)
            try await fine.send(String(repeating: request, count: 64))
            try await eventually("began") { server.application.counts.began == 1 }
            let client = try await RawClient.connect(port: server.port)
            // Reads are short until something long has come: then many heads come in one.
            let body = String(repeating: "x", count: 1_000_000)
            try await client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n" + body)
            try await eventually("upload") { client.text.contains("200") }
            try await client.send(String(repeating: request, count: 5000))
            try await eventually("close") { client.isClosed }
            #expect(!fine.isClosed)
            #expect(server.log.all.map { $0.contains("too many pipelined requests 127.0.0.1:") } == [true])
            try await eventually("cancelled") { server.application.counts.cancelled == [.connectionClosed] }
            try await fine.close()
        }
    }

    @Test("Slow heads and slow bodies are told from idle connections", .timeLimit(.minutes(1)))
    func slow() async throws {
        try await TestServer.run {
            $0.prefaceTimeout = .seconds(3)
            $0.http1KeepAliveTimeout = .milliseconds(1500)
            $0.http1BodyTimeout = .milliseconds(1500)
        } _: { server in
            let head = try await RawClient.connect(port: server.port)
            _ = try? await head.send("GET /hello HTTP/1.1\r\n")
            try await eventually("head") { head.isClosed }
            #expect(server.log.all.map { $0.contains("a request head was not finished in time") } == [true])
            let body = try await RawClient.connect(port: server.port)
            try await body.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
            try await eventually("body") { body.isClosed }
            #expect(server.log.all.last?.contains("a body brought nothing for too long") == true)
            #expect(server.application.counts.cancelled == [.timedOut])
            let idle = try await RawClient.connect(port: server.port)
            try await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("idle") { idle.isClosed }
            #expect(server.log.all.count == 2)
            // A slow answer is no slow body.
            let held = try await RawClient.connect(port: server.port)
            try await held.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            try await Task.sleep(for: .milliseconds(2500))
            #expect(!held.isClosed)
            try await held.close()
        }
    }

    @Test("The absolute form overrules Host (§3.2.2); names become lower case", .timeLimit(.minutes(1)))
    func absoluteForm() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send("GET http://b:1/hello?q=1 HTTP/1.1\r\nHost: a\r\nX-Name: V\r\n\r\n")
            try await eventually("answer") { client.text.contains("hello") }
            let head = server.application.counts.heads.first
            #expect(head?.authority == "b:1")
            #expect(head?.path == "/hello?q=1")
            #expect(head?.headers == ["host": "a", "x-name": "V"])
            #expect(head?.version == .http1_1)
            try await client.close()
        }
    }

    @Test("A request split at every byte is the same request", .timeLimit(.minutes(1)))
    func everySplit() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            let request = Array("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc".utf8)
            for split in 0...request.count {
                try await client.send(Array(request[..<split]))
                try await client.send(Array(request[split...]))
                try await eventually("answer \(split)") {
                    client.text.components(between: "chunked\r\n\r\n", and: "\r\n0\r\n\r\n").count == split + 1
                }
            }
            #expect(Set(client.text.components(between: "chunked\r\n\r\n", and: "\r\n0\r\n\r\n")) == ["1\r\n3"])
            try await client.close()
        }
    }

    @Test("Large downloads and uploads keep to back-pressure", .timeLimit(.minutes(1)))
    func large() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send("GET /download?3000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("download") { client.ends(with: "0\r\nchecksum: ok\r\n\r\n") }
            #expect(client.bytes.count > 3_000_000)
            let body = Array(repeating: UInt8(ascii: "x"), count: 3_000_000)
            try await client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n")
            try await client.send(body)
            try await eventually("upload") { client.ends(with: "7\r\n3000000\r\n0\r\n\r\n") }
            try await client.close()
        }
    }

    @Test("An application that consumes nothing stops the reading", .timeLimit(.minutes(1)))
    func bodyWindow() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            async let sent: Void = client.send(
                Array("POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n".utf8)
                    + Array(repeating: 0, count: 50_000_000))
            try await eventually("the window is full") { server.application.counts.received >= 256 * 1024 }
            let other = try await TestClient.connect(to: server.endpoint)
            for _ in 0..<200 {  // time enough for a missing limit to show
                #expect(try await other.fetch("GET", "/hello").text == "hello")
            }
            // One burst, four reads of 64 KiB, may pass the limit.
            #expect(server.application.counts.received < 256 * 1024 + 5 * 64 * 1024)
            try await other.close()
            server.application.release { $0.exchange.reset(.cancel) }
            try await eventually("closed") { client.isClosed }
            _ = try? await sent
        }
    }

    @Test("A lost connection cancels, once", .timeLimit(.minutes(1)))
    func lost() async throws {
        try await TestServer.run { server in
            let client = try await RawClient.connect(port: server.port)
            try await client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("began") { server.application.counts.began == 1 }
            try await client.close()
            try await eventually("cancelled") { server.application.counts.cancelled == [.connectionClosed] }
            server.application.release { $0.answer("too late") }
        }
    }

    @Test(
        "An idle connection is closed after the keep-alive timeout, an unfinished head after the preface timeout",
        .timeLimit(.minutes(1)))
    func timeouts() async throws {
        try await TestServer.run {
            $0.http1KeepAliveTimeout = .milliseconds(50)
            $0.prefaceTimeout = .seconds(3)
        } _: { server in
            let idle = try await RawClient.connect(port: server.port)
            _ = try? await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            let unfinished = try await RawClient.connect(port: server.port)
            _ = try? await unfinished.send("GET /hello HTTP/1.1\r\n")
            let silent = try await RawClient.connect(port: server.port)
            try await eventually("all closed") { idle.isClosed && unfinished.isClosed && silent.isClosed }
            #expect(idle.text.contains("hello"))
        }
    }

    @Test("Draining answers what has begun with connection: close, closes idle connections", .timeLimit(.minutes(1)))
    func drain() async throws {
        try await TestServer.run { server in
            let busy = try await RawClient.connect(port: server.port)
            try await busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
            let idle = try await RawClient.connect(port: server.port)
            try await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("both") { server.application.counts.began == 2 && idle.text.contains("hello") }
            async let drained: Void = server.server.drain(grace: .seconds(20))
            try await eventually("idle closed") { idle.isClosed }
            #expect(!busy.isClosed)
            server.application.release { $0.answer("late") }
            try await eventually("busy closed") { busy.isClosed }
            #expect(busy.text.contains("connection: close\r\n"))
            #expect(busy.text.contains("late"))
            await drained
        }
    }
}

extension String {
    /// The texts between `start` and the next `end`.
    func components(between start: String, and end: String) -> [String] {
        split(separator: start, omittingEmptySubsequences: false).dropFirst().compactMap {
            let parts = $0.split(separator: end, omittingEmptySubsequences: false)
            return parts.count > 1 ? String(parts[0]) : nil
        }
    }
}
