import HTTP
import NIOCore
import NIOEmbedded
import NIOPosix
import Standard
import Testing

@testable import RPC

/// Answers as the test says; the last answer stands.
private final class Names: NameResolver {
    private let state = Lock((asked: 0, answers: [Result<[Endpoint], NoSuchName>]()))

    init(_ answers: Result<[Endpoint], NoSuchName>...) { state.withLock { $0.answers = answers } }

    var asked: Int { state.withLock { $0.asked } }

    func resolve() async throws -> [Endpoint] {
        try state.withLock { state in
            state.asked += 1
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }.get()
    }
}

private struct NoSuchName: Error, CustomStringConvertible { let description = "no such name" }

@Suite struct ResolutionTests {
    private let loop = NIOAsyncTestingEventLoop()
    private let outcomes = Lock([Resolution.Outcome]())

    private func resolution(_ names: Names) -> Resolution {
        Resolution(
            names, backoff: Backoff(), target: Target(names, authority: "goals.test", serverName: nil, isTLS: false),
            on: loop, logger: .silent
        ) { [outcomes] outcome in outcomes.withLock { $0.append(outcome) } }
    }

    /// Lets the loop go on until so many outcomes are there.
    private func outcomes(_ count: Int) async -> [Resolution.Outcome] {
        while outcomes.withLock({ $0.count }) < count {
            await loop.run()
            await Task.yield()
        }
        return outcomes.withLock { $0 }
    }

    @Test func `a name is not looked up again within half a minute, and then once for all who asked`() async throws {
        let names = Names(.success([ScriptedChannel.a]), .success([ScriptedChannel.b]))
        let resolution = resolution(names)
        resolution.request()
        #expect(await outcomes(1) == [.success([ScriptedChannel.a])])
        for _ in 0..<5 { resolution.request() }
        await loop.advanceTime(by: .milliseconds(29_999))
        #expect(names.asked == 1)
        await loop.advanceTime(by: .milliseconds(1))
        #expect(await outcomes(2).last == .success([ScriptedChannel.b]))
        await loop.advanceTime(by: .seconds(100))
        #expect(names.asked == 2, "nobody has asked since")
    }

    @Test func `a failure is told, and tried again until there is an answer`() async throws {
        let names = Names(.failure(NoSuchName()), .failure(NoSuchName()), .success([]), .success([ScriptedChannel.a]))
        resolution(names).request()
        let unresolved = RPCError(.unavailable, "goals.test cannot be resolved: no such name")
        #expect(await outcomes(1) == [.failure(unresolved)])
        await loop.advanceTime(by: .milliseconds(799))
        #expect(names.asked == 1, "1 s ± 20 %")
        await loop.advanceTime(by: .milliseconds(401))
        #expect(await outcomes(2).last == .failure(unresolved))
        await loop.advanceTime(by: .milliseconds(1920))
        #expect(await outcomes(3).last == .failure(RPCError(.unavailable, "goals.test has no endpoint")))
        await loop.advanceTime(by: .milliseconds(3072))
        #expect(await outcomes(4).last == .success([ScriptedChannel.a]))
    }
}

/// Channels that lead to a name, over real sockets.
@Suite struct NamedChannelTests {
    private let group = MultiThreadedEventLoopGroup.singleton
    private let echo = Method.unary("t.S", "Echo") { (request: StringValue, _) in request }

    private func server() async throws -> (HTTPServer, Int) {
        let server = RPCServer(methods: [echo], group: group, logger: .silent)
        let listener = HTTPServer(
            configuration: HTTPConfiguration(), application: server, group: group, logger: .silent)
        return (listener, try await listener.start().port ?? 0)
    }

    private func say(_ text: String, _ channel: RPC.Channel, _ options: CallOptions = CallOptions()) async throws
        -> String
    {
        let answer: StringValue = try await channel.unary("t.S/Echo", StringValue(value: text), options)
        return answer.value
    }

    @Test func `a name of this machine`() async throws {
        let (listener, port) = try await server()
        let channel = try RPC.Channel(target: "dns:///localhost:\(port)", group: group, logger: .silent)
        #expect(try await say("hi", channel) == "hi")
        await channel.close()
        await listener.drain(grace: .seconds(5))
    }

    @Test func `a call that need not be ready fails with the resolver's words, another one waits`() async throws {
        let (listener, port) = try await server()
        let names = Names(.failure(NoSuchName()), .success([.tcp(host: "127.0.0.1", port: port)]))
        var options = RPC.Channel.Options()
        options.backoff.initial = .milliseconds(10)
        let channel = RPC.Channel(
            resolver: names, authority: "goals.test:1", options: options, group: group, logger: .silent)
        let error = await failure { _ = try await self.say("hi", channel) }
        #expect(error == RPCError(.unavailable, "goals.test:1 cannot be resolved: no such name"))
        #expect(try await say("hi", channel, CallOptions(timeout: .seconds(20), waitForReady: true)) == "hi")
        await channel.close()
        await listener.drain(grace: .seconds(5))
    }

    @Test func `round robin over two servers, whichever loop the calls come from`() async throws {
        let (first, one) = try await server()
        let (second, two) = try await server()
        let names = Names(.success([.tcp(host: "127.0.0.1", port: one), .tcp(host: "127.0.0.1", port: two)]))
        var options = RPC.Channel.Options()
        options.serviceConfig.balancing = .roundRobin
        let channel = RPC.Channel(
            resolver: names, authority: "goals.test", options: options, group: group, logger: .silent)
        for number in 0..<20 { #expect(try await say("\(number)", channel) == "\(number)") }
        await first.drain(grace: .seconds(5))
        for number in 0..<20 { #expect(try await say("\(number)", channel) == "\(number)", "one is left") }
        await channel.close()
        await second.drain(grace: .seconds(5))
    }
}
