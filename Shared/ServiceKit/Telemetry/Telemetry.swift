import HTTP
import Logging
import RPC

import protocol NIOCore.EventLoopGroup

/// What a process measures of its calls, and where that goes.
public struct Telemetry: Sendable {
    /// Of the calls that this process makes.
    public let calls = ClientCounts()
    /// What operators may ask about one by one.
    let channelz = Channelz()
    /// nil without a collector.
    public let tracer: Tracer?
    let exporter: OTLPExporter?

    init(_ configuration: ServiceConfiguration, group: any EventLoopGroup, logger: Logger) throws {
        guard let collector = configuration.collector else {
            exporter = nil
            tracer = nil
            return
        }
        var credentials: ClientCredentials?
        if collector.isTLS {
            let tls = ClientTLS(
                trustRootsFile: configuration.clientTLS?.trustRootsFile,
                certificate: configuration.clientTLS?.certificate)
            credentials = try ClientCredentials(tls, logger: logger)
        }
        let exporter = OTLPExporter(
            collector.endpoint, service: configuration.service, interval: .seconds(configuration.exportSeconds),
            credentials: credentials, channelz: channelz, group: group, logger: logger)
        self.exporter = exporter
        tracer = Tracer(exporter.recorder, ratio: configuration.traceRatio)
    }

    /// For channels to the other services.
    public func options(_ options: Channel.Options = Channel.Options()) -> Channel.Options {
        var options = options
        options.counts = calls
        options.tracer = tracer
        options.channelz = channelz
        return options
    }
}

/// Where telemetry is handed over.
struct Collector: Sendable, Hashable {
    let endpoint: Endpoint
    let isTLS: Bool

    /// `http://host:port` or `https://host:port`, as OTEL_EXPORTER_OTLP_ENDPOINT is written.
    init?(url: String) {
        let (scheme, rest): (Bool, Substring)
        if url.hasPrefix("http://") {
            (scheme, rest) = (false, url.dropFirst(7))
        } else if url.hasPrefix("https://") {
            (scheme, rest) = (true, url.dropFirst(8))
        } else {
            return nil
        }
        let address = rest.hasSuffix("/") ? rest.dropLast() : rest
        guard let endpoint = Endpoint(address: String(address)), case .tcp = endpoint else { return nil }
        self.endpoint = endpoint
        isTLS = scheme
    }
}
