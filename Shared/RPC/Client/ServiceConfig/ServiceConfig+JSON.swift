import Protobuf

/// Why a JSON text is no service config.
public struct ServiceConfigError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where: `methodConfig[0].retryPolicy.maxAttempts`.
    public var path: String
    /// Where the text is wrong, and how.
    public var problem: String

    public var description: String { path.isEmpty ? problem : "\(path): \(problem)" }
}

extension ServiceConfig {
    /// Reads what `grpc.service_config.ServiceConfig` is in JSON (grpc-proto service_config.proto; gRFC A2, A6, A17, A48,
    /// A50, A105). Fields that are not known are passed over.
    /// - Parameter json: at most 1 MiB of UTF-8.
    /// - Throws: `ServiceConfigError`: a value is not what the gRFCs allow; nothing of such a config holds.
    public init(json: String) throws(ServiceConfigError) {
        guard json.utf8.count <= 1 << 20 else { throw ServiceConfigError(path: "", problem: "more than 1 MiB") }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: Array(json.utf8))
        } catch {
            throw ServiceConfigError(path: error.path, problem: error.problem)
        }
        self.init()
        let root = try Node(value, "").object()
        if let list = try root["methodConfig"]?.array() {
            methods = try list.map { (node) throws(ServiceConfigError) in try MethodConfig(node) }
            try checkNames(list)
        }
        if let policies = root["loadBalancingConfig"] { balancing = try BalancingPolicy(policies) }
        if let throttling = try root["retryThrottling"]?.object() {
            retryThrottling = RetryThrottling(
                maxTokens: try throttling.number("maxTokens", above: 0, to: 1000),
                tokenRatio: try throttling.number("tokenRatio", above: 0, to: .greatestFiniteMagnitude))
        }
        healthCheckService = try root["healthCheckConfig"]?.object()["serviceName"]?.string()
        if let most = try root["connectionScaling"]?.object()["maxConnectionsPerSubchannel"]?.integer(1...Int.max) {
            maxConnectionsPerEndpoint = min(most, 10)
        }
    }

    /// gRFC A2: a name may stand in one entry only.
    private func checkNames(_ nodes: [Node]) throws(ServiceConfigError) {
        var seen = Set<MethodConfig.Name>()
        for (config, node) in zip(methods, nodes) {
            for name in config.names where !seen.insert(name).inserted {
                throw ServiceConfigError(path: "\(node.path).name", problem: "an entry before has the same name")
            }
        }
    }
}

extension MethodConfig {
    fileprivate init(_ node: Node) throws(ServiceConfigError) {
        let object = try node.object()
        var names: [Name] = []
        for entry in try object["name"]?.array() ?? [] {
            let name = try entry.object()
            let service = try name["service"]?.string() ?? ""
            let method = try name["method"]?.string() ?? ""
            guard !service.isEmpty || method.isEmpty else { throw entry.wrong("a method needs its service") }
            names.append(Name(service: service.isEmpty ? nil : service, method: method.isEmpty ? nil : method))
        }
        self.init(names: names)
        waitForReady = try object["waitForReady"]?.bool()
        timeout = try object["timeout"]?.duration()
        maxRequestBytes = try object["maxRequestMessageBytes"]?.integer(0...Int(UInt32.max))
        maxResponseBytes = try object["maxResponseMessageBytes"]?.integer(0...Int(UInt32.max))
        if let policy = object["retryPolicy"] { attempts = .retry(try RetryPolicy(policy)) }
        if let policy = object["hedgingPolicy"] {
            guard attempts == nil else { throw policy.wrong("a method has a retryPolicy or a hedgingPolicy, not both") }
            attempts = .hedging(try HedgingPolicy(policy))
        }
    }
}

extension RetryPolicy {
    fileprivate init(_ node: Node) throws(ServiceConfigError) {
        let object = try node.object()
        self.init(
            maxAttempts: try object.required("maxAttempts").integer(2...Int.max),
            initialBackoff: try object.required("initialBackoff").duration(isPositive: true),
            maxBackoff: try object.required("maxBackoff").duration(isPositive: true),
            multiplier: try object.number("backoffMultiplier", above: 0, to: .greatestFiniteMagnitude),
            retryableCodes: try object.required("retryableStatusCodes").codes())
        guard !retryableCodes.isEmpty else { throw node.wrong("retryableStatusCodes is empty") }
    }
}

extension HedgingPolicy {
    fileprivate init(_ node: Node) throws(ServiceConfigError) {
        let object = try node.object()
        self.init(
            maxAttempts: try object.required("maxAttempts").integer(2...Int.max),
            delay: try object["hedgingDelay"]?.duration() ?? .zero,
            nonFatalCodes: try object["nonFatalStatusCodes"]?.codes() ?? [])
    }
}

extension BalancingPolicy {
    /// The first policy of a list that is known.
    fileprivate init(_ node: Node) throws(ServiceConfigError) {
        for entry in try node.array() {
            let object = try entry.object()
            guard object.members.count == 1, let (name, value) = object.members.first else {
                throw entry.wrong("one policy an entry")
            }
            switch name {
            case "pick_first":
                self = .pickFirst(shuffles: try value.object()["shuffleAddressList"]?.bool() ?? false)
            case "round_robin":
                self = .roundRobin
            case "least_request_experimental":
                self = .leastRequest(choices: min(try value.object()["choiceCount"]?.integer(2...Int.max) ?? 2, 100))
            case "outlier_detection_experimental":
                let object = try value.object()
                let child = try BalancingPolicy(object.required("childPolicy"))
                self = .outlierDetection(try OutlierDetection(object), child)
            default: continue
            }
            return
        }
        throw node.wrong("no policy that is known: pick_first, round_robin, least_request_experimental")
    }
}

