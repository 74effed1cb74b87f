import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

private let echo = Method.unary("test.Echo", "Say") { (request: StringValue, _) in
    StringValue(value: "echo " + request.value)
}
private let count = Method.serverStreaming("test.Echo", "Count") {
    (request: StringValue, _, responses: ResponseWriter<StringValue>) in
    for number in 1...3 { try await responses.write(StringValue(value: "\(request.value)\(number)")) }
}
private let join = Method.clientStreaming("test.Echo", "Join") { (requests: RequestStream<StringValue>, _) in
    var all: [String] = []
    for try await request in requests { all.append(request.value) }
    return StringValue(value: all.joined(separator: "+"))
}
private let chat = Method.bidirectionalStreaming("test.Echo", "Chat") {
    (requests: RequestStream<StringValue>, _, responses: ResponseWriter<StringValue>) in
    for try await request in requests { try await responses.write(StringValue(value: "<" + request.value)) }
}
private let who = Method.unary("test.Echo", "Who") { (_: StringValue, context) in
    let certificate = context.peer.certificate
    return StringValue(value: "\(certificate?.dnsNames ?? []) \(certificate?.uris ?? [])")
}

@Suite struct ServerCallTests {
    private let stage = Stage([echo, count, join, chat, who])

    @Test func `a handler sees the certificate of its caller`() {
        let exchange = stage.request("test.Echo/Who", "")
        stage.endBurst()
        #expect(exchange.messages == [#"["caller"] ["spiffe://test/caller"]"#])
    }

    @Test func `a unary call is answered within its burst`() {
        let exchange = stage.request("test.Echo/Say", "hi")
        #expect(!exchange.isEnded)
        stage.endBurst()
        #expect(exchange.status == .ok)
        #expect(exchange.messages == ["echo hi"])
        #expect(exchange.response == ResponseHead(status: 200, headers: ["content-type": "application/grpc"]))
        #expect(exchange.trailers == ["grpc-status": "0"])
        #expect(exchange.consumed == 9)
    }

