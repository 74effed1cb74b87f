import Configuration
import FoundationEssentials
import HTTP
import Logging

import struct NIOCore.TimeAmount

/// What a process is told from outside: by its environment, or by a `.env` file where the environment is silent.
public struct ServiceConfiguration: Sendable {
    public struct Setting: Sendable {
        public let variable: String
        public let fallback: String
        public let meaning: String
        /// Never shown.
        public var isSecret = false
    }

    /// The addresses that the services of a suite on one machine have by default.
    public static let defaultPorts = [
        "gateway": 8080, "relationships": 8081, "feedback": 8082, "goals": 8083, "trust-scoring": 8084,
    ]

    public let service: String
    public let listen: Endpoint
    /// Cleartext when nil.
    public let serverTLS: ServerTLS?
    /// How the other services are called; cleartext when nil.
    public let clientTLS: ClientTLS?
    /// Web pages of these origins may call; none by default.
    public let allowedOrigins: AllowedOrigins
    /// Seconds; 0 means for ever.
    public let maxConnectionAge: Int64
    /// Seconds; 0 means as long as its calls want.
    public let maxConnectionAgeGrace: Int64
    /// Whether load is shed before calls become slow.
    let hasAdaptiveLimit: Bool
    /// Where traces and metrics are sent; nil for nowhere.
    let collector: Collector?
    /// Between two exports of metrics.
    let exportSeconds: Int64
    /// Of the traces that begin here, 0 … 1.
    let traceRatio: Double
    public let dataDirectory: String
    public let keysDirectory: String
    /// A file that is read, and made where it is the default one; see `keyringText`.
    let keyringFile: String?
    /// The keyring itself; instead of a file.
    let keyringText: String?
    /// Where relationships lists who was erased, beside the database unless told otherwise.
    let erasureList: String
    public let peers: [String: Endpoint]
    public let logLevel: Logger.Level
    public let isDevelopment: Bool
    /// Microseconds.
    public let clockOffset: Int64
    public let drainSeconds: Int64
    public let threads: Int
    public let environment: [(setting: Setting, value: String)]

    /// Every setting of a service, for its table and its `--help`.
    public static func settings(of service: String) -> [Setting] {
        let port = defaultPorts[service] ?? 8080
        return [
            Setting(
                variable: "RAPPORT_LISTEN", fallback: "127.0.0.1:\(port)",
                meaning: "host:port or unix:/path to listen on"),
            Setting(
                variable: "RAPPORT_DATA", fallback: ".rapport/\(service)",
                meaning: "directory of the database and the service's own key"),
            Setting(
                variable: "RAPPORT_KEYS", fallback: ".rapport/keys",
                meaning: "directory of public keys, shared by all services"),
            Setting(
                variable: "RAPPORT_KEYRING_FILE", fallback: "",
                meaning:
                    "keys that wrap those of encrypted items, a line NAME BASE64 each; empty: keyring in RAPPORT_DATA"
            ),
            Setting(
                variable: "RAPPORT_KEYRING", fallback: "",
                meaning: "the same keys themselves, with commas between lines, instead of a file", isSecret: true),
            Setting(
                variable: "RAPPORT_ERASURES", fallback: "",
                meaning:
                    "file that lists who was erased, so that a restored database is erased again; empty: erasures in RAPPORT_DATA"
            ),
            Setting(variable: "RAPPORT_RELATIONSHIPS", fallback: "127.0.0.1:8081", meaning: "address of relationships"),
            Setting(variable: "RAPPORT_FEEDBACK", fallback: "127.0.0.1:8082", meaning: "address of feedback"),
            Setting(variable: "RAPPORT_GOALS", fallback: "127.0.0.1:8083", meaning: "address of goals"),
            Setting(variable: "RAPPORT_TRUST", fallback: "127.0.0.1:8084", meaning: "address of trust-scoring"),
            Setting(
                variable: "RAPPORT_LOG_LEVEL", fallback: "info", meaning: "trace, debug, info, notice, warning, error"),
            Setting(variable: "RAPPORT_MODE", fallback: "production", meaning: "development allows a moved clock"),
            Setting(
                variable: "RAPPORT_CLOCK", fallback: "offset:0s",
                meaning: "development only: moves the clock, for example offset:-86400s"),
            Setting(
                variable: "RAPPORT_DRAIN_SECONDS", fallback: "10",
                meaning: "how long running calls may go on after SIGTERM, 0 to 300"),
            Setting(variable: "RAPPORT_THREADS", fallback: "0", meaning: "event loops, 0 to 64; 0 means one a core"),
            Setting(
                variable: "RAPPORT_ALLOWED_ORIGINS", fallback: "",
                meaning: "origins whose web pages may call, separated by commas, or * for any; empty for none"),
            Setting(
                variable: "RAPPORT_ADAPTIVE_LIMIT", fallback: "off",
                meaning: "on: calls are refused, to be tried again, when answers begin to take longer than usual"),
            Setting(
                variable: "RAPPORT_OTLP_ENDPOINT", fallback: "",
                meaning:
                    "http://host:4317 or https://…: an OpenTelemetry collector for traces and metrics; empty for none"),
            Setting(
                variable: "RAPPORT_OTLP_INTERVAL_SECONDS", fallback: "60",
                meaning: "between two exports of metrics, 1 to 3600"),
            Setting(
                variable: "RAPPORT_TRACE_RATIO", fallback: "1",
                meaning: "share of the traces that begin here and are recorded, 0 to 1; callers decide for theirs"),
            Setting(
                variable: "RAPPORT_MAX_CONNECTION_AGE_SECONDS", fallback: "0",
                meaning: "after which an HTTP/2 connection is drained, give or take a tenth; 0 means never"),
            Setting(
                variable: "RAPPORT_MAX_CONNECTION_AGE_GRACE_SECONDS", fallback: "0",
                meaning: "how long its calls may go on then; 0 means as long as they want"),
            Setting(
                variable: "RAPPORT_TLS_CERTIFICATE", fallback: "",
                meaning: "PEM file, leaf first: the port speaks TLS, and callers of other services show it"),
            Setting(variable: "RAPPORT_TLS_KEY", fallback: "", meaning: "PEM file of its private key"),
            Setting(
                variable: "RAPPORT_TLS_CLIENT_ROOTS", fallback: "",
                meaning: "PEM file: only clients with a certificate of these roots may connect (mTLS)"),
            Setting(
                variable: "RAPPORT_TLS_ROOTS", fallback: "",
                meaning: "PEM file: the other services are called over TLS, and must have a certificate of these roots"),
        ]
    }

