import HTTP
import NIOCore
import NIOEmbedded
import Standard
import Testing

@testable import RPC

@Suite struct PickFirstTests {
    private static let a = ScriptedChannel.a
    private static let b = ScriptedChannel.b

    @Test func `an endpoint that does not answer is not waited for long`() throws {
        let script = ScriptedChannel()
        let call = script.call()
        #expect(script.attempts.endpoints == [Self.a])
        script.loop.advanceTime(by: .milliseconds(250))
        #expect(script.attempts.endpoints == [Self.a, Self.b], "gRFC A61: 250 ms")
        script.attempts.succeed(at: Self.b).streams[0].answer("b")
        #expect(try text(call) == "b")
        #expect(script.attempts.succeed(at: Self.a).isClosed, "it comes too late")
    }

    @Test func `it may be shuffled`() {
        let many = (1...20).map { Endpoint.tcp(host: "h\($0).test", port: 1) }
        var config = ServiceConfig()
        config.balancing = .pickFirst(shuffles: true)
        let firsts = (0..<20).map { _ in
            let script = ScriptedChannel(config: config, endpoints: many)
            _ = script.call()
            return script.attempts.endpoints[0]
        }
        #expect(Set(firsts).count > 1, "all the same by chance: 1 in 20 to the 19th")
    }

    @Test func `another connection when all streams are in use, if that is allowed`() throws {
        var config = ServiceConfig()
        config.maxConnectionsPerEndpoint = 2
        let script = ScriptedChannel(config: config, endpoints: [Self.a])
        let first = script.call("1")
        let one = script.attempts.succeed()
        one.canTakeRequest = false
        let second = script.call("2")
        #expect(script.attempts.endpoints == [Self.a, Self.a])
        let two = script.attempts.succeed()
        two.canTakeRequest = false
        let third = script.call("3")
        #expect(script.attempts.endpoints.count == 2, "two are allowed")
        two.streams[0].answer("two")
        two.canTakeRequest = true
        script.loop.run()
        two.streams[1].answer("three")
        one.streams[0].answer("one")
        #expect(try [first, second, third].map(text) == ["one", "two", "three"])
    }

    @Test func `a further connection that fails does no harm`() throws {
        var config = ServiceConfig()
        config.maxConnectionsPerEndpoint = 2
        let script = ScriptedChannel(config: config, endpoints: [Self.a])
        let first = script.call("1")
        let one = script.attempts.succeed()
        one.canTakeRequest = false
        let second = script.call("2")
        script.attempts.fail()
        #expect(error(second) == nil)
        one.canTakeRequest = true
        one.streams[0].answer("one")
        script.loop.run()
        one.streams[1].answer("two")
        #expect(try [first, second].map(text) == ["one", "two"])
    }

    @Test func `a server that is asked too often for a sign of life is asked half as often`() {
        var options = RPC.Channel.Options()
        options.keepalive = Keepalive(time: .seconds(30))
        let script = ScriptedChannel(options, endpoints: [Self.a])
        _ = script.call()
        let transport = script.attempts.succeed()
        transport.streams[0].answer("")
        transport.closing?(.goAway(.enhanceYourCalm, debug: "too_many_pings"))
        _ = script.call()
        #expect(script.attempts.keepalives.map(\.time) == [.seconds(30), .seconds(60)])
    }

    @Test func `who is not called for long is left, and found again`() throws {
        var options = RPC.Channel.Options()
        options.idleTimeout = .seconds(60)
        let script = ScriptedChannel(options, endpoints: [Self.a])
        _ = script.call()
        let transport = script.attempts.succeed()
        script.loop.advanceTime(by: .seconds(100))
        #expect(!transport.isClosed, "a call is open")
        transport.streams[0].answer("")
        script.loop.advanceTime(by: .seconds(59))
        #expect(!transport.isClosed)
        script.loop.advanceTime(by: .seconds(61))
        #expect(transport.isClosed)
        let call = script.call()
        script.attempts.succeed().streams[0].answer("again")
        #expect(try text(call) == "again")
    }
}

@Suite struct SpreadTests {
    private static let a = ScriptedChannel.a
    private static let b = ScriptedChannel.b
    private static let c = ScriptedChannel.c

