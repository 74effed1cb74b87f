import Protobuf
import Schema
import Testing

/// The contract comes with what its .proto files say above each declaration.
@Suite struct CommentTests {
    @Test(arguments: [
        ("rapport.goals.v1.GoalsService", "What the two work towards."),
        ("rapport.goals.v1.GoalsService.GetGoal", "Answers one goal."),
        ("rapport.goals.v1.Goal", "A goal that both parties sign."),
        ("rapport.goals.v1.Goal.ambition", "Self-rated, 1 to 5; 0 is not rated."),
        ("rapport.goals.v1.Goal.Kind.EXPERIMENT", "Failing one never counts against anybody (docs/domain.md S06)."),
        ("rapport.relationships.v1.BreachCase.Acknowledgement", "The trustee's words: each 1 to 2000 characters."),
        ("rapport.trust.v1.Component", "The four things that trust is built from."),
    ])
    func aDeclarationHasItsComment(_ name: String, _ comment: String) {
        #expect(DescriptorPool.schema.comments[name] == comment)
    }

    @Test func severalLinesStaySeveral() {
        let comment = DescriptorPool.schema.comments["rapport.gateway.v1.ChangeSection.explanation"]
        #expect(comment?.split(separator: "\n").count == 2)
        #expect(comment?.contains("  ") == false)
    }

    @Test func everyMethodIsExplained() {
        for service in DescriptorPool.schema.services.values where service.fullName.hasPrefix("rapport.") {
            for method in service.methods {
                #expect(DescriptorPool.schema.comments["\(service.fullName).\(method.name)"] != nil, "\(method.name)")
            }
        }
    }
}
