/// How a service wants to be called: given by its owner to its clients, in code or as JSON (gRPC doc/service_config.md,
/// gRFC A2).
public struct ServiceConfig: Sendable, Hashable {
    /// The first entry whose name fits best holds for a call: the method's own, else its service's, else the one for
    /// every service.
    public var methods: [MethodConfig] = []
    /// How calls are spread over endpoints.
    public var balancing = BalancingPolicy.pickFirst()
    /// When nothing is repeated for a while; nil for never.
    public var retryThrottling: RetryThrottling?
    /// Which service's health decides whether an endpoint gets calls (gRFC A17); "" is the whole server's. nil does not
    /// ask. With pick_first nobody is asked.
    public var healthCheckService: String?
    /// Connections to one endpoint, from one event loop, when all streams that the server allows are in use
    /// (gRFC A105), 1 … 10.
    public var maxConnectionsPerEndpoint = 1

    /// pick_first, no retries.
    public init() {}

    /// - Parameter path: `package.Service/Method`.
    func method(_ path: String) -> MethodConfig? {
        let service = path.prefix { $0 != "/" }
        let method = path.dropFirst(service.count + 1)
        var best: (rank: Int, config: MethodConfig)?
        for config in methods {
            for name in config.names {
                guard let rank = name.rank(service, method), rank > best?.rank ?? -1 else { continue }
                best = (rank, config)
            }
        }
        return best?.config
    }
}

/// What holds for the calls of some methods.
public struct MethodConfig: Sendable, Hashable {
    /// One method, all of a service (`method` nil), or everything (both nil).
    public struct Name: Sendable, Hashable {
        /// `package.Service`; nil for all.
        public var service: String?
        /// nil for all of the service.
        public var method: String?

        /// A method, all methods of a service, or all.
        public init(service: String? = nil, method: String? = nil) {
            self.service = service
            self.method = method
        }

        /// How exactly the name fits; nil when it does not.
        fileprivate func rank(_ service: Substring, _ method: Substring) -> Int? {
            guard let own = self.service else { return 0 }
            guard own == service else { return nil }
            guard let ownMethod = self.method else { return 1 }
            return ownMethod == method ? 2 : nil
        }
    }

    /// What happens when an attempt fails, or takes its time.
    public enum Attempts: Sendable, Hashable {
        /// One after another.
        case retry(RetryPolicy)
        /// Side by side.
        case hedging(HedgingPolicy)
    }

    /// What it applies to; the most exact name wins.
    public var names: [Name]
    /// For callers that do not say themselves.
    public var waitForReady: Bool?
    /// With the caller's own the shorter one holds.
    public var timeout: Duration?
    /// Largest message each way, in bytes; with the caller's own the smaller one holds.
    public var maxRequestBytes: Int?
    /// The largest response message, in bytes; the smaller of this and the call's own limit holds.
    public var maxResponseBytes: Int?
    /// nil does not repeat a call, but for attempts that no server has seen.
    public var attempts: Attempts?

    /// Says nothing yet of these methods.
    public init(names: [Name] = [Name()]) { self.names = names }
}

/// Which endpoint a call goes to.
public enum BalancingPolicy: Sendable, Hashable {
    /// The first that answers, and that one as long as it lasts (gRFC A62).
    /// - Parameter shuffles: in a random order instead of the resolver's.
    case pickFirst(shuffles: Bool = false)
    /// Each in turn.
    case roundRobin
    /// Of `choices` (2 … 100) endpoints taken by chance, the one with the fewest open calls (gRFC A48).
    case leastRequest(choices: Int = 2)
    /// One of these two, leaving out endpoints that answer worse than the others (gRFC A50).
    indirect case outlierDetection(OutlierDetection, BalancingPolicy)
}
