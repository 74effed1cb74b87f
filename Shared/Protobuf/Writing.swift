import CProtobufC

/// What generated code calls to fill protobuf-c's structs.
extension Arena {
    /// For generated code: a text that ends with NUL.
    public func string(_ value: String) -> UnsafeMutablePointer<CChar> {
        var value = value
        return value.withUTF8 { utf8 in
            let memory = require(utf8.count + 1).bindMemory(to: CChar.self, capacity: utf8.count + 1)
            if let start = utf8.baseAddress {
                UnsafeMutableRawPointer(memory).copyMemory(from: start, byteCount: utf8.count)
            }
            memory[utf8.count] = 0
            return memory
        }
    }

    /// For generated code: bytes.
    public func bytes(_ value: [UInt8]) -> ProtobufCBinaryData {
        let memory = require(value.count).bindMemory(to: UInt8.self, capacity: max(value.count, 1))
        value.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { memory.update(from: start, count: source.count) }
        }
        return ProtobufCBinaryData(len: value.count, data: memory)
    }

    /// For generated code: a message.
    public func message<M: Message>(_ value: M) -> UnsafeMutablePointer<M.CMessage> {
        let c = uninitialized(M.CMessage.self)
        M.initialize(c)
        value.write(c, in: self)
        return c
    }

    /// For generated code: a message, or NULL for nil.
    public func optional<M: Message>(_ value: M?) -> UnsafeMutablePointer<M.CMessage>? {
        value.map { message($0) }
    }

    /// For generated code: room for one value.
    public func uninitialized<C>(_ type: C.Type) -> UnsafeMutablePointer<C> {
        require(MemoryLayout<C>.size).bindMemory(to: C.self, capacity: 1)
    }

    /// For generated code: a repeated field.
    public func list<Element, C>(
        _ values: [Element], _ transform: (Element) -> C
    ) -> UnsafeMutablePointer<C>? {
        guard !values.isEmpty else { return nil }
        let memory = require(values.count * MemoryLayout<C>.stride).bindMemory(to: C.self, capacity: values.count)
        for (index, value) in values.enumerated() { (memory + index).initialize(to: transform(value)) }
        return memory
    }

    /// For generated code: a repeated field of texts.
    public func strings(_ values: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
        list(values) { string($0) }
    }

    /// For generated code: a repeated field of messages.
    public func messages<M: Message>(_ values: [M]) -> UnsafeMutablePointer<UnsafeMutablePointer<M.CMessage>?>? {
        list(values) { message($0) }
    }

    /// Entries in the order of their keys, so that equal maps give equal bytes.
    public func map<Key: Hashable & Comparable, Value, Entry>(
        _ values: [Key: Value], _ fill: (UnsafeMutablePointer<Entry>, Key, Value) -> Void
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
        entries(values.sorted { $0.key < $1.key }, fill)
    }

    /// The same for keys of yes and no: no comes first.
    public func map<Value, Entry>(
        _ values: [Bool: Value], _ fill: (UnsafeMutablePointer<Entry>, Bool, Value) -> Void
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
        entries(values.sorted { !$0.key && $1.key }, fill)
    }

    private func entries<Key, Value, Entry>(
        _ sorted: [(key: Key, value: Value)], _ fill: (UnsafeMutablePointer<Entry>, Key, Value) -> Void
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
        list(sorted) { pair in
            let entry = uninitialized(Entry.self)
            fill(entry, pair.key, pair.value)
            return entry
        }
    }
}