    @Test func `a burst of calls is answered in order`() {
        let exchanges = (0..<50).map { stage.request("test.Echo/Say", "\($0)") }
        stage.endBurst()
        for (number, exchange) in exchanges.enumerated() { #expect(exchange.messages == ["echo \(number)"]) }
    }

    @Test func `the other kinds`() {
        let counted = stage.request("test.Echo/Count", "n")
        let joined = stage.request("test.Echo/Join", "a", "b", "c")
        let chatted = stage.request("test.Echo/Chat", "x", "y")
        let empty = stage.request("test.Echo/Join")
        stage.endBurst()
        stage.run()
        #expect(counted.messages == ["n1", "n2", "n3"])
        #expect(joined.messages == ["a+b+c"])
        #expect(chatted.messages == ["<x", "<y"])
        #expect(empty.messages == [""])
        for exchange in [counted, joined, chatted, empty] { #expect(exchange.status == .ok) }
    }

    @Test func `a bidirectional call answers before its request ends`() {
        let exchange = stage.open("test.Echo/Chat")
        stage.endBurst()
        for text in ["a", "b"] {
            stage.send([text], on: exchange)
            stage.endBurst()
            #expect(exchange.messages.last == "<" + text)
        }
        #expect(!exchange.isEnded)
        exchange.delegate?.receivedEnd(trailers: [:])
        stage.endBurst()
        #expect(exchange.status == .ok)
    }

    @Test(arguments: [
        ("test.Echo/Shout", "test.Echo has no method Shout"), ("test.Other/Say", "there is no service test.Other here"),
        ("nonsense", "/nonsense is not the path of a method"), ("test.echo/Say", "there is no service test.echo here"),
    ])
    func `an unknown method is UNIMPLEMENTED, trailers only`(_ path: String, _ message: String) {
        let exchange = stage.request(path, "hi")
        stage.endBurst()
        #expect(exchange.status == .unimplemented)
        #expect(exchange.message == message)
        #expect(exchange.trailers == nil)
        #expect(exchange.ends == 1)
    }

    @Test func `another content type is refused with 415`() {
        let exchange = stage.open("test.Echo/Say", type: "text/plain")
        #expect(exchange.response?.status == 415)
        #expect(exchange.isEnded)
    }

    @Test func `a unary call takes one message, no more and no less`() {
        for exchange in [stage.request("test.Echo/Say"), stage.request("test.Echo/Count", "a", "b")] {
            stage.endBurst()
            #expect(exchange.status == .unimplemented)
        }
    }

    @Test func `a request that stops inside a message is INTERNAL`() {
        for path in ["test.Echo/Say", "test.Echo/Join"] {
            let exchange = stage.open(path)
            exchange.delegate?.received(ByteBuffer(bytes: [0, 0, 0, 0, 9, 1]))
            exchange.delegate?.receivedEnd(trailers: [:])
            stage.endBurst()
            #expect(exchange.status == .internal)
        }
    }

    @Test func `a message that is not protobuf is INTERNAL`() {
        for path in ["test.Echo/Say", "test.Echo/Chat"] {
            let exchange = stage.open(path)
            exchange.delegate?.received(framed([0x0A, 0x05, 0x01] as [UInt8]))
            exchange.delegate?.receivedEnd(trailers: [:])
            stage.endBurst()
            #expect(exchange.status == .internal)
            #expect(exchange.message?.contains("google.protobuf.StringValue") == true)
        }
    }

    @Test func `an oversized message is refused as soon as its prefix is there`() {
        var options = ServerOptions()
        options.maxRequestBytes = 10
        let stage = Stage([echo, chat], options: options)
        for path in ["test.Echo/Say", "test.Echo/Chat"] {
            let exchange = stage.open(path)
            stage.endBurst()
            exchange.delegate?.received(ByteBuffer(bytes: [0, 0, 0, 0, 11]))
            #expect(exchange.status == .resourceExhausted)
            exchange.delegate?.received(ByteBuffer(bytes: [1, 2, 3]))
            exchange.delegate?.receivedEnd(trailers: [:])
            stage.endBurst()
            stage.run()
            #expect(exchange.consumed == 8, "bytes that nobody reads are paid back")
            #expect(exchange.ends == 1)
        }
    }

    @Test func `an encoding that is not known is UNIMPLEMENTED and told what is`() {
        let exchange = stage.open("test.Echo/Say", headers: ["grpc-encoding": "snappy"])
        #expect(exchange.status == .unimplemented)
        #expect(exchange.response?.headers[first: "grpc-accept-encoding"] == "identity,gzip,deflate,zstd")
    }

    @Test func `a compressed message without an encoding is INTERNAL`() {
        for headers in [[:], ["grpc-encoding": "identity"]] as [Headers] {
            let exchange = stage.open("test.Echo/Say", headers: headers)
            exchange.delegate?.received(ByteBuffer(bytes: [1, 0, 0, 0, 1, 7]))
            #expect(exchange.status == .internal)
        }
    }

    @Test func `what is not of its encoding is INTERNAL`() {
        let exchange = stage.open("test.Echo/Say", headers: ["grpc-encoding": "gzip"])
        exchange.delegate?.received(ByteBuffer(bytes: [1, 0, 0, 0, 1, 7]))
        exchange.delegate?.receivedEnd(trailers: [:])
        #expect(exchange.status == .internal)
    }

    @Test func `an uncompressed message passes whatever encoding was announced`() {
        let exchange = stage.request("test.Echo/Say", "hi", headers: ["grpc-encoding": "gzip"])
        stage.endBurst()
        #expect(exchange.status == .ok)
    }

    @Test func `a handler's error is the status, with metadata and details`() {
        struct Refusal: RPCErrorConvertible {
            var rpcError: RPCError { RPCError(.failedPrecondition, reason: "NOT_ACTIVE", "not active") }
        }
        let stage = Stage([
            .unary("t.S", "Own") { (_: StringValue, context) -> StringValue in
                context.trailingMetadata.add("x-late", "2")
                throw RPCError(.notFound, "no", metadata: ["x-own": "1"])
            },
            .unary("t.S", "Domain") { (_: StringValue, _) -> StringValue in throw Refusal() },
            .unary("t.S", "Other") { (_: StringValue, _) -> StringValue in throw FramingError.compressedWithoutEncoding
            },
            .unary("t.S", "OK") { (_: StringValue, _) -> StringValue in throw RPCError(.ok, "") },
        ])
        let own = stage.request("t.S/Own", "")
        let domain = stage.request("t.S/Domain", "")
        let other = stage.request("t.S/Other", "")
        let ok = stage.request("t.S/OK", "")
        stage.endBurst()
        #expect(own.status == .notFound)
        #expect(own.response?.headers[first: "x-own"] == "1")
        #expect(own.response?.headers[first: "x-late"] == "2")
        #expect(domain.response.flatMap { StatusTrailers.outcome($0.headers)?.error?.reason } == "NOT_ACTIVE")
        #expect(other.status == .unknown)
        #expect(other.message == "the handler failed", "its text stays inside")
        #expect(ok.status == .unknown)
    }

    @Test func `metadata goes both ways`() {
        let stage = Stage([
            .unary("t.S", "M") { (_: StringValue, context) in
                context.initialMetadata.add("x-first", "1")
                context.trailingMetadata.add("x-last-bin", bytes: [1, 2, 3])
                return StringValue(value: context.metadata.values("x-in").joined(separator: "|"))
            }
        ])
        let exchange = stage.request("t.S/M", "", headers: ["x-in": "a", "x-in": "b"])
        stage.endBurst()
        #expect(exchange.messages == ["a|b"])
        #expect(exchange.response?.headers[first: "x-first"] == "1")
        #expect(exchange.trailers?[first: "x-last-bin"] == "AQID")
    }

    @Test func `interceptors surround every kind of call, the first one outermost`() {
        struct Named: ServerInterceptor {
            let name: String
            let notes: Notes
            func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
                notes.add("\(name)(")
                context[String.self] = (context[String.self] ?? "") + name
                do { try await next() } catch {
                    notes.add("!\(name)")
                    throw error
                }
                notes.add(")\(name)")
            }
        }
        let notes = Notes()
        let stage = Stage(
            [
                .unary("t.S", "U") { (_: StringValue, context) in StringValue(value: context[String.self] ?? "-") },
                .bidirectionalStreaming("t.S", "B") {
                    (_: RequestStream<StringValue>, context, responses: ResponseWriter<StringValue>) in
                    try await responses.write(StringValue(value: context[String.self] ?? "-"))
                    throw RPCError(.aborted, "")
                },
            ], interceptors: [Named(name: "a", notes: notes), Named(name: "b", notes: notes)])
        let unary = stage.request("t.S/U", "")
        stage.endBurst()
        #expect(unary.messages == ["ab"])
        #expect(notes.all == ["a(", "b(", ")b", ")a"])
        let stream = stage.request("t.S/B")
        stage.endBurst()
        #expect(stream.messages == ["ab"])
        #expect(stream.status == .aborted)
        #expect(notes.all.suffix(4) == ["a(", "b(", "!b", "!a"])
    }

    @Test func `an interceptor refuses a call before its handler`() {
        struct Closed: ServerInterceptor {
            func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
                throw RPCError(.unauthenticated, "no token")
            }
        }
        let notes = Notes()
        let stage = Stage(
            [
                .unary("t.S", "U") { (request: StringValue, _) in
                    notes.add("ran")
                    return request
                }
            ],
            interceptors: [Closed()])
        let exchange = stage.request("t.S/U", "")
        stage.endBurst()
        #expect(exchange.status == .unauthenticated)
        #expect(notes.all == [])
    }

