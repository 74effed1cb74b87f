import NIOCore
import Testing

@testable import RPC

@Suite struct MessageReaderTests {
    private func stream(_ messages: [[UInt8]]) -> [UInt8] {
        messages.flatMap { Array(framed($0).readableBytesView) }
    }

    private func readAll(_ reader: inout MessageReader) throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while let message = try reader.next() { messages.append(Array(message.readableBytesView)) }
        return messages
    }

    @Test func `messages may straddle buffers anywhere and share them`() throws {
        let messages: [[UInt8]] = [[], [1], [2, 3, 4], Array(repeating: 9, count: 300)]
        let bytes = stream(messages)
        for cut in 0...bytes.count {
            var reader = MessageReader(limit: 300)
            try reader.append(ByteBuffer(bytes: bytes[..<cut]))
            var read = try readAll(&reader)
            try reader.append(ByteBuffer(bytes: bytes[cut...]))
            read += try readAll(&reader)
            #expect(read == messages)
            #expect(!reader.hasBytes)
        }
    }

    @Test func `any cutting gives the same messages`() throws {
        var random = Seeded()
        for _ in 0..<300 {
            let messages = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            var rest = stream(messages)[...]
            var reader = MessageReader(limit: 200)
            var read: [[UInt8]] = []
            var credit = 0
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...60, using: &random))
                rest = rest.dropFirst(piece.count)
                try reader.append(ByteBuffer(bytes: piece))
                if Bool.random(using: &random) { read += try readAll(&reader) }
                credit += reader.takeCredit()
            }
            read += try readAll(&reader)
            credit += reader.takeCredit()
            #expect(read == messages, "seed \(random.seed)")
            #expect(credit == stream(messages).count, "every byte is paid back once, seed \(random.seed)")
        }
    }

    @Test func `a message at the limit passes, one byte more does not`() throws {
        var reader = MessageReader(limit: 4)
        try reader.append(ByteBuffer(bytes: stream([[1, 2, 3, 4]])))
        #expect(try readAll(&reader) == [[1, 2, 3, 4]])
        #expect(throws: FramingError.tooLarge(length: 5, limit: 4)) {
            try reader.append(ByteBuffer(bytes: [0, 0, 0, 0, 5]))
        }
    }

    @Test func `a length of 4 GiB is refused before it is stored`() {
        var reader = MessageReader(limit: 100)
        #expect(throws: FramingError.tooLarge(length: 0xFFFF_FFFF, limit: 100)) {
            try reader.append(ByteBuffer(bytes: [0, 255, 255, 255, 255]))
        }
    }

    @Test func `flags`() {
        var reader = MessageReader(limit: 100)
        #expect(throws: FramingError.illegalFlag(2)) { try reader.append(ByteBuffer(bytes: [2])) }
        reader = MessageReader(limit: 100)
        #expect(throws: FramingError.compressedWithoutEncoding) {
            try reader.append(ByteBuffer(bytes: [1, 0, 0, 0, 0]))
        }
    }

    @Test func `a stream that stops inside a prefix or a message has bytes left`() throws {
        for bytes in [[0], [0, 0, 0, 0], [0, 0, 0, 0, 2, 1]] as [[UInt8]] {
            var reader = MessageReader(limit: 100)
            try reader.append(ByteBuffer(bytes: bytes))
            #expect(try reader.next() == nil)
            #expect(reader.hasBytes)
        }
    }

    @Test func `an unfinished message is paid back at once, a finished one when it is taken`() throws {
        var reader = MessageReader(limit: 100)
        try reader.append(ByteBuffer(bytes: [0, 0, 0, 0, 10, 1, 2, 3]))
        #expect(reader.takeCredit() == 8)
        try reader.append(ByteBuffer(bytes: [4, 5, 6, 7, 8, 9, 10]))
        #expect(reader.takeCredit() == 0)
        _ = try reader.next()
        #expect(reader.takeCredit() == 7)
    }
}
