import Testing

@testable import RPC

@Suite struct ServiceConfigTests {
    @Test func `a whole config`() throws {
        let config = try ServiceConfig(
            json: """
                {
                  "loadBalancingConfig": [{"xds_experimental": {}}, {"round_robin": {}}],
                  "methodConfig": [
                    {
                      "name": [{"service": "rapport.goals.v1.GoalsService", "method": "GetGoal"}, {"service": "a.B"}],
                      "waitForReady": true, "timeout": "1.5s",
                      "maxRequestMessageBytes": 1024, "maxResponseMessageBytes": "2048",
                      "retryPolicy": {
                        "maxAttempts": 7, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 1.6,
                        "retryableStatusCodes": ["UNAVAILABLE", "aborted", 8]
                      }
                    },
                    {"name": [{}], "hedgingPolicy": {"maxAttempts": 3, "hedgingDelay": "0.020s"}}
                  ],
                  "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
                  "healthCheckConfig": {"serviceName": "goals"},
                  "connectionScaling": {"maxConnectionsPerSubchannel": 3},
                  "of a later version": 1
                }
                """)
        #expect(config.balancing == .roundRobin)
        #expect(config.retryThrottling == RetryThrottling(maxTokens: 10, tokenRatio: 0.1))
        #expect(config.healthCheckService == "goals")
        #expect(config.maxConnectionsPerEndpoint == 3)
        let method = try #require(config.method("rapport.goals.v1.GoalsService/GetGoal"))
        #expect(method.waitForReady == true)
        #expect(method.timeout == .milliseconds(1500))
        #expect(method.maxRequestBytes == 1024)
        #expect(method.maxResponseBytes == 2048)
        #expect(
            method.attempts
                == .retry(
                    RetryPolicy(
                        maxAttempts: 5, initialBackoff: .milliseconds(100), maxBackoff: .seconds(1), multiplier: 1.6,
                        retryableCodes: [.unavailable, .aborted, .resourceExhausted])))
        #expect(
            config.method("x.Y/Z")?.attempts
                == .hedging(HedgingPolicy(maxAttempts: 3, delay: .milliseconds(20), nonFatalCodes: [])))
    }

    @Test func `the method before its service before the default`() {
        var config = ServiceConfig()
        func entry(_ service: String?, _ method: String?, _ timeout: Int) -> MethodConfig {
            var entry = MethodConfig(names: [.init(service: service, method: method)])
            entry.timeout = .seconds(timeout)
            return entry
        }
        config.methods = [entry(nil, nil, 1), entry("a.S", nil, 2), entry("a.S", "M", 3)]
        #expect(config.method("a.S/M")?.timeout == .seconds(3))
        #expect(config.method("a.S/N")?.timeout == .seconds(2))
        #expect(config.method("a.T/M")?.timeout == .seconds(1))
        config.methods.removeFirst()
        #expect(config.method("a.T/M") == nil)
    }

    @Test func `outlier detection around a policy`() throws {
        let config = try ServiceConfig(
            json: """
                {"loadBalancingConfig": [{"outlier_detection_experimental": {
                  "interval": "1s", "maxEjectionPercent": 50,
                  "failurePercentageEjection": {"threshold": 60},
                  "childPolicy": [{"least_request_experimental": {"choiceCount": 3}}]}}]}
                """)
        var expected = OutlierDetection()
        expected.interval = .seconds(1)
        expected.maxEjectionPercent = 50
        var rule = OutlierDetection.FailurePercentage()
        rule.threshold = 60
        expected.failurePercentage = rule
        #expect(config.balancing == .outlierDetection(expected, .leastRequest(choices: 3)))
    }

    @Test(arguments: [
        ("[", ""),
        ("[]", ""),
        (#"{"methodConfig": {}}"#, "methodConfig"),
        (#"{"methodConfig": [{"name": [{"method": "M"}]}]}"#, "methodConfig[0].name[0]"),
        (#"{"methodConfig": [{"name": [{}]}, {"name": [{}]}]}"#, "methodConfig[1].name"),
        (#"{"methodConfig": [{"name": [{}], "timeout": "soon"}]}"#, "methodConfig[0].timeout"),
        (#"{"methodConfig": [{"name": [{}], "timeout": "-1s"}]}"#, "methodConfig[0].timeout"),
        (
            #"{"methodConfig": [{"name": [{}], "maxRequestMessageBytes": -1}]}"#,
            "methodConfig[0].maxRequestMessageBytes"
        ),
        (#"{"methodConfig": [{"name": [{}], "waitForReady": "yes"}]}"#, "methodConfig[0].waitForReady"),
        (#"{"methodConfig": [{"name": [{}], "retryPolicy": {}}]}"#, "methodConfig[0].retryPolicy.maxAttempts"),
        (
            #"{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 1}}]}"#,
            "methodConfig[0].retryPolicy.maxAttempts"
        ),
        (
            #"{"methodConfig": [{"retryPolicy": {"maxAttempts": 2, "initialBackoff": "0s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": [14]}}]}"#,
            "methodConfig[0].retryPolicy.initialBackoff"
        ),
        (
            #"{"methodConfig": [{"retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 0, "retryableStatusCodes": [14]}}]}"#,
            "methodConfig[0].retryPolicy.backoffMultiplier"
        ),
        (
            #"{"methodConfig": [{"retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": []}}]}"#,
            "methodConfig[0].retryPolicy"
        ),
        (
            #"{"methodConfig": [{"retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": ["NO_SUCH"]}}]}"#,
            "methodConfig[0].retryPolicy.retryableStatusCodes[0]"
        ),
        (
            #"{"methodConfig": [{"retryPolicy": {"maxAttempts": 2, "initialBackoff": "1s", "maxBackoff": "1s", "backoffMultiplier": 1, "retryableStatusCodes": [14]}, "hedgingPolicy": {"maxAttempts": 2}}]}"#,
            "methodConfig[0].hedgingPolicy"
        ),
        (#"{"retryThrottling": {"maxTokens": 1001, "tokenRatio": 1}}"#, "retryThrottling.maxTokens"),
        (#"{"retryThrottling": {"maxTokens": 10, "tokenRatio": 0}}"#, "retryThrottling.tokenRatio"),
        (#"{"loadBalancingConfig": [{"grpclb": {}}]}"#, "loadBalancingConfig"),
        (#"{"loadBalancingConfig": [{"grpclb": {}, "round_robin": {}}]}"#, "loadBalancingConfig[0]"),
    ])
    func `what the gRFCs do not allow is refused, with its place`(_ json: String, _ path: String) {
        let error = #expect(throws: ServiceConfigError.self) { try ServiceConfig(json: json) }
        #expect(error?.path == path)
    }
}
