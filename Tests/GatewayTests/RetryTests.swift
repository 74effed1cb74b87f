import HTTP
import Protobuf
import RPC
import Schema
import Standard
import Synchronization
import Testing

@testable import Gateway

/// docs/domain.md §6.0: retries only on UNAVAILABLE, bounded, within the deadline.
@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(attempts: 4, first: .milliseconds(50), longest: .milliseconds(400))
    private let lost = RPCError(.unavailable, "")

    @Test func delaysGrowUpToTheLongest() {
        let delays = (1...4).map { policy.delay(after: lost, attempt: $0, remaining: nil, chance: 0) }
        #expect(delays == [.milliseconds(50), .milliseconds(150), .milliseconds(400), nil])
    }

    @Test func chanceTakesUpToHalf() {
        #expect(policy.delay(after: lost, attempt: 2, remaining: nil, chance: 1) == .milliseconds(75))
        #expect(policy.delay(after: lost, attempt: 2, remaining: nil, chance: 0.5) == .milliseconds(112.5))
    }

    @Test func aServiceSaysHowLongToWait() {
        let asked = lost.retrying(after: .milliseconds(300))
        #expect(policy.delay(after: asked, attempt: 1, remaining: nil, chance: 1) == .milliseconds(300))
        #expect(policy.delay(after: asked, attempt: 3, remaining: nil, chance: 0) == .milliseconds(400))
        #expect(policy.delay(after: lost.retrying(after: .seconds(9)), attempt: 1, remaining: nil) == nil)
    }

    @Test func neverPastTheDeadline() {
        #expect(policy.delay(after: lost, attempt: 1, remaining: .milliseconds(50), chance: 0) == nil)
        #expect(policy.delay(after: lost, attempt: 1, remaining: .milliseconds(51), chance: 0) == .milliseconds(50))
    }

    @Test(arguments: StatusCode.allCases.filter { $0 != .unavailable })
    func otherFailuresAreFinal(_ code: StatusCode) {
        #expect(policy.delay(after: RPCError(code, ""), attempt: 1, remaining: nil) == nil)
    }
}

/// Over the wire: a service that is unavailable at first.
@Suite(.timeLimit(.minutes(1))) struct RetryTests {
    private final class Flaky: Sendable {
        let calls = Mutex(0)

        /// Fails the first `failures` calls.
        func attempt(failures: Int) throws {
            let number = calls.withLock { calls in
                calls += 1
                return calls
            }
            if number <= failures { throw RPCError(.unavailable, reason: "DEPENDENCY_DOWN", "not now") }
        }

        var count: Int { calls.withLock { $0 } }
    }

    private static func methods(_ flaky: Flaky, failures: Int) -> [String: [RPC.Method]] {
        [
            "goals": [
                .unary(goals, "GetGoal") { (request: GetGoalRequest, _) in
                    try flaky.attempt(failures: failures)
                    return Goal(name: request.name)
                },
                .unary(goals, "ProposeGoal") { (request: ProposeGoalRequest, _) in
                    try flaky.attempt(failures: failures)
                    return Goal(name: request.name)
                },
            ]
        ]
    }

    private static let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"

    @Test func aReadIsRepeated() async throws {
        let flaky = Flaky()
        try await TestGateway.run(Self.methods(flaky, failures: 2)) { test in
            let answer = try await test.send("GET", "/v1/\(pair)/goals/g1")
            #expect(answer.status == 200)
            #expect(flaky.count == 3)
        }
    }

    @Test func aChangeWithARequestIDIsRepeated() async throws {
        let flaky = Flaky()
        try await TestGateway.run(Self.methods(flaky, failures: 2)) { test in
            let answer = try await test.send(
                "POST", "/v1/\(pair)/goals/g1:propose", body: #"{"requestId":"\#(Self.id)"}"#)
            #expect(answer.status == 200)
            #expect(flaky.count == 3)
        }
    }

    @Test func aChangeWithoutOneIsNot() async throws {
        let flaky = Flaky()
        try await TestGateway.run(Self.methods(flaky, failures: 1)) { test in
            let answer = try await test.send("POST", "/v1/\(pair)/goals/g1:propose")
            #expect(answer.status == 503)
            #expect(answer["error.details.0.reason"] == .string("DEPENDENCY_DOWN"))
            #expect(flaky.count == 1)
        }
    }

    @Test func attemptsAreBounded() async throws {
        let flaky = Flaky()
        try await TestGateway.run(Self.methods(flaky, failures: .max)) { test in
            let answer = try await test.send("GET", "/v1/\(pair)/goals/g1")
            #expect(answer.status == 503)
            #expect(flaky.count == RetryPolicy.calls.attempts)
        }
    }

    @Test func gRPCIsRepeatedAsWell() async throws {
        let flaky = Flaky()
        try await TestGateway.run(Self.methods(flaky, failures: 2)) { test in
            try await test.withChannel { channel, options in
                let goal = try await GoalsServiceClient(channel).getGoal(GetGoalRequest(name: "g"), options: options)
                #expect(goal.name == "g")
                #expect(flaky.count == 3)
            }
        }
        let other = Flaky()
        try await TestGateway.run(Self.methods(other, failures: 1)) { test in
            try await test.withChannel { channel, options in
                let error = await #expect(throws: RPCError.self) {
                    try await GoalsServiceClient(channel).proposeGoal(ProposeGoalRequest(name: "g"), options: options)
                }
                #expect(error?.code == .unavailable)
                #expect(other.count == 1)
            }
        }
    }
}
