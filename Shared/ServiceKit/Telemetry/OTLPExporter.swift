import FoundationEssentials
import HTTP
import Logging
import RPC
import Standard
import Synchronization

import protocol NIOCore.EventLoopGroup

/// Hands spans and metrics to a collector, by OTLP over our own client. Nothing waits for it: what the collector does not
/// take is dropped and counted.
public final class OTLPExporter: Sendable {
    /// How long a span waits for others, and how long a collector may take.
    static let spanDelay = Duration.seconds(5)
    static let timeout = Duration.seconds(10)

    private let channel: Channel
    private let queue: SpanQueue
    private let resource: OTLPResource
    private let interval: Duration
    private let started: UInt64
    private let signals: AsyncStream<Void>
    private let logger: Logger
    private let failures = Atomic<UInt64>(0)
    private let isFailing = Atomic(false)

    /// - Parameters:
    ///   - interval: between two exports of metrics.
    ///   - credentials: cleartext when nil.
    init(
        _ endpoint: Endpoint, service: String, interval: Duration, credentials: ClientCredentials?,
        channelz: Channelz? = nil, group: any EventLoopGroup, logger: Logger
    ) {
        var method = MethodConfig()
        method.attempts = .retry(
            RetryPolicy(
                maxAttempts: 5, initialBackoff: .milliseconds(500), maxBackoff: .seconds(5), multiplier: 2,
                // What OTLP calls retryable.
                retryableCodes: [
                    .cancelled, .deadlineExceeded, .aborted, .outOfRange, .unavailable, .dataLoss,
                ]))
        var options = Channel.Options()
        options.serviceConfig.methods = [method]
        options.channelz = channelz
        channel = Channel(endpoint, credentials: credentials, options: options, group: group, logger: logger)
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.signals = signals
        queue = SpanQueue { signal.yield() }
        resource = OTLPMessages.resource(service: service)
        self.interval = interval
        started = Self.now()
        self.logger = logger
    }

    var recorder: any SpanRecorder { queue }

    /// Exports until it is cancelled, and then what is left.
    func run(_ metrics: Metrics) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while (try? await Task.sleep(for: self.interval)) != nil { await self.export(metrics) }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.spanDelay)) != nil { await self.exportSpans() }
            }
            group.addTask { for await _ in self.signals { await self.exportSpans() } }
        }
        // The process ends: a last word, in a task that nobody has cancelled.
        await Task {
            await exportSpans()
            await export(metrics)
            await channel.close()
        }.value
    }

    private func exportSpans() async {
        while true {
            let batch = queue.take()
            guard !batch.isEmpty else { return }
            await send { [self] in
                let _: OTLPExportTraceServiceResponse = try await channel.unary(
                    "opentelemetry.proto.collector.trace.v1.TraceService/Export",
                    OTLPMessages.request(batch, from: resource), CallOptions(timeout: Self.timeout))
            }
        }
    }

    private func export(_ metrics: Metrics) async {
        let families = await metrics.families()
        await send { [self] in
            let _: OTLPExportMetricsServiceResponse = try await channel.unary(
                "opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                OTLPMessages.request(families, since: started, now: Self.now(), from: resource),
                CallOptions(timeout: Self.timeout))
        }
    }

    /// One line when it begins to fail, one when it works again.
    private func send(_ body: () async throws -> Void) async {
        do {
            try await body()
            if isFailing.exchange(false, ordering: .relaxed) { logger.notice("the collector takes telemetry again") }
        } catch {
            failures.add(1, ordering: .relaxed)
            if !isFailing.exchange(true, ordering: .relaxed) {
                logger.warning("the collector does not take telemetry", metadata: ["error": "\(error)"])
            }
        }
    }

    @Sendable func write(to families: inout MetricFamilies) {
        families.value(
            "rapport_otlp_failed_exports_total", .counter, "Exports that the collector did not take.",
            Double(failures.load(ordering: .relaxed)))
        families.value(
            "rapport_otlp_dropped_spans_total", .counter, "Spans that found no room.", Double(queue.dropped))
    }

    private static func now() -> UInt64 { UInt64(Date().timeIntervalSince1970 * 1e9) }
}
