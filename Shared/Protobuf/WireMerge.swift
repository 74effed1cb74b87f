import CProtobufC

/// Rewrites a message so that no message field that is not repeated comes twice in it: what came in parts is one, as
/// merging asks for (protobuf encoding guide, "Last One Wins"). protobuf-c 1.4.1 merges by itself, but loses members of a
/// oneof and refuses repeated numbers inside. Such bytes are legal and rare: only an attacker or somebody who appends
/// messages makes them.
///
/// Only for bytes that `WireScan` has let pass.
struct WireMerge {
    private let limit: Int
    private var copied = 0

    /// - Parameter limit: bytes that may be copied altogether.
    static func merged(
        _ bytes: UnsafeRawBufferPointer, as layout: MessageLayout, limit: Int
    ) throws(DecodingError) -> [UInt8] {
        var merge = WireMerge(limit: limit)
        return try merge.message(bytes, layout.pointer)
    }

    private init(limit: Int) { self.limit = limit }

    fileprivate struct Entry {
        let field: UnsafePointer<ProtobufCFieldDescriptor>?
        /// With its tag.
        let whole: Range<Int>
        /// Of a message.
        let content: UnsafeRawBufferPointer?
    }

    private mutating func message(
        _ bytes: UnsafeRawBufferPointer, _ layout: UnsafePointer<ProtobufCMessageDescriptor>
    ) throws(DecodingError) -> [UInt8] {
        let entries = try WireMerge.entries(bytes, layout)
        var parts: [UnsafePointer<ProtobufCFieldDescriptor>: [Int]] = [:]
        for (index, entry) in entries.enumerated() {
            guard let field = entry.field else { continue }
            if let oneof = field.oneof {
                // Another member of the oneof wins over what came before.
                parts = parts.filter { $0.key == field || $0.key.oneof != oneof }
            }
            if entry.isMergeable { parts[field, default: []].append(index) }
        }
        var writer = WireWriter()
        for (index, entry) in entries.enumerated() {
            guard let field = entry.field, let content = entry.content, let child = field.child else {
                writer.raw(UnsafeRawBufferPointer(rebasing: bytes[entry.whole]))
                continue
            }
            let own = entry.isMergeable ? parts[field] ?? [] : [index]
            guard own.last == index else { continue }
            let merged: [UInt8]
            if own.count == 1 {
                merged = try message(content, child)
            } else {
                let joined = own.flatMap { entries[$0].content.map { [UInt8]($0) } ?? [] }
                try count(joined.count)
                merged = try joined.span.bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
                    try message(buffer, child)
                }
            }
            try count(merged.count)
            writer.field(Int(field.pointee.id), merged)
        }
        return writer.bytes
    }

    private static func entries(
        _ bytes: UnsafeRawBufferPointer, _ layout: UnsafePointer<ProtobufCMessageDescriptor>
    ) throws(DecodingError) -> [Entry] {
        var entries: [Entry] = []
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let start = reader.position
            let (number, type) = try reader.tag()
            let field = WireScan.field(number, of: layout)
            var content: UnsafeRawBufferPointer?
            if field?.pointee.type == PROTOBUF_C_TYPE_MESSAGE {
                content = try reader.lengthDelimited()
            } else {
                try reader.skip(type)
            }
            entries.append(Entry(field: field, whole: start..<reader.position, content: content))
        }
        return entries
    }

    private mutating func count(_ byteCount: Int) throws(DecodingError) {
        copied += byteCount
        if copied > limit { throw .tooMuchMemory(limit: limit) }
    }
}

extension WireMerge.Entry {
    fileprivate var isMergeable: Bool { content != nil && field?.pointee.label != PROTOBUF_C_LABEL_REPEATED }
}

extension UnsafePointer<ProtobufCFieldDescriptor> {
    /// The members of a oneof share the place of its discriminator.
    fileprivate var oneof: UInt32? {
        pointee.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 ? pointee.quantifier_offset : nil
    }

    fileprivate var child: UnsafePointer<ProtobufCMessageDescriptor>? {
        pointee.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
    }
}
