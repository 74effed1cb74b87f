import HTTP
import NIOCore
import NIOPosix
import Standard
import Testing

@testable import RPC

/// Server and client together, at both depths.
@Suite(.timeLimit(.minutes(1))) struct CallTests {
    private static let methods: [Method] = [
        .unary("t.S", "Echo") { (request: StringValue, _) in request },
        .unary("t.S", "EchoElsewhere") { (request: StringValue, _) in
            guard MultiThreadedEventLoopGroup.currentEventLoop == nil else {
                throw RPCError(.internal, "the handler runs on an event loop")
            }
            await Task.yield()
            return request
        }.onGlobalPool,
        .serverStreaming("t.S", "Count") { (request: Int64Value, _, responses: ResponseWriter<Int64Value>) in
            for number in 0..<request.value { try await responses.write(Int64Value(value: number)) }
        },
        .clientStreaming("t.S", "Sum") { (requests: RequestStream<Int64Value>, _) in
            var sum: Int64 = 0
            for try await request in requests { sum += request.value }
            return Int64Value(value: sum)
        },
        .bidirectionalStreaming("t.S", "Chat") {
            (requests: RequestStream<StringValue>, _, responses: ResponseWriter<StringValue>) in
            for try await request in requests { try await responses.write(request) }
        },
        .unary("t.S", "Fail") { (request: StringValue, context) -> StringValue in
            context.trailingMetadata.add("x-trailer", "t")
            throw RPCError(
                .failedPrecondition, reason: "NOT_ACTIVE", "the relationship is not active: " + request.value
            )
            .retrying(after: .seconds(3))
        },
        .unary("t.S", "Hang") { (_: StringValue, _) -> StringValue in
            try await Waiter<Void>().value()
            return StringValue()
        },
        .unary("t.S", "TimeLeft") { (_: StringValue, context) in
            Int64Value(value: context.deadline?.remaining.clampedNanoseconds ?? -1)
        },
    ]

    @Test(arguments: Depth.allCases, ["t.S/Echo", "t.S/EchoElsewhere"])
    func `unary`(_ depth: Depth, _ path: String) async throws {
        try await depth.serve(Self.methods) { channel in
            let answer: StringValue = try await channel.unary(path, StringValue(value: "häi"), CallOptions())
            #expect(answer.value == "häi")
            let empty: StringValue = try await channel.unary(path, StringValue(), CallOptions())
            #expect(empty.value == "")
        }
    }

    @Test func `a method answers in its own process`() async throws {
        let context = ServerContext(method: "t.S/Echo")
        let request = ByteBuffer(bytes: StringValue(value: "häi").serialized())
        #expect(try await Self.methods[0].answer(request, context) == request)
        let error = await #expect(throws: RPCError.self) { try await Self.methods[2].answer(request, context) }
        #expect(error?.code == .unimplemented)
    }

    @Test(arguments: Depth.allCases) func `server streaming`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let stream: ResponseStream<Int64Value> = try await channel.serverStreaming(
                "t.S/Count", Int64Value(value: 1000), CallOptions())
            var next: Int64 = 0
            for try await number in stream {
                #expect(number.value == next)
                next += 1
            }
            #expect(next == 1000)
        }
    }

    @Test(arguments: Depth.allCases) func `client streaming`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let sum: Int64Value = try await channel.clientStreaming("t.S/Sum", CallOptions()) { writer in
                for number in 1...1000 { try await writer.write(Int64Value(value: Int64(number))) }
            }
            #expect(sum.value == 500_500)
            let none: Int64Value = try await channel.clientStreaming("t.S/Sum", CallOptions()) {
                (_: RequestWriter<Int64Value>) in
            }
            #expect(none.value == 0)
        }
    }

    @Test(arguments: Depth.allCases) func `bidirectional streaming, a word at a time`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let call: BidirectionalCall<StringValue, StringValue> = try await channel.bidirectionalStreaming(
                "t.S/Chat", CallOptions())
            var answers = call.responses.makeAsyncIterator()
            for word in ["one", "two", "three"] {
                try await call.requests.write(StringValue(value: word))
                #expect(try await answers.next()?.value == word)
            }
            call.requests.finish()
            #expect(try await answers.next() == nil)
        }
    }

    @Test(arguments: Depth.allCases) func `messages larger than every window`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let text = String(repeating: "0123456789", count: 300_000)
            let answer: StringValue = try await channel.unary("t.S/Echo", StringValue(value: text), CallOptions())
            #expect(answer.value == text)
        }
    }

    @Test(arguments: Depth.allCases) func `many calls at once`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let text = "call \(number)"
                        let path = number % 3 == 0 ? "t.S/EchoElsewhere" : "t.S/Echo"
                        let answer: StringValue = try await channel.unary(path, StringValue(value: text), CallOptions())
                        return answer.value == text
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test(arguments: Depth.allCases) func `an error comes with its details and metadata`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let error = await failure {
                let _: StringValue = try await channel.unary("t.S/Fail", StringValue(value: "é\n"), CallOptions())
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message == "the relationship is not active: é\n")
            #expect(error?.reason == "NOT_ACTIVE")
            #expect(error?.retryDelay == .seconds(3))
            #expect(error?.metadata["x-trailer"] == "t")
        }
    }

    @Test(arguments: Depth.allCases) func `an error after messages comes after them`(_ depth: Depth) async throws {
        let methods: [Method] = [
            .serverStreaming("t.S", "Break") { (_: StringValue, context, responses: ResponseWriter<Int64Value>) in
                context.initialMetadata.add("x-first", "1")
                for number in 0..<3 { try await responses.write(Int64Value(value: Int64(number))) }
                throw RPCError(.aborted, "enough")
            }
        ]
        try await depth.serve(methods) { channel in
            let stream: ResponseStream<Int64Value> = try await channel.serverStreaming(
                "t.S/Break", StringValue(), CallOptions())
            #expect(try await stream.initialMetadata["x-first"] == "1")
            var numbers: [Int64] = []
            let error = await failure { for try await number in stream { numbers.append(number.value) } }
            #expect(numbers == [0, 1, 2])
            #expect(error?.code == .aborted)
        }
    }

    @Test(arguments: Depth.allCases) func `an unknown method and the wrong kind`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let unknown = await failure {
                let _: StringValue = try await channel.unary("t.S/No", StringValue(), CallOptions())
            }
            #expect(unknown?.code == .unimplemented)
            let many = await failure {
                let _: Int64Value = try await channel.unary("t.S/Count", Int64Value(value: 2), CallOptions())
            }
            #expect(many?.code == .unimplemented, "one answer was expected, two came")
            let none = await failure {
                let _: Int64Value = try await channel.unary("t.S/Count", Int64Value(value: 0), CallOptions())
            }
            #expect(none?.code == .unimplemented, "one answer was expected, none came")
        }
    }

    @Test(arguments: Depth.allCases) func `sizes are limited at both ends`(_ depth: Depth) async throws {
        var options = ServerOptions()
        options.maxRequestBytes = 1000
        try await depth.serve(Self.methods, options: options) { channel in
            let text = StringValue(value: String(repeating: "x", count: 1000))
            let tooLong = await failure {
                let _: StringValue = try await channel.unary("t.S/Echo", text, CallOptions())
            }
            #expect(tooLong?.code == .resourceExhausted)
            var narrow = CallOptions()
            narrow.maxResponseBytes = 10
            let answer = await failure {
                let _: StringValue = try await channel.unary("t.S/Echo", StringValue(value: "0123456789"), narrow)
            }
            #expect(answer?.code == .resourceExhausted)
        }
    }

    @Test(arguments: Depth.allCases) func `a deadline ends the call at the client`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let start = ContinuousClock.now
            let error = await failure {
                let _: StringValue = try await channel.unary(
                    "t.S/Hang", StringValue(), CallOptions(timeout: .milliseconds(50)))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(start.duration(to: .now) >= .milliseconds(50))
            let passed = await failure {
                let _: StringValue = try await channel.unary("t.S/Echo", StringValue(), CallOptions(timeout: .zero))
            }
            #expect(passed?.code == .deadlineExceeded)
        }
    }

    @Test(arguments: Depth.allCases) func `a deadline and a trace go on to the next server`(_ depth: Depth) async throws
    {
        let seen = Notes()
        let inner: [Method] = [
            .unary("t.Inner", "TimeLeft") { (_: StringValue, context) in
                seen.add(context.metadata["traceparent"] ?? "none")
                seen.add(context.metadata["x-private"] ?? "none")
                return Int64Value(value: context.deadline?.remaining.clampedNanoseconds ?? -1)
            }
        ]
        try await depth.serve(inner) { innerChannel in
            let outer: [Method] = [
                .unary("t.Outer", "Ask") { (request: StringValue, context) -> Int64Value in
                    try await innerChannel.unary("t.Inner/TimeLeft", request, CallOptions(inheriting: context))
                }
            ]
            try await depth.serve(outer) { channel in
                let options = CallOptions(
                    metadata: ["traceparent": "00-1-2-01", "x-private": "p"], timeout: .seconds(30))
                let left: Int64Value = try await channel.unary("t.Outer/Ask", StringValue(), options)
                #expect(left.value > 20_000_000_000 && left.value <= 30_000_000_000)
                let none: Int64Value = try await channel.unary("t.Outer/Ask", StringValue(), CallOptions())
                #expect(none.value == -1)
            }
        }
        #expect(seen.all == ["00-1-2-01", "none", "none", "none"])
    }

    @Test(arguments: Depth.allCases) func `cancelling the caller's task cancels the handler`(_ depth: Depth)
        async throws
    {
        let (started, ended) = (Waiter<Void>(), Waiter<Void>())
        let methods: [Method] = [
            .unary("t.S", "Hang") { (request: StringValue, context) in
                started.resolve(.success(()))
                do { try await Waiter<Void>().value() } catch {
                    if context.isCancelled { ended.resolve(.success(())) }
                }
                return request
            }
        ]
        try await depth.serve(methods) { channel in
            let call = Task {
                await failure { let _: StringValue = try await channel.unary("t.S/Hang", StringValue(), CallOptions()) }
            }
            try await started.value()
            call.cancel()
            #expect(await call.value?.code == .cancelled)
            try await ended.value()
        }
    }

    @Test(arguments: Depth.allCases) func `giving up a stream cancels its handler`(_ depth: Depth) async throws {
        let ended = Waiter<Void>()
        let methods: [Method] = [
            .serverStreaming("t.S", "Forever") { (_: StringValue, _, responses: ResponseWriter<StringValue>) in
                defer { ended.resolve(.success(())) }
                while true { try await responses.write(StringValue(value: String(repeating: "x", count: 1000))) }
            }
        ]
        try await depth.serve(methods) { channel in
            do {
                let stream: ResponseStream<StringValue> = try await channel.serverStreaming(
                    "t.S/Forever", StringValue(), CallOptions())
                var count = 0
                for try await _ in stream {
                    count += 1
                    if count == 5 { break }
                }
            }
            try await ended.value()
        }
    }

    @Test(arguments: Depth.allCases) func `a slow reader holds its writer back`(_ depth: Depth) async throws {
        let written = Lock(0)
        let methods: [Method] = [
            .serverStreaming("t.S", "Flood") { (_: StringValue, _, responses: ResponseWriter<StringValue>) in
                let message = StringValue(value: String(repeating: "x", count: 10_000))
                for _ in 0..<1000 {
                    try await responses.write(message)
                    written.withLock { $0 += 1 }
                }
            }
        ]
        try await depth.serve(methods) { channel in
            let stream: ResponseStream<StringValue> = try await channel.serverStreaming(
                "t.S/Flood", StringValue(), CallOptions())
            var iterator = stream.makeAsyncIterator()
            var read = 0
            while try await iterator.next() != nil {
                read += 1
                // 10 MB are to be sent; what is under way at any time is bounded by windows and marks.
                let ahead = written.withLock { $0 } - read
                #expect(ahead < 150)
            }
            #expect(read == 1000)
        }
    }

    @Test(arguments: Depth.allCases) func `a slow handler holds its caller back`(_ depth: Depth) async throws {
        let (written, gate) = (Lock(0), Waiter<Void>())
        let methods: [Method] = [
            .clientStreaming("t.S", "Slow") { (requests: RequestStream<StringValue>, _) in
                var count: Int64 = 0
                for try await _ in requests {
                    if count == 0 { try await gate.value() }
                    count += 1
                }
                return Int64Value(value: count)
            }
        ]
        try await depth.serve(methods) { channel in
            let count: Int64Value = try await channel.clientStreaming("t.S/Slow", CallOptions()) { writer in
                let message = StringValue(value: String(repeating: "x", count: 10_000))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        for _ in 0..<1000 {
                            try await writer.write(message)
                            written.withLock { $0 += 1 }
                        }
                    }
                    // A unary call on the same connection passes the one that is stuck.
                    for _ in 0..<50 {
                        let _ = await failure {
                            let _: StringValue = try await channel.unary("t.S/No", StringValue(), CallOptions())
                        }
                    }
                    #expect(written.withLock { $0 } < 150)
                    gate.resolve(.success(()))
                    try await group.waitForAll()
                }
            }
            #expect(count.value == 1000)
        }
    }

    @Test(arguments: Depth.allCases) func `a server that answers early stops its caller`(_ depth: Depth) async throws {
        let methods: [Method] = [
            .clientStreaming("t.S", "First") { (requests: RequestStream<StringValue>, _) in
                for try await request in requests { return request }
                return StringValue()
            },
            .clientStreaming("t.S", "Refuse") { (_: RequestStream<StringValue>, _) -> StringValue in
                throw RPCError(.permissionDenied, "no")
            },
        ]
        try await depth.serve(methods) { channel in
            let first: StringValue = try await channel.clientStreaming("t.S/First", CallOptions()) { writer in
                while true { try await writer.write(StringValue(value: "a")) }
            }
            #expect(first.value == "a")
            let refused = await failure {
                let _: StringValue = try await channel.clientStreaming("t.S/Refuse", CallOptions()) { writer in
                    while true { try await writer.write(StringValue(value: "a")) }
                }
            }
            #expect(refused?.code == .permissionDenied)
        }
    }

    @Test(arguments: Depth.allCases) func `what a writing body throws cancels the call`(_ depth: Depth) async throws {
        struct Own: Error {}
        try await depth.serve(Self.methods) { channel in
            await #expect(throws: Own.self) {
                let _: Int64Value = try await channel.clientStreaming("t.S/Sum", CallOptions()) { writer in
                    try await writer.write(Int64Value(value: 1))
                    throw Own()
                }
            }
        }
    }

    @Test(arguments: Depth.allCases) func `a proxy forwards every kind of call`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { upstream in
            try await depth.serve([], passthrough: forwarding(to: { _ in upstream })) { channel in
                let echo: StringValue = try await channel.unary("t.S/Echo", StringValue(value: "x"), CallOptions())
                #expect(echo.value == "x")
                let sum: Int64Value = try await channel.clientStreaming("t.S/Sum", CallOptions()) { writer in
                    for number in 1...100 { try await writer.write(Int64Value(value: Int64(number))) }
                }
                #expect(sum.value == 5050)
                let stream: ResponseStream<Int64Value> = try await channel.serverStreaming(
                    "t.S/Count", Int64Value(value: 100), CallOptions())
                var count = 0
                for try await _ in stream { count += 1 }
                #expect(count == 100)
                let error = await failure {
                    let _: StringValue = try await channel.unary("t.S/Fail", StringValue(), CallOptions())
                }
                #expect(error?.reason == "NOT_ACTIVE")
                #expect(error?.metadata["x-trailer"] == "t")
                let left: Int64Value = try await channel.unary(
                    "t.S/TimeLeft", StringValue(), CallOptions(timeout: .seconds(30)))
                #expect(left.value > 20_000_000_000 && left.value <= 30_000_000_000)
                let late = await failure {
                    let _: StringValue = try await channel.unary(
                        "t.S/Hang", StringValue(), CallOptions(timeout: .milliseconds(50)))
                }
                #expect(late?.code == .deadlineExceeded)
                let unknown = await failure {
                    let _: StringValue = try await channel.unary("t.S/No", StringValue(), CallOptions())
                }
                #expect(unknown?.code == .unimplemented)
                let chat: BidirectionalCall<StringValue, StringValue> = try await channel.bidirectionalStreaming(
                    "t.S/Chat", CallOptions())
                var answers = chat.responses.makeAsyncIterator()
                for word in ["one", "two"] {
                    try await chat.requests.write(StringValue(value: word))
                    #expect(try await answers.next()?.value == word)
                }
                chat.requests.finish()
                #expect(try await answers.next() == nil)
            }
        }
    }

    @Test(arguments: Depth.allCases) func `a call made on an event loop stays there`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { inner in
            let outer: [Method] = [
                .unary("t.Outer", "Relay") { (request: StringValue, context) -> StringValue in
                    var text = request.value
                    let loop = MultiThreadedEventLoopGroup.currentEventLoop
                    for _ in 0..<3 {
                        let answer: StringValue = try await inner.unary(
                            "t.S/Echo", StringValue(value: text + "."), CallOptions(inheriting: context))
                        text = answer.value
                        guard loop != nil, MultiThreadedEventLoopGroup.currentEventLoop === loop else {
                            throw RPCError(.internal, "the handler has left its loop")
                        }
                    }
                    return StringValue(value: text)
                }
            ]
            try await depth.serve(outer) { channel in
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<100 {
                        group.addTask {
                            let answer: StringValue = try await channel.unary(
                                "t.Outer/Relay", StringValue(value: "x"), CallOptions())
                            return answer.value
                        }
                    }
                    for try await text in group { #expect(text == "x...") }
                }
            }
        }
    }
}