    public enum Failure: Error, CustomStringConvertible {
        case invalid(variable: String, value: String, expected: String)

        public var description: String {
            switch self {
            case .invalid(let variable, let value, let expected): "\(variable)=\(value): \(expected)"
            }
        }
    }

    /// Reads the environment and `.env` in the working directory.
    public static func load(service: String) async throws -> ServiceConfiguration {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        if FileManager.default.fileExists(atPath: ".env") {
            providers.append(try await EnvironmentVariablesProvider(environmentFilePath: ".env"))
        }
        let reader = ConfigReader(providers: providers)
        return try ServiceConfiguration(service: service) { variable in
            reader.string(forKey: ConfigKey(variable.lowercased().split(separator: "_").map(String.init)))
        }
    }

    /// - Parameter lookup: the value of a variable, nil when it is not set.
    public init(service: String, _ lookup: (String) -> String?) throws {
        self.service = service
        let environment = Self.settings(of: service).map {
            ($0, lookup($0.variable).flatMap { $0.isEmpty ? nil : $0 } ?? $0.fallback)
        }
        self.environment = environment.map { (setting: $0.0, value: $0.1) }
        func value(_ variable: String) -> String { environment.first { $0.0.variable == variable }?.1 ?? "" }
        func endpoint(_ variable: String) throws -> Endpoint {
            guard let endpoint = Endpoint(address: value(variable)) else {
                throw Failure.invalid(
                    variable: variable, value: value(variable), expected: "host:port or unix:/path is needed")
            }
            return endpoint
        }
        func number(_ variable: String, _ range: ClosedRange<Int>) throws -> Int {
            guard let number = Int(value(variable)), range.contains(number) else {
                throw Failure.invalid(
                    variable: variable, value: value(variable),
                    expected: "a number from \(range.lowerBound) to \(range.upperBound) is needed")
            }
            return number
        }
        listen = try endpoint("RAPPORT_LISTEN")
        func file(_ variable: String) -> String? { value(variable).isEmpty ? nil : value(variable) }
        let certificate: CertificateFiles?
        switch (file("RAPPORT_TLS_CERTIFICATE"), file("RAPPORT_TLS_KEY")) {
        case (let chain?, let key?): certificate = CertificateFiles(chain: chain, privateKey: key)
        case (nil, nil): certificate = nil
        case (_?, nil):
            throw Failure.invalid(
                variable: "RAPPORT_TLS_KEY", value: "", expected: "RAPPORT_TLS_CERTIFICATE needs its key")
        case (nil, let key?):
            throw Failure.invalid(
                variable: "RAPPORT_TLS_KEY", value: key, expected: "a key needs its RAPPORT_TLS_CERTIFICATE")
        }
        var serverTLS = certificate.map { ServerTLS(certificate: $0) }
        if let roots = file("RAPPORT_TLS_CLIENT_ROOTS") {
            guard serverTLS != nil else {
                throw Failure.invalid(
                    variable: "RAPPORT_TLS_CLIENT_ROOTS", value: roots,
                    expected: "the server needs RAPPORT_TLS_CERTIFICATE to ask its clients for theirs")
            }
            serverTLS?.clientCertificates = .required(rootsFile: roots)
        }
        self.serverTLS = serverTLS
        clientTLS = file("RAPPORT_TLS_ROOTS").map { ClientTLS(trustRootsFile: $0, certificate: certificate) }
        guard let origins = AllowedOrigins(value("RAPPORT_ALLOWED_ORIGINS")) else {
            throw Failure.invalid(
                variable: "RAPPORT_ALLOWED_ORIGINS", value: value("RAPPORT_ALLOWED_ORIGINS"),
                expected: "origins like https://app.example.com are needed, separated by commas, or *")
        }
        allowedOrigins = origins
        maxConnectionAge = Int64(try number("RAPPORT_MAX_CONNECTION_AGE_SECONDS", 0...31_536_000))
        maxConnectionAgeGrace = Int64(try number("RAPPORT_MAX_CONNECTION_AGE_GRACE_SECONDS", 0...31_536_000))
        guard ["on", "off"].contains(value("RAPPORT_ADAPTIVE_LIMIT")) else {
            throw Failure.invalid(
                variable: "RAPPORT_ADAPTIVE_LIMIT", value: value("RAPPORT_ADAPTIVE_LIMIT"),
                expected: "on or off is needed")
        }
        hasAdaptiveLimit = value("RAPPORT_ADAPTIVE_LIMIT") == "on"
        let url = value("RAPPORT_OTLP_ENDPOINT")
        collector = url.isEmpty ? nil : Collector(url: url)
        guard url.isEmpty || collector != nil else {
            throw Failure.invalid(
                variable: "RAPPORT_OTLP_ENDPOINT", value: url,
                expected: "http://host:port or https://host:port is needed")
        }
        exportSeconds = Int64(try number("RAPPORT_OTLP_INTERVAL_SECONDS", 1...3600))
        guard let ratio = Double(value("RAPPORT_TRACE_RATIO")), (0...1).contains(ratio) else {
            throw Failure.invalid(
                variable: "RAPPORT_TRACE_RATIO", value: value("RAPPORT_TRACE_RATIO"),
                expected: "a number from 0 to 1 is needed")
        }
        traceRatio = ratio
        dataDirectory = value("RAPPORT_DATA")
        keysDirectory = value("RAPPORT_KEYS")
        keyringFile = file("RAPPORT_KEYRING_FILE")
        keyringText = file("RAPPORT_KEYRING").map { $0.replacing(",", with: "\n") }
        guard keyringFile == nil || keyringText == nil else {
            throw Failure.invalid(
                variable: "RAPPORT_KEYRING_FILE", value: value("RAPPORT_KEYRING_FILE"),
                expected: "either a file or RAPPORT_KEYRING is needed, not both")
        }
        erasureList = file("RAPPORT_ERASURES") ?? "\(value("RAPPORT_DATA"))/erasures"
        peers = [
            "relationships": try endpoint("RAPPORT_RELATIONSHIPS"), "feedback": try endpoint("RAPPORT_FEEDBACK"),
            "goals": try endpoint("RAPPORT_GOALS"), "trust-scoring": try endpoint("RAPPORT_TRUST"),
        ]
        guard let level = Logger.Level(rawValue: value("RAPPORT_LOG_LEVEL")) else {
            throw Failure.invalid(
                variable: "RAPPORT_LOG_LEVEL", value: value("RAPPORT_LOG_LEVEL"),
                expected: "one of trace, debug, info, notice, warning, error")
        }
        logLevel = level
        isDevelopment = value("RAPPORT_MODE") == "development"
        let clock = value("RAPPORT_CLOCK")
        guard clock.hasPrefix("offset:"), clock.hasSuffix("s"), let seconds = Int64(clock.dropFirst(7).dropLast()),
            (-10_000_000_000...10_000_000_000).contains(seconds)
        else { throw Failure.invalid(variable: "RAPPORT_CLOCK", value: clock, expected: "offset:SECONDSs is needed") }
        guard seconds == 0 || isDevelopment else {
            throw Failure.invalid(
                variable: "RAPPORT_CLOCK", value: clock, expected: "only RAPPORT_MODE=development may move the clock")
        }
        clockOffset = seconds * 1_000_000
        drainSeconds = Int64(try number("RAPPORT_DRAIN_SECONDS", 0...300))
        threads = try number("RAPPORT_THREADS", 0...64)
    }

    /// How the process listens.
    var http: HTTPConfiguration {
        var configuration = HTTPConfiguration(bind: listen, tls: serverTLS)
        configuration.maxAge = maxConnectionAge == 0 ? nil : TimeAmount.seconds(maxConnectionAge)
        configuration.ageGrace = maxConnectionAgeGrace == 0 ? nil : TimeAmount.seconds(maxConnectionAgeGrace)
        return configuration
    }

    /// One line a setting: the value in force and what it means.
    public var table: String {
        environment.map { entry in
            let value = entry.setting.isSecret && !entry.value.isEmpty ? "(secret)" : entry.value
            let assignment = "\(entry.setting.variable)=\(value)"
            return assignment + String(repeating: " ", count: max(1, 46 - assignment.count)) + entry.setting.meaning
        }.joined(separator: "\n")
    }
}
