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
        serialize { message in
            // The standard library would write a 0 into the one empty array of the process, from any thread.
            guard message.byteCount > 0 else { return [] }
            return [UInt8](unsafeUninitializedCapacity: message.byteCount) { buffer, count in
                message.pack(into: UnsafeMutableRawBufferPointer(buffer))
                count = message.byteCount
            }
        }
    }

    /// The same bytes, where `body` wants them.
    package func serialize<Result>(_ body: (UnpackedMessage) -> Result) -> Result {
        Arena.withScratch(limit: .max / 4) { body(UnpackedMessage($0.message(self))) }
    }
}

/// A message as protobuf-c's struct, while `Message.serialize` runs.
package struct UnpackedMessage {
    private let message: UnsafeMutablePointer<ProtobufCMessage>
    /// Of its binary form.
    package let byteCount: Int

    fileprivate init<C>(_ message: UnsafeMutablePointer<C>) {
        self.message = UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        byteCount = protobuf_c_message_get_packed_size(self.message)
    }

    /// Writes the binary form to the beginning of `memory`, which must have room for it.
    package func pack(into memory: UnsafeMutableRawBufferPointer) {
        guard let start = memory.baseAddress, byteCount > 0 else { return }
        precondition(memory.count >= byteCount)
        protobuf_c_message_pack(message, start.assumingMemoryBound(to: UInt8.self))
    }
}
