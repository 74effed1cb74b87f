import RPC
import Standard

/// Spans and metrics in OTLP's messages (opentelemetry.io, "OTLP Specification").
enum OTLPMessages {
    static func request(_ spans: [Span], from resource: OTLPResource) -> OTLPExportTraceServiceRequest {
        OTLPExportTraceServiceRequest(resourceSpans: [
            OTLPResourceSpans(
                resource: resource, scopeSpans: [OTLPScopeSpans(scope: scope, spans: spans.map(span))])
        ])
    }

    /// - Parameters:
    ///   - start: when counting began, nanoseconds since 1970.
    ///   - now: the same, of the moment of `families`.
    static func request(
        _ families: MetricFamilies, since start: UInt64, now: UInt64, from resource: OTLPResource
    ) -> OTLPExportMetricsServiceRequest {
        OTLPExportMetricsServiceRequest(resourceMetrics: [
            OTLPResourceMetrics(
                resource: resource,
                scopeMetrics: [
                    OTLPScopeMetrics(scope: scope, metrics: families.families.map { metric($0, start, now) })
                ])
        ])
    }

    static func resource(service: String) -> OTLPResource {
        OTLPResource(attributes: [
            attribute("service.name", service), attribute("service.namespace", "rapport"),
            attribute("service.version", Version.current),
        ])
    }

    private static let scope = OTLPInstrumentationScope(name: "rapport", version: Version.current)

    private static func attribute(_ name: String, _ text: String) -> OTLPKeyValue {
        OTLPKeyValue(key: name, value: OTLPAnyValue(value: .stringValue(text)))
    }

    private static func attribute(_ attribute: Span.Attribute) -> OTLPKeyValue {
        let value: OTLPAnyValue.Value =
            switch attribute.value {
            case .string(let text): .stringValue(text)
            case .int(let number): .intValue(Int64(number))
            case .bool(let flag): .boolValue(flag)
            }
        return OTLPKeyValue(key: attribute.name, value: OTLPAnyValue(value: value))
    }

    // MARK: Spans

    private static func span(_ span: Span) -> OTLPSpan {
        let kind: OTLPSpan.SpanKind =
            switch span.kind {
            case .internal: .internal
            case .server: .server
            case .client: .client
            }
        return OTLPSpan(
            traceId: bytes(span.context.traceID.high) + bytes(span.context.traceID.low),
            spanId: bytes(span.context.spanID), parentSpanId: span.parent == 0 ? [] : bytes(span.parent),
            name: span.name, kind: kind, startTimeUnixNano: span.start, endTimeUnixNano: span.end,
            attributes: span.attributes.map(attribute),
            events: span.events.map {
                OTLPSpan.Event(timeUnixNano: $0.time, name: $0.name, attributes: $0.attributes.map(attribute))
            }, droppedEventsCount: UInt32(clamping: span.droppedEvents), status: status(span),
            flags: span.context.isSampled ? 1 : 0)
    }

    /// A server has failed only where it is to blame (OpenTelemetry, "Semantic Conventions for gRPC"). The text stays
    /// here: it may hold what the caller said.
    private static func status(_ span: Span) -> OTLPStatus {
        let isFailure: Bool =
            switch span.status {
            case .ok: false
            case .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss: true
            default: span.kind != .server
            }
        return OTLPStatus(message: isFailure ? span.status.name : "", code: isFailure ? .error : .unset)
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }

    // MARK: Metrics

    private static func metric(_ family: MetricFamily, _ start: UInt64, _ now: UInt64) -> OTLPMetric {
        let data: OTLPMetric.Data =
            switch family.kind {
            case .counter:
                .sum(
                    OTLPSum(
                        dataPoints: points(family, start, now), aggregationTemporality: .cumulative, isMonotonic: true))
            case .gauge:
                .gauge(OTLPGauge(dataPoints: points(family, 0, now)))
            case .histogram:
                .histogram(
                    OTLPHistogram(dataPoints: histograms(family, start, now), aggregationTemporality: .cumulative))
            }
        return OTLPMetric(name: family.name, description: family.help, unit: family.unit, data: data)
    }

    private static func points(_ family: MetricFamily, _ start: UInt64, _ now: UInt64) -> [OTLPNumberDataPoint] {
        family.samples.compactMap { sample in
            guard case .number(let number) = sample.value else { return nil }
            return OTLPNumberDataPoint(
                startTimeUnixNano: start, timeUnixNano: now,
                attributes: sample.labels.map { attribute($0.name, $0.value) }, value: .asDouble(number))
        }
    }

    private static func histograms(
        _ family: MetricFamily, _ start: UInt64, _ now: UInt64
    ) -> [OTLPHistogramDataPoint] {
        family.samples.compactMap { sample in
            guard case .histogram(let bounds, let counts, let sum) = sample.value else { return nil }
            return OTLPHistogramDataPoint(
                startTimeUnixNano: start, timeUnixNano: now, count: counts.reduce(0, +), sum: sum,
                bucketCounts: counts, explicitBounds: bounds,
                attributes: sample.labels.map { attribute($0.name, $0.value) })
        }
    }
}
