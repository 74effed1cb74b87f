import Logging
import NIOCore
import NIOEmbedded
import Standard

@testable import HTTP
@testable import RPC

/// Bytes of a client, through the sniffer, HTTP/2 or HTTP/1.1 and all voices, to handlers of each kind.
enum ServerInput {
    static func run(_ input: [UInt8]) throws {
        let opening = ConnectionInput.preface + ConnectionInput.frame(4, 0, 0, [])
        guard let input = ConnectionInput(input, opening: opening) else { return }
        let loop = EmbeddedEventLoop()
        let ledger = ExchangeLedger()
        var options = ServerOptions()
        // Longer texts are read on another thread, for which this loop does not run.
        options.maxJSONBytes = Codec.largestOnLoop
        options.maxRequestBytes = Codec.largestOnLoop
        let server = RPCServer(
            methods: EchoService.methods, options: options, group: loop, logger: .silent)
        weak var connection: HTTP2ServerConnection?
        let output = try { () throws -> [UInt8] in
            let channel = EmbeddedChannel(
                handler: ProtocolSniffer(
                    configuration: HTTPConfiguration(), application: WatchedApplication(server, ledger),
                    peer: Peer(address: "fuzz", isTLS: false), warnings: WarningLog(.silent)), loop: loop)
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "fuzz")).wait()
            input.feed(channel)
            connection = try? channel.pipeline.syncOperations.handler(type: HTTP2ServerConnection.self)
            // Deadlines of calls and the like.
            loop.advanceTime(by: .seconds(1))
            let output = channel.written()
            _ = try? channel.finish(acceptAlreadyClosed: true)
            loop.advanceTime(by: .seconds(60))
            return output
        }()
        try hold(connection == nil, "the connection outlives its channel")
        try ledger.settle()
        for method in server.counts.snapshot() {
            try hold(method.running == 0, "\(method.running) calls of \(method.method) have not ended")
        }
        try check(output, of: input.bytes)
    }

    /// No answer without a request, and one at most.
    private static func check(_ output: [UInt8], of input: [UInt8]) throws {
        guard input.starts(with: ConnectionInput.preface) else {
            try hold(output.isEmpty || output.starts(with: "HTTP/1.1 ".utf8), "the answer is not HTTP/1.1")
            return
        }
        var asked: Set<UInt32> = []
        var rest = input.dropFirst(ConnectionInput.preface.count)
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            if head[3] == 1 { asked.insert(head[5...].reduce(0) { $0 << 8 | UInt32($1) } & 0x7fff_ffff) }
            rest = rest.dropFirst(9 + head.prefix(3).reduce(0) { $0 << 8 | Int($1) })
        }
        var ended: Set<UInt32> = []
        for frame in try SentFrame.parse(output) {
            switch frame.type {
            case 0, 1:
                try hold(asked.contains(frame.stream), "an answer on stream \(frame.stream), which nobody opened")
                try hold(!ended.contains(frame.stream), "a frame on stream \(frame.stream) after its end")
                if frame.flags & 1 != 0 { ended.insert(frame.stream) }
            case 3: ended.insert(frame.stream)
            case 5: throw Broken("a promise was pushed")
            default: break
            }
        }
    }
}

/// Gives back what it is given, in each kind of call. A message of `wait` waits for ever.
enum EchoService {
    static let name = "fuzz.Echo"

    static let methods: [Method] = [
        .unary(name, "Unary") { (request: StringValue, _) in try await answer(request) }.withoutSideEffects,
        .serverStreaming(name, "Down") { (request: StringValue, _, responses: ResponseWriter<StringValue>) in
            for word in try await answer(request).value.split(separator: " ") {
                try await responses.write(StringValue(value: String(word)))
            }
        },
        .clientStreaming(name, "Up") { (requests: RequestStream<StringValue>, _) in
            var texts: [String] = []
            for try await request in requests { texts.append(try await answer(request).value) }
            return StringValue(value: texts.joined(separator: " "))
        },
        .bidirectionalStreaming(name, "Both") {
            (requests: RequestStream<StringValue>, context, responses: ResponseWriter<StringValue>) in
            context.responseCoding = context.requestCoding
            for try await request in requests { try await responses.write(try await answer(request)) }
        },
    ]

    @Sendable private static func answer(_ request: StringValue) async throws -> StringValue {
        if request.value == "wait" { try await Waiter<Void>().value() }
        if request.value == "refuse" { throw RPCError(.failedPrecondition, "no: ☺\n") }
        return request
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() } }
}
