import HTTP
import ServiceKit

/// The five programs of the suite, in the order in which they need each other.
enum ServiceProgram: String, CaseIterable, Sendable, Codable {
    case relationships
    case feedback
    case goals
    case trustScoring = "trust-scoring"
    case gateway

    /// The variable that tells the others where it is; the gateway is called by nobody.
    var addressVariable: String? {
        switch self {
        case .relationships: "RAPPORT_RELATIONSHIPS"
        case .feedback: "RAPPORT_FEEDBACK"
        case .goals: "RAPPORT_GOALS"
        case .trustScoring: "RAPPORT_TRUST"
        case .gateway: nil
        }
    }
}

/// Where each program listens: `host:port`.
struct SuiteAddresses: Sendable, Hashable {
    private var addresses: [ServiceProgram: String]

    subscript(program: ServiceProgram) -> String { addresses[program] ?? "" }

    var byName: [String: String] {
        Dictionary(uniqueKeysWithValues: addresses.map { ($0.key.rawValue, $0.value) })
    }

    /// - Parameters:
    ///   - listen: the gateway's `host:port`; port 0 takes a free one.
    ///   - basePort: the first of four ports in a row for the services on 127.0.0.1; 0 takes free ones.
    static func choose(listen: String, basePort: Int) async throws -> SuiteAddresses {
        guard case .tcp(let host, let port)? = Endpoint(address: listen) else {
            throw Failure("--listen \(listen): host:port is needed, for example 127.0.0.1:8080")
        }
        let inner = ServiceProgram.allCases.filter { $0 != .gateway }
        guard basePort == 0 || (1...65_535 - inner.count).contains(basePort) else {
            throw Failure("--base-port \(basePort): a number from 0 to \(65_535 - inner.count) is needed")
        }
        var chosen: [ServiceProgram: String] = [:]
        var taken: Set<Int> = []
        func claim(_ program: ServiceProgram, host: String, port: Int, option: String) async throws {
            var port = port
            if port == 0 {
                port = try await Ports.free(on: host, except: taken)
            } else if !(await Ports.isFree(port, on: host)) {
                throw Failure(
                    "port \(port) on \(host), wanted for \(program.rawValue), is in use by another program. "
                        + "Stop that one, or choose another with \(option).")
            }
            taken.insert(port)
            chosen[program] = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
        for (index, program) in inner.enumerated() {
            try await claim(
                program, host: "127.0.0.1", port: basePort == 0 ? 0 : basePort + index, option: "--base-port")
        }
        try await claim(.gateway, host: host, port: port, option: "--listen")
        return SuiteAddresses(addresses: chosen)
    }
}
