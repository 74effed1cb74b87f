import CNghttp2
import NIOPosix
import Testing

@testable import HTTP

/// Blocks are kept on one thread, and a test is on one as long as it does not wait.
@Suite("Memory of nghttp2")
struct EngineMemoryTests {
    private let memory = EngineMemory()

    @Test("A block that is given back is the next one of its size")
    func reuse() throws {
        let first = try #require(memory.allocate(100))
        memory.free(first)
        let second = try #require(memory.allocate(128))
        #expect(first == second)
        memory.free(second)
    }

    @Test(
        "Blocks are aligned and apart, of no bytes, of few and of many", arguments: [0, 1, 64, 65, 1024, 1025, 100_000])
    func sizes(_ size: Int) throws {
        let blocks = try (0..<3).map { _ in try #require(memory.allocate(size)) }
        for (index, block) in blocks.enumerated() {
            #expect(Int(bitPattern: block) % 16 == 0)
            block.initializeMemory(as: UInt8.self, repeating: UInt8(index + 1), count: size)
        }
        for (index, block) in blocks.enumerated() {
            let bytes = UnsafeRawBufferPointer(start: block, count: size)
            #expect(bytes.allSatisfy { $0 == UInt8(index + 1) })
        }
        blocks.forEach(memory.free)
    }

    @Test("A larger block has the bytes of the smaller one")
    func growth() throws {
        var block = try #require(memory.reallocate(nil, 10))
        block.initializeMemory(as: UInt8.self, repeating: 7, count: 10)
        for size in [20, 64, 65, 3000, 50_000, 10] {
            block = try #require(memory.reallocate(block, size))
            let bytes = UnsafeRawBufferPointer(start: block, count: 10)
            #expect(bytes.allSatisfy { $0 == 7 })
        }
        memory.free(block)
    }

    @Test("What is asked for as zeros is zeros, though it was used before")
    func zeros() throws {
        let used = try #require(memory.allocate(64))
        used.initializeMemory(as: UInt8.self, repeating: 0xff, count: 64)
        memory.free(used)
        let zeros = try #require(memory.functions.pointee.calloc(4, 16, memory.functions.pointee.mem_user_data))
        let bytes = UnsafeRawBufferPointer(start: zeros, count: 64)
        #expect(bytes.allSatisfy { $0 == 0 })
        memory.free(zeros)
    }

    @Test("More than there can be is not given")
    func tooMuch() {
        let largest = memory.allocate(.max)
        #expect(largest == nil)
        let product = memory.functions.pointee.calloc(.max, 2, memory.functions.pointee.mem_user_data)
        #expect(product == nil)
    }

    @Test("A thread keeps so many blocks and no more")
    func limit() throws {
        let before = memory.kept
        let blocks = try (0..<3 * EngineMemory.keptOfOneSize).map { _ in try #require(memory.allocate(1000)) }
        blocks.forEach(memory.free)
        #expect(memory.kept <= before + EngineMemory.keptOfOneSize)
    }

    @Test("A block that another thread gives back is not kept")
    func elsewhere() async throws {
        let memory = EngineMemory()
        memory.free(memory.allocate(1000))
        #expect(memory.kept == 1)
        nonisolated(unsafe) let (lent, block) = (memory, memory.allocate(1000))
        #expect(memory.kept == 0)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await group.next().submit { lent.free(block) }.get()
        try await group.shutdownGracefully()
        #expect(memory.kept == 0)
    }
}