    @Test func `an interceptor that forgets the handler is INTERNAL`() {
        struct Forgetful: ServerInterceptor {
            func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {}
        }
        let stage = Stage([echo], interceptors: [Forgetful()])
        let exchange = stage.request("test.Echo/Say", "hi")
        stage.endBurst()
        #expect(exchange.status == .internal)
    }

    @Test func `what is not gRPC goes to the fallback`() {
        final class Page: Application, @unchecked Sendable {
            var bursts = 0
            func began(_ exchange: any Exchange) { exchange.respond(ResponseHead(status: 204), endStream: true) }
            func burstEnded(on eventLoop: any EventLoop) { bursts += 1 }
        }
        let page = Page()
        let stage = Stage([echo], fallback: page)
        let exchange = stage.open("anything", type: "text/html", method: "GET")
        stage.endBurst()
        #expect(exchange.response?.status == 204)
        #expect(page.bursts == 1)
    }

    @Test func `calls of unknown methods pass through as bytes`() {
        let stage = Stage([echo]) { requests, context, responses in
            for try await request in requests { try await responses.write(request) }
            context.trailingMetadata.add("x-method", context.method)
        }
        let exchange = stage.request("other.Service/Any", "one", "two")
        let own = stage.request("test.Echo/Say", "hi")
        stage.endBurst()
        stage.run()
        #expect(exchange.messages == ["one", "two"])
        #expect(exchange.trailers?[first: "x-method"] == "other.Service/Any")
        #expect(own.messages == ["echo hi"])
    }