extension OutlierDetection {
    fileprivate init(_ object: Object) throws(ServiceConfigError) {
        self.init()
        interval = try object["interval"]?.duration(isPositive: true) ?? interval
        baseEjectionTime = try object["baseEjectionTime"]?.duration() ?? baseEjectionTime
        maxEjectionTime = try object["maxEjectionTime"]?.duration() ?? maxEjectionTime
        maxEjectionPercent = try object["maxEjectionPercent"]?.integer(0...100) ?? maxEjectionPercent
        if let node = object["successRateEjection"] {
            let own = try node.object()
            var rule = SuccessRate()
            rule.stdevFactor = try own["stdevFactor"]?.integer(0...Int(UInt32.max)) ?? rule.stdevFactor
            rule.enforcementPercentage =
                try own["enforcementPercentage"]?.integer(0...100) ?? rule.enforcementPercentage
            rule.minimumHosts = try own["minimumHosts"]?.integer(0...Int(UInt32.max)) ?? rule.minimumHosts
            rule.requestVolume = try own["requestVolume"]?.integer(0...Int(UInt32.max)) ?? rule.requestVolume
            successRate = rule
        }
        if let node = object["failurePercentageEjection"] {
            let own = try node.object()
            var rule = FailurePercentage()
            rule.threshold = try own["threshold"]?.integer(0...100) ?? rule.threshold
            rule.enforcementPercentage =
                try own["enforcementPercentage"]?.integer(0...100) ?? rule.enforcementPercentage
            rule.minimumHosts = try own["minimumHosts"]?.integer(0...Int(UInt32.max)) ?? rule.minimumHosts
            rule.requestVolume = try own["requestVolume"]?.integer(0...Int(UInt32.max)) ?? rule.requestVolume
            failurePercentage = rule
        }
    }
}

// MARK: Reading with paths

/// A value and where it stands.
private struct Node {
    let value: JSONValue
    let path: String

    init(_ value: JSONValue, _ path: String) {
        self.value = value
        self.path = path
    }

    func wrong(_ problem: String) -> ServiceConfigError { ServiceConfigError(path: path, problem: problem) }

    func object() throws(ServiceConfigError) -> Object {
        guard case .object(let object) = value else { throw wrong("an object is expected") }
        return Object(object, path)
    }

    func array() throws(ServiceConfigError) -> [Node] {
        guard case .array(let values) = value else { throw wrong("a list is expected") }
        return values.enumerated().map { Node($1, "\(path)[\($0)]") }
    }

    func string() throws(ServiceConfigError) -> String {
        guard case .string(let text) = value else { throw wrong("a string is expected") }
        return text
    }

    func bool() throws(ServiceConfigError) -> Bool {
        guard case .bool(let flag) = value else { throw wrong("true or false is expected") }
        return flag
    }

    /// As a number, or as a string that holds one, like protobuf's 64-bit integers.
    func number() throws(ServiceConfigError) -> Double {
        let text: String? =
            switch value {
            case .number(let text), .string(let text): text
            default: nil
            }
        guard let number = text.flatMap({ Double($0) }), number.isFinite else { throw wrong("a number is expected") }
        return number
    }

    func integer(_ range: ClosedRange<Int>) throws(ServiceConfigError) -> Int {
        guard let integer = Int(exactly: try number()), range.contains(integer) else {
            throw wrong(
                range.upperBound == .max
                    ? "\(range.lowerBound) or more is expected"
                    : "\(range.lowerBound) to \(range.upperBound) is expected")
        }
        return integer
    }

    /// google.protobuf.Duration: seconds with up to nine decimals and an `s`.
    func duration(isPositive: Bool = false) throws(ServiceConfigError) -> Duration {
        guard let (seconds, nanos) = DurationText.parse(try string()), seconds >= 0, nanos >= 0,
            !isPositive || seconds > 0 || nanos > 0
        else { throw wrong("a duration\(isPositive ? " above zero" : "") is expected, like \"0.5s\"") }
        return .seconds(seconds) + .nanoseconds(nanos)
    }

    /// Names of status codes in any case, or their numbers.
    func codes() throws(ServiceConfigError) -> Set<StatusCode> {
        var codes = Set<StatusCode>()
        for node in try array() {
            let code: StatusCode? =
                switch node.value {
                case .string(let name): StatusCode.allCases.first { $0.name == name.uppercased() }
                case .number(let text): Int(text).flatMap { StatusCode(rawValue: $0) }
                default: nil
                }
            guard let code else { throw node.wrong("a status code is expected, like \"UNAVAILABLE\"") }
            codes.insert(code)
        }
        return codes
    }
}

private struct Object {
    let members: [(name: String, value: Node)]
    let path: String

    init(_ object: JSONObject, _ path: String) {
        self.path = path
        members = object.members.map { ($0.name, Node($0.value, path.isEmpty ? $0.name : "\(path).\($0.name)")) }
    }

    /// nil for null too, as in protobuf's mapping.
    subscript(name: String) -> Node? {
        members.first { $0.name == name && $0.value.value != .null }?.value
    }

    func required(_ name: String) throws(ServiceConfigError) -> Node {
        guard let node = self[name] else {
            throw ServiceConfigError(path: path.isEmpty ? name : "\(path).\(name)", problem: "it is missing")
        }
        return node
    }

    func number(_ name: String, above least: Double, to most: Double) throws(ServiceConfigError) -> Double {
        let node = try required(name)
        let number = try node.number()
        guard number > least, number <= most else {
            throw node.wrong(
                most == .greatestFiniteMagnitude
                    ? "more than \(Int(least)) is expected"
                    : "more than \(Int(least)), at most \(Int(most)) is expected")
        }
        return number
    }
}
