import CProtobufC

/// What generated code calls to copy from protobuf-c's structs.
public enum Reading {
    /// For generated code: a text, empty for NULL.
    public static func string(_ c: UnsafePointer<CChar>?) -> String {
        c.map { String(cString: $0) } ?? ""
    }

    /// For generated code: bytes.
    public static func bytes(_ c: ProtobufCBinaryData) -> [UInt8] {
        [UInt8](UnsafeBufferPointer(start: c.data, count: c.len))
    }

    /// For generated code: a message, nil for NULL.
    public static func message<M: Message>(_ c: UnsafeMutablePointer<M.CMessage>?, as type: M.Type = M.self) -> M? {
        c.map { M(reading: UnsafePointer($0)) }
    }

    /// For generated code: a repeated field.
    public static func list<C, Element>(
        _ count: Int, _ c: UnsafeMutablePointer<C>?, _ transform: (C) -> Element
    ) -> [Element] {
        UnsafeBufferPointer(start: c, count: c == nil ? 0 : count).map(transform)
    }

    /// For generated code: a repeated field of texts.
    public static func strings(_ count: Int, _ c: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
        list(count, c) { string($0) }
    }

    /// For generated code: a repeated field of messages.
    public static func messages<M: Message>(
        _ count: Int, _ c: UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>?, as type: M.Type = M.self
    ) -> [M] {
        list(count, c) { message($0) ?? M() }
    }

    /// A later entry with an equal key wins (protobuf encoding guide, "Maps").
    public static func map<Entry, Key: Hashable, Value>(
        _ count: Int, _ c: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, _ transform: (Entry) -> (Key, Value)
    ) -> [Key: Value] {
        var result: [Key: Value] = [:]
        for entry in UnsafeBufferPointer(start: c, count: c == nil ? 0 : count) {
            guard let entry else { continue }
            let (key, value) = transform(entry.pointee)
            result[key] = value
        }
        return result
    }
}
