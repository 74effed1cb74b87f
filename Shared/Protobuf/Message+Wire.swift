import CProtobufC

extension Message {
    /// Reads a message from protobuf's wire format.
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
        self.init()
        try FieldReader.read(bytes, into: &self, limits)
    }

    /// The message in protobuf's wire format, fields in the order of their numbers: equal messages give equal bytes.
    public func serialized() -> [UInt8] {
        serialize { byteCount, write in
            // The standard library would write a 0 into the one empty array of the process, from any thread.
            guard byteCount > 0 else { return [] }
            return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
                write(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<byteCount]))
                count = byteCount
            }
        }
    }

    /// The same bytes, where `place` wants them.
    /// - Parameter place: is told how many there are, and has `write` fill memory of exactly this size.
    package func serialize<Result>(
        _ place: (_ byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) -> Result
    ) -> Result {
        Arena.withScratch(limit: .max / 4) { arena in
            let message = UnsafeMutableRawPointer(arena.message(self)).assumingMemoryBound(to: ProtobufCMessage.self)
            return place(protobuf_c_message_get_packed_size(message)) { memory in
                guard let start = memory.baseAddress else { return }
                protobuf_c_message_pack(message, start.assumingMemoryBound(to: UInt8.self))
            }
        }
    }
}
