import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A server that answers by a script, frame by frame, whatever a client makes of it.
final class ScriptedServer: Sendable {
    /// What becomes of each frame that arrives; called on the connection's event loop.
    typealias Script = @Sendable (Connection, Frame) -> Void

    private let listener: any Channel
    private let accepted: NIOLockedValueBox<Int>

    var port: Int { listener.localAddress?.port ?? 0 }
    var connections: Int { accepted.withLockedValue { $0 } }

    private init(_ listener: any Channel, _ accepted: NIOLockedValueBox<Int>) {
        self.listener = listener
        self.accepted = accepted
    }

    /// Serves for the time of `body`.
    static func run(
        settings: Frame = .settings(), _ script: @escaping Script, _ body: (ScriptedServer) async throws -> Void
    ) async throws {
        let accepted = NIOLockedValueBox(0)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                let number = accepted.withLockedValue { count in
                    defer { count += 1 }
                    return count
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(number, settings, script))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(ScriptedServer(listener, accepted))
        } catch {
            try? await listener.close().get()
            throw error
        }
        try await listener.close().get()
    }

    /// One client. It gets SETTINGS at once, its own are acknowledged, and what it sends is credited.
    final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        /// From 0, in the order in which they came.
        let number: Int
        /// Notes of the script.
        var notes: [String: Int] = [:]
        private let settings: Frame
        private let script: Script
        private var bytes: [UInt8] = []
        private var hasPreface = false
        private var context: ChannelHandlerContext?
        /// Room that the client has given; 0 is the connection.
        private var windows: [UInt32: Int] = [0: 65_535]
        private var initialWindow = 65_535
        private var bodies: [Body] = []

        private struct Body {
            var stream: UInt32
            var bytes: ArraySlice<UInt8>
            var pieceSize: Int
            var padding: UInt8?
            var then: [Frame]
        }

        fileprivate init(_ number: Int, _ settings: Frame, _ script: @escaping Script) {
            self.number = number
            self.settings = settings
            self.script = script
        }

        func send(_ frames: Frame...) { write(frames.flatMap(\.bytes)) }

        /// Sends `bytes` as DATA as the client gives room, then `frames`.
        func send(
            _ bytes: [UInt8], on stream: UInt32, pieceSize: Int = 16_384, padding: UInt8? = nil, then frames: Frame...
        ) {
            bodies.append(
                Body(stream: stream, bytes: bytes[...], pieceSize: pieceSize, padding: padding, then: frames))
            continueBodies()
        }

        func close() { context?.close(promise: nil) }

        func channelActive(context: ChannelHandlerContext) {
            self.context = context
            send(settings)
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.context = nil
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Self.unwrapInboundIn(data).readableBytesView
            if !hasPreface, bytes.count >= Frame.preface.count {
                hasPreface = true
                bytes.removeFirst(Frame.preface.count)
            }
            while hasPreface, bytes.count >= 9 {
                let size = 9 + (Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2]))
                guard bytes.count >= size else { break }
                let frame = Frame.parse(Array(bytes[..<size]))[0]
                bytes.removeFirst(size)
                take(frame)
            }
        }

        private func take(_ frame: Frame) {
            switch frame.kind {
            case .settings where frame.flags & Frame.ack == 0:
                for index in stride(from: 0, to: frame.payload.count, by: 6) where frame.payload[index + 1] == 4 {
                    initialWindow = Int(frame.number(at: index + 2))
                }
                send(.settingsAck)
            case .windowUpdate:
                windows[frame.stream, default: initialWindow] += Int(frame.number())
                continueBodies()
            case .data where !frame.payload.isEmpty:
                send(.windowUpdate(0, UInt32(frame.payload.count)))
                if !frame.hasEndStream { send(.windowUpdate(frame.stream, UInt32(frame.payload.count))) }
            default:
                break
            }
            script(self, frame)
        }

        private func continueBodies() {
            while var body = bodies.first {
                let overhead = body.padding.map { 1 + Int($0) } ?? 0
                let room = min(windows[0] ?? 0, windows[body.stream] ?? initialWindow)
                let count = min(body.bytes.count, body.pieceSize, room - overhead)
                guard count > 0 else { return }
                let piece = Array(body.bytes.prefix(count))
                var frame = Frame.data(body.stream, piece)
                if let padding = body.padding {
                    frame.flags |= Frame.padded
                    frame.payload = [padding] + piece + Array(repeating: 0, count: Int(padding))
                }
                windows[0, default: 0] -= frame.payload.count
                windows[body.stream, default: initialWindow] -= frame.payload.count
                body.bytes = body.bytes.dropFirst(count)
                bodies[0] = body
                write(frame.bytes)
                if body.bytes.isEmpty {
                    bodies.removeFirst()
                    write(body.then.flatMap(\.bytes))
                }
            }
        }

        private func write(_ bytes: [UInt8]) {
            guard let context, !bytes.isEmpty else { return }
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
    }
}
