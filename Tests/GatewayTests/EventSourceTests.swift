import HTTP
import NIOPosix
import Protobuf
import RPC
import Schema
import Standard
import Synchronization
import Testing

@testable import Gateway

/// HTML Living Standard §9.2.
@Suite(.timeLimit(.minutes(1))) struct EventSourceTests {
    @Test func anEventHasATypeAnIDAndOneLineOfData() {
        let event = EventSource.event("message", data: [UInt8]("{}".utf8), id: "t1")
        #expect(String(decoding: event, as: UTF8.self) == "event: message\nid: t1\ndata: {}\n\n")
        let without = EventSource.event("error", data: [UInt8]("{}".utf8), id: nil)
        #expect(String(decoding: without, as: UTF8.self) == "event: error\ndata: {}\n\n")
    }

    @Test(arguments: ["a\nb", "a\rb", "a\0b"])
    func anIDWithALineBreakIsLeftOut(_ id: String) {
        let event = EventSource.event("message", data: [UInt8]("{}".utf8), id: id)
        #expect(String(decoding: event, as: UTF8.self) == "event: message\ndata: {}\n\n")
    }

    private static let watch = "/v1/\(pair)/trustProfile:watch"

    /// Answers token by token from the one after `resume_token`, then waits to be cancelled.
    private static func watching(
        until cancelled: AsyncStream<Void>.Continuation, messages: Int = 2
    ) -> RPC.Method {
        .serverStreaming(trust, "WatchTrustProfile") { (request: WatchTrustProfileRequest, context, responses) in
            let first = (Int(request.resumeToken) ?? 0) + 1
            for token in first..<first + messages {
                try await responses.write(
                    WatchTrustProfileResponse(profile: TrustProfile(name: request.name), resumeToken: String(token)))
            }
            try? await Task.sleep(for: .seconds(60))
            if context.isCancelled { cancelled.yield() }
            // A killed process gives no last status, so this one must not either.
            await Task.detached { try? await Task.sleep(for: .seconds(1)) }.value
        }
    }

    @Test func messagesComeAsEventsAndGoingAwayCancels() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch)
            var iterator = events.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect(first.hasPrefix("event: message\nid: 1\ndata: {\"profile\":{\"name\":\"\(pair)/trustProfile\","))
            #expect(first.split(separator: "\n").count == 3)
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 2\n") == true)
            client.close()
            for await _ in cancelled.stream { break }
        }
    }

    @Test func lastEventIDResumes() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch, ["last-event-id": "41"])
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 42\n") == true)
            client.close()
        }
    }

    @Test func aStreamWithoutMessagesShowsThatItStands() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation, messages: 0)
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch, comments: true)
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next() == ":")
            client.close()
        }
    }

    @Test func drainingEndsTheStreamCleanly() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let (_, events) = try await test.events(Self.watch)
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            #expect(try await iterator.next() != nil)
            let start = ContinuousClock.now
            await test.gateway.stop()
            #expect(try await iterator.next() == nil)
            #expect(ContinuousClock.now - start < .seconds(4))
        }
    }

    @Test func anErrorBeforeTheFirstMessageIsAnAnswerLikeAnyOther() async throws {
        let method = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (_: WatchTrustProfileRequest, _, _: ResponseWriter<WatchTrustProfileResponse>) in
            throw RPCError(.permissionDenied, reason: "NOT_PARTY", "no")
        }
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let answer = try await test.send("GET", Self.watch)
            #expect(answer.status == 403)
            #expect(answer["error.details.0.reason"] == .string("NOT_PARTY"))
        }
    }

    @Test func anErrorLaterIsTheLastEvent() async throws {
        let method = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (_: WatchTrustProfileRequest, _, responses: ResponseWriter<WatchTrustProfileResponse>) in
            try await responses.write(WatchTrustProfileResponse(resumeToken: "1"))
            throw RPCError(.dataLoss, reason: "CHAIN_BROKEN", "broken")
        }
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let answer = try await test.send("GET", Self.watch)
            #expect(answer.status == 200)
            #expect(answer.head.headers[first: "content-type"] == "text/event-stream")
            let events = answer.text.split(separator: "\n\n")
            #expect(events.count == 2)
            #expect(
                events.last?.hasPrefix("event: error\ndata: {\"error\":{\"code\":500,\"status\":\"DATA_LOSS\"") == true)
        }
    }

    /// Counts up from the resume token; the first call is lost after two messages.
    @Test func aLostServiceIsFollowedOnBehindTheLastMessage() async throws {
        let tokens = Mutex<[String]>([])
        let method = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (request: WatchTrustProfileRequest, _, responses: ResponseWriter<WatchTrustProfileResponse>) in
            let calls = tokens.withLock { tokens in
                tokens.append(request.resumeToken)
                return tokens.count
            }
            // A service that starts refuses once.
            if calls == 2 { throw RPCError(.unavailable, "not yet") }
            let first = (Int(request.resumeToken) ?? 0) + 1
            for token in first..<first + 2 {
                try await responses.write(WatchTrustProfileResponse(resumeToken: String(token)))
            }
            if calls == 1 { throw RPCError(.unavailable, "the connection was lost") }
            try await Task.sleep(for: .seconds(60))
        }
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch, ["last-event-id": "6"])
            var iterator = events.makeAsyncIterator()
            for token in 7...10 {
                #expect(try await iterator.next()?.hasPrefix("event: message\nid: \(token)\n") == true)
            }
            #expect(tokens.withLock { $0 } == ["6", "8", "8"])
            client.close()
        }
    }

    /// What was written without a token cannot be gone on from without a gap or a repetition.
    @Test func aStreamWithoutTokensIsNotGoneOnWith() async throws {
        let method = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (_: WatchTrustProfileRequest, _, responses: ResponseWriter<WatchTrustProfileResponse>) in
            try await responses.write(WatchTrustProfileResponse())
            throw RPCError(.unavailable, "lost")
        }
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let answer = try await test.send("GET", Self.watch)
            let events = answer.text.split(separator: "\n\n")
            #expect(events.count == 2)
            #expect(events.last?.contains("\"status\":\"UNAVAILABLE\"") == true)
        }
    }

    @Test func aServiceThatRestartsIsFollowedOn() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch)
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 1\n") == true)
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 2\n") == true)
            let service = try #require(test.services["trust-scoring"])
            await service.stop()
            let again = try await FakeService([method], at: service.endpoint)
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 3\n") == true)
            client.close()
            await again.stop()
        }
    }

    /// A client that comes back on another connection says what it has seen.
    @Test func aDroppedConnectionMissesNothing() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGateway.run(["trust-scoring": [method]]) { test in
            var seen = 0
            for _ in 0..<3 {
                let (client, events) = try await test.events(
                    Self.watch, seen == 0 ? [:] : ["last-event-id": String(seen)])
                var iterator = events.makeAsyncIterator()
                let event = try #require(try await iterator.next())
                seen += 1
                #expect(event.hasPrefix("event: message\nid: \(seen)\n"))
                client.close()
            }
        }
    }
}
