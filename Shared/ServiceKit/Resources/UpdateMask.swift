import Protobuf
import Schema
import Standard

/// What an Update request may change, and how its mask is read (AIP-134).
public struct UpdateMask<R: Resource>: Sendable {
    private let numbers: [String: Int]

    /// - Parameter mutable: proto names of the fields that callers may change, all at the top of the message.
    public init(_ mutable: String...) {
        let descriptor = DescriptorPool.schema.messages[R.fullName]
        numbers = Dictionary(
            uniqueKeysWithValues: mutable.map { name in
                guard let field = descriptor?.field(named: name) else {
                    preconditionFailure("\(R.fullName) has no field \(name)")
                }
                return (name, field.number)
            })
    }

    /// `resource` with the fields that the mask names as `patch` has them. Without a mask: with the fields that `patch`
    /// has; `*` names all that may change.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_MASK for a path that does not exist or must not change.
    public func apply(_ mask: FieldMask?, _ patch: R, to resource: R) throws -> R {
        let patchBytes = patch.serialized()
        let wanted: Set<Int>
        if let paths = mask?.paths, !paths.isEmpty {
            wanted = paths.contains("*") ? Set(numbers.values) : Set(try paths.map(number))
        } else {
            wanted = try FieldPatch.numbers(in: patchBytes).intersection(numbers.values)
        }
        guard !wanted.isEmpty else { return resource }
        return try R(
            serialized: FieldPatch.replacing(wanted, of: resource.serialized(), by: patchBytes))
    }

    private func number(of path: String) throws -> Int {
        guard let number = numbers[path] else {
            let known = DescriptorPool.schema.messages[R.fullName]?.field(named: path) != nil
            throw Refusal.invalid(
                "update_mask",
                known ? "\(path) cannot be changed by an update" : "there is no field \(path)", reason: "BAD_MASK")
        }
        return number
    }
}
