import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A TCP connection that sends and receives plain bytes.
final class RawClient: Sendable {
    private let channel: any Channel
    private let state: NIOLockedValueBox<(bytes: [UInt8], isClosed: Bool)>

    private init(_ channel: any Channel, _ state: NIOLockedValueBox<(bytes: [UInt8], isClosed: Bool)>) {
        self.channel = channel
        self.state = state
    }

    static func connect(port: Int, autoRead: Bool = true) async throws -> RawClient {
        let state = NIOLockedValueBox((bytes: [UInt8](), isClosed: false))
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: autoRead)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(state))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel, state)
    }

    var bytes: [UInt8] { state.withLockedValue { $0.bytes } }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var isClosed: Bool { state.withLockedValue { $0.isClosed } }

    func ends(with end: String) -> Bool {
        state.withLockedValue { $0.bytes.suffix(end.utf8.count).elementsEqual(end.utf8) }
    }

    var frames: [Frame] { Frame.parse(bytes) }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    func send(_ frames: Frame...) async throws {
        try await send(frames.flatMap(\.bytes))
    }

    func close() async throws {
        try await channel.close().get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let state: NIOLockedValueBox<(bytes: [UInt8], isClosed: Bool)>

        init(_ state: NIOLockedValueBox<(bytes: [UInt8], isClosed: Bool)>) {
            self.state = state
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Self.unwrapInboundIn(data)
            state.withLockedValue { $0.bytes += bytes.readableBytesView }
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.withLockedValue { $0.isClosed = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
