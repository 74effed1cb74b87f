import Protobuf
import Schema
import Standard
import Testing

/// What the contract says of RPCs that change nothing (`idempotency_level = NO_SIDE_EFFECTS`).
@Suite struct SideEffectTests {
    @Test(arguments: [
        ("rapport.goals.v1.GoalsService", "GetGoal", true), ("rapport.goals.v1.GoalsService", "WatchGoals", true),
        ("rapport.goals.v1.GoalsService", "ValidateSmart", true), ("rapport.goals.v1.GoalsService", "SignGoal", false),
        ("rapport.trust.v1.TrustService", "RetractEvidence", false), ("rapport.trust.v1.TrustService", "WhatIf", true),
    ])
    func aMethodSaysWhetherItChangesAnything(_ service: String, _ name: String, _ changesNothing: Bool) throws {
        let methods = try #require(DescriptorPool.schema.services[service]).methods
        #expect(methods.first { $0.name == name }?.hasNoSideEffects == changesNothing)
    }

    /// Who may ask again whatever became of a call need not show a request id; who changes something must.
    @Test func whatTakesARequestIDChangesSomething() {
        for service in DescriptorPool.schema.services.values {
            for method in service.methods where method.hasNoSideEffects {
                let request = DescriptorPool.schema.messages[method.inputType]
                #expect(request?.field(named: "request_id") == nil, "\(service.fullName)/\(method.name)")
            }
        }
    }
}
