import CProtobufC

extension Message {
    /// Scans the bytes, lets protobuf-c unpack them into an arena, and copies the result.
    public init(serialized bytes: RawSpan, limits: DecodingLimits = .default) throws(DecodingError) {
        self = try bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
            try Self(serialized: buffer, limits: limits)
        }
    }

    /// Reads the binary form.
    /// - Throws: `DecodingError`.
    public init(serialized bytes: [UInt8], limits: DecodingLimits = .default) throws(DecodingError) {
        try self.init(serialized: bytes.span.bytes, limits: limits)
    }

    init(serialized bytes: UnsafeRawBufferPointer, limits: DecodingLimits) throws(DecodingError) {
        self = try WireScan.withSafe(bytes, as: Self.layout, limits: limits) { (bytes) throws(DecodingError) in
            // The scan estimates what protobuf-c will ask for; its own bookkeeping needs the rest of the factor of two.
            try Arena.withScratch(limit: 2 * limits.memory) { (arena) throws(DecodingError) in
                let unpacked = arena.withAllocator { allocator in
                    protobuf_c_message_unpack(
                        Self.layout.pointer, allocator, bytes.count,
                        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
                guard let unpacked else { throw .rejected }
                return Self(reading: UnsafeRawPointer(unpacked).assumingMemoryBound(to: CMessage.self))
            }
        }
    }

    /// The message in protobuf's wire format, fields in the order of their numbers: equal messages give equal bytes.
    public func serialized() -> [UInt8] {
        Arena.withScratch(limit: .max / 4) { arena in
            let c = arena.message(self)
            return c.withMemoryRebound(to: ProtobufCMessage.self, capacity: 1) { base in
                let size = protobuf_c_message_get_packed_size(base)
                return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                    if let start = buffer.baseAddress { count = protobuf_c_message_pack(base, start) }
                }
            }
        }
    }
}