    private static func script(_ policy: BalancingPolicy, health: String? = nil) -> ScriptedChannel {
        var config = ServiceConfig()
        config.balancing = policy
        config.healthCheckService = health
        return ScriptedChannel(config: config, endpoints: [a, b, c])
    }

    @Test func `round robin connects to all and takes them in turn`() {
        let script = Self.script(.roundRobin)
        let calls = (0..<6).map { script.call("\($0)") }
        #expect(script.attempts.endpoints == [Self.a, Self.b, Self.c])
        let first = script.attempts.succeed(at: Self.a)
        #expect(first.streams.count == 6, "what waited goes where a connection is")
        let transports = [first, script.attempts.succeed(at: Self.b), script.attempts.succeed(at: Self.c)]
        for _ in 0..<30 { _ = script.call() }
        #expect(transports.map { $0.streams.count } == [16, 10, 10])
        #expect(calls.allSatisfy { error($0) == nil })
    }

    @Test func `one that is lost is left out, and connected again at once`() {
        let script = Self.script(.roundRobin)
        _ = script.call()
        let transports = [Self.a, Self.b, Self.c].map { script.attempts.succeed(at: $0) }
        transports[0].streams[0].answer("")
        transports[0].closing?(.closedByPeer)
        #expect(script.attempts.count(Self.a) == 2)
        for _ in 0..<10 { _ = script.call() }
        #expect(transports.map { $0.streams.count } == [1, 5, 5])
    }

    @Test func `calls fail when all have failed, and not before`() throws {
        let script = Self.script(.roundRobin)
        let call = script.call()
        script.attempts.fail(at: Self.a)
        script.attempts.fail(at: Self.b)
        #expect(error(call) == nil)
        script.attempts.fail(at: Self.c)
        #expect(error(call)?.code == .unavailable)
        #expect(error(call)?.message == "a.test:1, b.test:2, c.test:3 cannot be reached: connection refused")
        script.loop.advanceTime(by: .milliseconds(1201))
        #expect(script.attempts.endpoints.count == 6, "each is tried again, called or not")
        let second = script.call()
        #expect(error(second)?.code == .unavailable, "while they are tried again, nobody waits")
        _ = script.attempts.succeed(at: Self.b)
        #expect(error(script.call()) == nil)
    }

    @Test func `the one with the fewest open calls of two`() {
        let script = Self.script(.leastRequest(choices: 100))
        _ = script.call()
        let transports = [Self.a, Self.b, Self.c].map { script.attempts.succeed(at: $0) }
        for _ in 0..<8 { _ = script.call() }
        #expect(transports.map { $0.streams.count } == [3, 3, 3], "with so many choices it is the least of all")
        for stream in transports[1].streams { stream.answer("") }
        _ = script.call()
        _ = script.call()
        #expect(transports.map { $0.streams.count } == [3, 5, 3])
    }

    // MARK: Health (gRFC A17)

    private func report(_ status: HealthCheckResponse.ServingStatus, _ stream: ScriptedTransport.Stream) {
        stream.delegate?.received(framed(HealthCheckResponse(status: status).serialized()))
    }

    @Test func `only who is serving gets calls`() throws {
        let script = Self.script(.roundRobin, health: "goals")
        let call = script.call()
        let transport = script.attempts.succeed(at: Self.a)
        let watch = transport.streams[0]
        #expect(watch.head.path == "/grpc.health.v1.Health/Watch")
        let request: HealthCheckRequest = try decoded(watch.body.getSlice(at: 5, length: watch.body.readableBytes - 5)!)
        #expect(request.service == "goals")
        #expect(transport.streams.count == 1, "it waits for the answer")
        watch.begin()
        report(.serving, watch)
        #expect(transport.streams.count == 2)
        transport.streams[1].answer("y")
        #expect(try text(call) == "y")
        report(.notServing, watch)
        script.attempts.fail(at: Self.b)
        script.attempts.fail(at: Self.c)
        let second = script.call()
        #expect(error(second)?.code == .unavailable)
        #expect(transport.streams.count == 2)
        report(.serving, watch)
        _ = script.call()
        #expect(transport.streams.count == 3)
    }

