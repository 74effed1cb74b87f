import Protobuf
import Standard

/// The `google.api.http` rules of one RPC: its own and its additional bindings.
struct HTTPRules: Sendable {
    let all: [HttpRule]

    /// Nil for an RPC without a rule.
    init?(_ method: MethodDescriptor) throws {
        guard let bytes = method.httpRule else { return nil }
        let rule = try HttpRule(serialized: bytes)
        all = [rule] + rule.additionalBindings
    }

    /// All of them are GETs, which change nothing.
    var isRead: Bool {
        all.allSatisfy { rule in if case .get = rule.pattern { true } else { false } }
    }
}
