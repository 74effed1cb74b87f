import NIOCore
import NIOPosix

/// What a service tells at `GET /metrics`, by sample (Prometheus' text format 0.0.4).
struct MetricsPage: Sendable {
    private let samples: [Substring: Double]

    static func get(port: Int) async throws -> MetricsPage {
        let group = MultiThreadedEventLoopGroup.singleton
        let page = group.next().makePromise(of: String.self)
        do {
            let channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(PageReader(page))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            try await channel.writeAndFlush(
                ByteBuffer(string: "GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"))
        } catch {
            page.fail(error)
        }
        return try MetricsPage(await page.futureResult.get())
    }

    private init(_ answer: String) throws {
        guard answer.hasPrefix("HTTP/1.1 200") else { throw Failure("/metrics answered \(answer.prefix(40))") }
        var samples: [Substring: Double] = [:]
        for line in answer.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
                continue
            }
            samples[line[..<blank]] = value
        }
        self.samples = samples
    }

    subscript(sample: String) -> Double { samples[Substring(sample)] ?? 0 }

    /// The value of a label of the first sample of a family.
    func label(_ label: String, ofFamily name: String) -> String? {
        guard let sample = samples.keys.first(where: { $0.hasPrefix("\(name){") }) else { return nil }
        guard let start = sample.firstRange(of: "\(label)=\"")?.upperBound else { return nil }
        return String(sample[start...].prefix { $0 != "\"" })
    }

    var cpuSeconds: Double { self["process_cpu_seconds_total"] }
    var commits: Double { self["rapport_storage_commit_writes_count"] }
    var writes: Double { self["rapport_storage_commit_writes_sum"] }
    /// The newest event that it has published.
    var published: Double { self["rapport_outbox_position"] }

    /// The newest event of `source` that it has applied; nil when it does not listen to it.
    func applied(of source: Service) -> Double? {
        samples["rapport_consumer_position{source=\"\(source.rawValue)\"}"]
    }
}

/// Collects all bytes until the server closes.
private final class PageReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let page: EventLoopPromise<String>
    private var received = ByteBuffer()

    init(_ page: EventLoopPromise<String>) { self.page = page }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
    }

    func channelInactive(context: ChannelHandlerContext) { page.succeed(String(buffer: received)) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        page.fail(error)
        context.close(promise: nil)
    }
}