    @Test func `a call that waits hears when only connections stay that do not serve`() {
        var config = ServiceConfig()
        config.balancing = .roundRobin
        config.healthCheckService = "goals"
        config.maxConnectionsPerEndpoint = 2
        let script = ScriptedChannel(config: config, endpoints: [Self.a])
        _ = script.call()
        let first = script.attempts.succeed()
        first.streams[0].begin()
        report(.serving, first.streams[0])
        first.streams[1].answer("")
        first.canTakeRequest = false
        let waiting = script.call()
        let second = script.attempts.succeed()
        second.streams[0].begin()
        report(.notServing, second.streams[0])
        #expect(error(waiting) == nil, "the first connection may have a stream soon")
        first.closing?(.closedByPeer)
        #expect(error(waiting)?.code == .unavailable)
        #expect(error(waiting)?.message.hasSuffix("goals is not serving there") == true)
    }

    @Test func `a server that does not know the question counts as healthy`() {
        let script = Self.script(.roundRobin, health: "")
        _ = script.call()
        let transport = script.attempts.succeed(at: Self.a)
        transport.streams[0].refuse(.unimplemented)
        #expect(transport.streams.count == 2)
    }

    @Test func `a watch that ends is begun again`() {
        let script = Self.script(.roundRobin, health: "")
        _ = script.call("", CallOptions(waitForReady: true))
        let transport = script.attempts.succeed(at: Self.a)
        transport.streams[0].refuse(.unavailable)
        script.loop.advanceTime(by: .milliseconds(1201))
        #expect(transport.streams.count == 2)
        #expect(transport.streams[1].head.path == "/grpc.health.v1.Health/Watch")
        transport.streams[1].begin()
        report(.serving, transport.streams[1])
        #expect(transport.streams.count == 3)
    }

    // MARK: Outliers (gRFC A50)

    @Test func `one that fails more often than the others gets no calls for a while`() {
        var detection = OutlierDetection()
        detection.maxEjectionPercent = 40
        var rule = OutlierDetection.FailurePercentage()
        rule.threshold = 50
        rule.minimumHosts = 3
        rule.requestVolume = 10
        detection.failurePercentage = rule
        let script = Self.script(.outlierDetection(detection, .roundRobin))
        _ = script.call()
        let transports = [Self.a, Self.b, Self.c].map { script.attempts.succeed(at: $0) }
        func serve(_ count: Int) {
            for _ in 0..<count {
                _ = script.call()
                for (index, transport) in transports.enumerated() {
                    guard let stream = transport.streams.last, stream.delegate != nil else { continue }
                    if index == 1 { stream.refuse(.internal) } else { stream.answer("") }
                    stream.delegate = nil
                }
            }
        }
        serve(60)
        let before = transports[1].streams.count
        #expect(before == 20)
        script.loop.advanceTime(by: .seconds(10))
        serve(30)
        #expect(transports[1].streams.count == before, "ejected")
        script.loop.advanceTime(by: .seconds(20))
        serve(30)
        #expect(transports[1].streams.count == before, "for 30 s")
        script.loop.advanceTime(by: .seconds(10))
        serve(30)
        #expect(transports[1].streams.count == before + 10, "and then it has another chance")
    }

    @Test func `the success rate rule finds who lies far below the mean`() {
        func tally(_ successes: Int, of total: Int) -> CallTally {
            CallTally(successes: successes, failures: total - successes)
        }
        let rule = OutlierDetection.SuccessRate()
        let good = Array(repeating: tally(199, of: 200), count: 9)
        #expect(OutlierDetector.bySuccessRate(good + [tally(100, of: 200)], rule) == [9])
        #expect(OutlierDetector.bySuccessRate(good + [tally(199, of: 200)], rule) == [])
        #expect(OutlierDetector.bySuccessRate(good + [tally(0, of: 99)], rule) == [], "too few calls to judge")
        #expect(
            OutlierDetector.bySuccessRate(Array(good.prefix(3)) + [tally(0, of: 200)], rule) == [], "too few hosts")
    }
}
