/// Writes tags and values of protobuf's wire format.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    /// Fields that are written already.
    mutating func raw(_ fields: some Collection<UInt8>) { bytes.append(contentsOf: fields) }

    mutating func tag(_ field: Int, _ type: WireType) {
        varint(UInt64(field) << 3 | UInt64(type.rawValue))
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func fixed32(_ value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func fixed64(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// A length-delimited field.
    mutating func field(_ number: Int, _ content: some Collection<UInt8>) {
        tag(number, .lengthDelimited)
        lengthDelimited(content)
    }

    mutating func lengthDelimited(_ content: some Collection<UInt8>) {
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    mutating func field(_ number: Int, varint value: UInt64) {
        tag(number, .varint)
        varint(value)
    }
}
