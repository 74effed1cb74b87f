import CProtobufC

/// A protobuf message as a Swift value. Generated code conforms: it is read from the wire by a `FieldReader`, and written
/// by protobuf-c.
public protocol Message: Sendable, Hashable {
    /// protobuf-c's struct of this message.
    associatedtype CMessage

    /// For example `rapport.goals.v1.Goal`.
    static var fullName: String { get }
    /// protobuf-c's description of the wire format.
    static var layout: MessageLayout { get }

    /// Every field at its default.
    init()
    /// Reads fields until `reader` has no more, over those that are there.
    mutating func merge(from reader: inout FieldReader) throws(DecodingError)
    /// Sets protobuf-c's struct to the message's defaults.
    static func initialize(_ c: UnsafeMutablePointer<CMessage>)
    /// Copies into protobuf-c's struct; what it points to lives in `arena`.
    func write(_ c: UnsafeMutablePointer<CMessage>, in arena: Arena)
}

/// protobuf-c's static descriptor of one message type. It lives as long as the process.
public struct MessageLayout: @unchecked Sendable {
    let pointer: UnsafePointer<ProtobufCMessageDescriptor>

    /// Takes the descriptor from a freshly initialised struct: a copy of the C global would have another address.
    public init<M: Message>(of type: M.Type) {
        let size = MemoryLayout<M.CMessage>.size
        let c = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { c.deallocate() }
        M.initialize(c.bindMemory(to: M.CMessage.self, capacity: 1))
        pointer = c.assumingMemoryBound(to: ProtobufCMessage.self).pointee.descriptor
    }

    init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) {
        self.pointer = pointer
    }
}

/// A protobuf enum as a Swift value: open, so that an unknown number survives a round trip.
public protocol MessageEnum: Sendable, Hashable {
    /// The value of a number, named or not.
    init(rawValue: Int32)
    /// The number in the binary form.
    var rawValue: Int32 { get }
}
