import CNghttp2
import Testing

@testable import HTTP

/// Blocks are kept by the thread, and a test is on one as long as it does not wait.
@Suite("Memory of nghttp2")
struct EngineMemoryTests {
    @Test("A block that is given back is the next one of its size")
    func reuse() throws {
        let first = try #require(EngineMemory.allocate(100))
        EngineMemory.free(first)
        let second = try #require(EngineMemory.allocate(128))
        #expect(first == second)
        EngineMemory.free(second)
    }

    @Test(
        "Blocks are aligned and apart, of no bytes, of few and of many", arguments: [0, 1, 64, 65, 1024, 1025, 100_000])
    func sizes(_ size: Int) throws {
        let blocks = try (0..<3).map { _ in try #require(EngineMemory.allocate(size)) }
        for (index, block) in blocks.enumerated() {
            #expect(Int(bitPattern: block) % 16 == 0)
            block.initializeMemory(as: UInt8.self, repeating: UInt8(index + 1), count: size)
        }
        for (index, block) in blocks.enumerated() {
            let bytes = UnsafeRawBufferPointer(start: block, count: size)
            #expect(bytes.allSatisfy { $0 == UInt8(index + 1) })
        }
        blocks.forEach(EngineMemory.free)
    }

    @Test("A larger block has the bytes of the smaller one")
    func growth() throws {
        var block = try #require(EngineMemory.reallocate(nil, 10))
        block.initializeMemory(as: UInt8.self, repeating: 7, count: 10)
        for size in [20, 64, 65, 3000, 50_000, 10] {
            block = try #require(EngineMemory.reallocate(block, size))
            let bytes = UnsafeRawBufferPointer(start: block, count: 10)
            #expect(bytes.allSatisfy { $0 == 7 })
        }
        EngineMemory.free(block)
    }

    @Test("What is asked for as zeros is zeros, though it was used before")
    func zeros() throws {
        let used = try #require(EngineMemory.allocate(64))
        used.initializeMemory(as: UInt8.self, repeating: 0xff, count: 64)
        EngineMemory.free(used)
        let zeros = try #require(EngineMemory.functions.pointee.calloc(4, 16, nil))
        let bytes = UnsafeRawBufferPointer(start: zeros, count: 64)
        #expect(bytes.allSatisfy { $0 == 0 })
        EngineMemory.free(zeros)
    }

    @Test("More than there can be is not given")
    func tooMuch() {
        let largest = EngineMemory.allocate(.max)
        #expect(largest == nil)
        let product = EngineMemory.functions.pointee.calloc(.max, 2, nil)
        #expect(product == nil)
    }

    @Test("A thread keeps so many blocks and no more")
    func limit() throws {
        let before = EngineMemory.kept
        let blocks = try (0..<3 * EngineMemory.keptOfOneSize).map { _ in try #require(EngineMemory.allocate(1000)) }
        blocks.forEach(EngineMemory.free)
        #expect(EngineMemory.kept <= before + EngineMemory.keptOfOneSize)
    }
}
