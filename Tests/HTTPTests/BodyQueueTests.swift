import NIOCore
import Testing

@testable import HTTP

@Suite("Bytes that wait to be framed")
struct BodyQueueTests {
    /// What `count` bytes of the queue are, taken to the output.
    static func take(_ count: Int, from queue: inout BodyQueue) -> [UInt8] {
        let output = LoopScratch.current.collect(upTo: count) { queue.move(count, to: .current) }
        return Array(output.readableBytesView)
    }

    @Test("come out as they went in, however they were written", arguments: 1...20 as ClosedRange<UInt64>)
    func order(seed: UInt64) {
        print("seed \(seed)")
        var random = SplitMix(state: seed)
        var queue = BodyQueue()
        var expected: [UInt8] = []
        var next: UInt8 = 0
        for _ in 0..<2000 {
            let size = Int.random(in: 1...[3, 40, 1500, 20_000][Int.random(in: 0..<4, using: &random)], using: &random)
            let bytes = (0..<size).map { _ in
                next &+= 1
                return next
            }
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                queue.append(ByteBuffer(bytes: bytes))
                expected += bytes
            case 1:
                queue.append(byteCount: size) { $0.copyBytes(from: bytes) }
                expected += bytes
            default:
                let count = min(size, expected.count)
                #expect(Self.take(count, from: &queue) == Array(expected.prefix(count)))
                expected.removeFirst(count)
            }
            #expect(queue.byteCount == expected.count)
        }
        #expect(Self.take(expected.count, from: &queue) == expected)
    }

    @Test("Small messages share memory, which is never larger than what waits already, or 16 KiB")
    func sharedMemory() {
        var queue = BodyQueue()
        var pieces: [UnsafeMutableRawPointer] = []
        for _ in 0..<64 {
            queue.append(byteCount: 1024) { pieces.append($0.baseAddress!) }
        }
        let adjacent = zip(pieces, pieces.dropFirst()).filter { $1 == $0 + 1024 }.count
        #expect(adjacent >= 55)
        var small = BodyQueue()
        var capacity = 0
        small.append(byteCount: 10) { _ in }
        small.append(byteCount: 10) { capacity = $0.count }
        #expect(capacity == 10)
        #expect(small.byteCount == 20)
    }
}
