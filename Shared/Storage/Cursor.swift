/// A place in a service's outbox: everything up to and including `position` has been seen.
public struct Cursor: Sendable, Hashable {
    /// The life of the file in which the position was given.
    public let epoch: Identifier
    /// 0 before the first event.
    public let position: Int64

    public init(epoch: Identifier, position: Int64) {
        self.epoch = epoch
        self.position = position
    }

    /// 24 bytes: the epoch, then the position big-endian. Nil for another length or a negative position.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 24, let epoch = Identifier(bytes: bytes.prefix(16)) else { return nil }
        let position = bytes.suffix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard position >= 0 else { return nil }
        self.init(epoch: epoch, position: position)
    }

    public var bytes: [UInt8] {
        epoch.bytes + (0..<8).map { UInt8(truncatingIfNeeded: position >> (56 - $0 * 8)) }
    }
}
