import Schema
import Standard

@testable import Protobuf

/// Bytes as each message: scanned, merged, unpacked into an arena, copied into structs, packed again, written as JSON
/// and read back.
enum WireInput {
    static let mapping: JSONMapping = {
        var pool = DescriptorPool.schema
        pool.add(.standard)
        return JSONMapping(pool)
    }()
    /// Little enough that small inputs reach it.
    private static let tight = DecodingLimits(depth: 4, elements: 24, memory: 2048)

    static func run(_ input: [UInt8]) throws {
        guard let (type, bytes) = MessageTypes.choose(input) else { return }
        try decode(bytes, as: type)
    }

    private static func decode<M: Message>(_ bytes: [UInt8], as type: M.Type) throws {
        let message: M
        do {
            message = try M(serialized: bytes)
        } catch {
            try hold(error != .rejected, "protobuf-c refuses what the scan let pass")
            try hold((try? M(serialized: bytes, limits: tight)) == nil, "tight limits take what wide ones refuse")
            return
        }
        let first = message.serialized()
        try hold(again(first, as: M.self) == first, "\(M.fullName) changes when it is read and written")
        if let inTight = try? M(serialized: bytes, limits: tight) {
            try hold(inTight.serialized() == first, "limits change what is read")
        }
        // Appended to itself, a message is merged with itself: singular fields stay as they are.
        let twice = try? M(serialized: first + first)
        let merged = try? M(serialized: bytes + first)
        try hold(twice?.serialized() == merged?.serialized(), "merging depends on how the bytes are spelled")
        try patch(first, bytes)
        try throughJSON(first, as: M.self)
    }

    private static func again<M: Message>(_ bytes: [UInt8], as type: M.Type) -> [UInt8]? {
        (try? M(serialized: bytes))?.serialized()
    }

    /// Fields that are replaced by themselves are the same message.
    private static func patch(_ first: [UInt8], _ bytes: [UInt8]) throws {
        let numbers = try FieldPatch.numbers(in: first)
        let same = try FieldPatch.replacing(numbers, of: first, by: first)
        try hold(same == first, "a patch by itself changes a message")
        try hold(FieldPatch.replacing(numbers, of: first, by: []).isEmpty, "a patch by nothing leaves something")
    }

    private static func throughJSON<M: Message>(_ first: [UInt8], as type: M.Type) throws {
        // Times beyond year 9999 and Any of types that are not known have no JSON.
        guard let text = try? mapping.json(fromWire: first, message: M.fullName) else { return }
        let wire = try mapping.wire(fromJSON: text, message: M.fullName)
        let back = try mapping.json(fromWire: wire, message: M.fullName)
        try hold(back == text, "\(M.fullName) changes on its way through JSON")
        // JSON has but one NaN, so the bytes are compared after they went through it.
        try hold(again(wire, as: M.self) != nil, "what JSON gives is no \(M.fullName)")
    }
}