    @Test func `more handlers than the limit are refused; a reset stream still counts while its handler runs`() {
        let gate = Waiter<Void>()
        var options = ServerOptions()
        options.maxRunningHandlersPerLoop = 2
        let stage = Stage(
            [
                .unary("t.S", "Wait") { (request: StringValue, _) in
                    try? await gate.value()
                    return request
                }, echo,
            ], options: options)
        let first = stage.request("t.S/Wait", "1")
        stage.endBurst()
        let second = stage.request("test.Echo/Say", "2")
        let third = stage.request("test.Echo/Say", "3")
        stage.endBurst()
        #expect(second.status == .ok)
        #expect(third.status == .resourceExhausted)
        first.delegate?.cancelled(.reset(.cancel))
        stage.run()
        let fourth = stage.request("test.Echo/Say", "4")
        stage.endBurst()
        #expect(fourth.status == .ok, "the cancelled handler has ended and made room")
    }

    @Test func `a call tells what it holds for its caller without credit`() {
        let unfinished = stage.open("test.Echo/Say")
        unfinished.delegate?.received(ByteBuffer(bytes: [0, 0, 0, 0, 9, 1]))
        #expect(unfinished.held == 6)
        #expect(unfinished.consumed == 6)
        unfinished.delegate?.cancelled(.shed)
        #expect(unfinished.held == 0)
        #expect(stage.server.counts.snapshot().contains { $0.codes[.resourceExhausted] == 1 })

        let bare = stage.open("test.Echo/Say", type: "application/proto")
        bare.delegate?.received(ByteBuffer(repeating: 0, count: 1000))
        #expect(bare.held >= 1000)

        let answered = stage.request("test.Echo/Say", "hi")
        #expect(answered.held == 4)
        stage.endBurst()
        #expect(answered.held == 0)

        let chatting = stage.open("test.Echo/Chat")
        stage.endBurst()
        chatting.isWritable = false
        stage.send(["a"], on: chatting)
        stage.endBurst()
        #expect(chatting.held > 0, "the answer waits")
        chatting.isWritable = true
        chatting.delegate?.becameWritable()
        #expect(chatting.held == 0)
    }
}
