/// Replaces chosen fields of a message by those of another one: what a field mask means at the top of a message.
public enum FieldPatch {
    /// `message` with the fields of these numbers as `patch` has them; a field that `patch` lacks becomes absent.
    ///
    /// Both are serialised messages of one type; so is the result.
    public static func replacing(
        _ numbers: Set<Int>, of message: [UInt8], by patch: [UInt8]
    ) throws(DecodingError) -> [UInt8] {
        try fields(of: message) { !numbers.contains($0) } + fields(of: patch) { numbers.contains($0) }
    }

    /// The numbers of the fields that a serialised message has.
    public static func numbers(in message: [UInt8]) throws(DecodingError) -> Set<Int> {
        try message.span.bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
            var numbers: Set<Int> = []
            var reader = WireReader(buffer)
            while !reader.isAtEnd {
                let (number, type) = try reader.tag()
                try reader.skip(type)
                numbers.insert(number)
            }
            return numbers
        }
    }

    private static func fields(of message: [UInt8], where isWanted: (Int) -> Bool) throws(DecodingError) -> [UInt8] {
        try message.span.bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
            var result: [UInt8] = []
            var reader = WireReader(buffer)
            while !reader.isAtEnd {
                let start = reader.position
                let (number, type) = try reader.tag()
                try reader.skip(type)
                if isWanted(number) { result += buffer[start..<reader.position] }
            }
            return result
        }
    }
}
