import CProtobufC
import Glibc

/// Memory of one decoding or encoding, given back in one piece.
///
/// protobuf-c allocates from it through `ProtobufCAllocator`. An allocation past `limit` fails, which protobuf-c
/// reports as a failed unpack; nothing is freed one by one.
///
/// `@exclusivity(unchecked)`: no access spans a call of anybody else's code, and an arena belongs to one thread.
public final class Arena {
    /// The first block; grows are at least this large. 16 KiB holds nearly every message of this system.
    static let blockSize = 16 * 1024
    /// The default bound of all blocks together: 32 MiB, eight times the largest message that is received by default.
    public static let defaultLimit = 32 * 1024 * 1024

    @exclusivity(unchecked) private var blocks: [UnsafeMutableRawBufferPointer] = []
    @exclusivity(unchecked) private var current: UnsafeMutableRawBufferPointer
    @exclusivity(unchecked) private var offset = 0
    @exclusivity(unchecked) private var allocated: Int
    @exclusivity(unchecked) fileprivate var limit: Int
    @exclusivity(unchecked) private var isLent = false

    init(limit: Int = Arena.defaultLimit) {
        self.limit = limit
        current = .allocate(byteCount: Arena.blockSize, alignment: 16)
        allocated = Arena.blockSize
    }

    deinit {
        for block in blocks { block.deallocate() }
        current.deallocate()
    }

    /// Sixteen-byte aligned, uninitialised; nil past the limit.
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount <= limit else { return nil }
        let size = (max(byteCount, 1) + 15) & ~15
        if offset + size > current.count {
            let blockSize = max(Arena.blockSize, size)
            guard allocated + blockSize <= limit + Arena.blockSize else { return nil }
            blocks.append(current)
            current = .allocate(byteCount: blockSize, alignment: 16)
            allocated += blockSize
            offset = 0
        }
        defer { offset += size }
        return current.baseAddress.map { $0 + offset }
    }

    /// For encoding, where the sizes are our own: memory or a trap, as every Swift allocation.
    func require(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard let memory = allocate(byteCount) else { preconditionFailure("arena of \(limit) bytes is exhausted") }
        return memory
    }

    private func reset() {
        if !blocks.isEmpty {
            for block in blocks { block.deallocate() }
            blocks.removeAll(keepingCapacity: true)
        }
        if current.count > Arena.blockSize {
            current.deallocate()
            current = .allocate(byteCount: Arena.blockSize, alignment: 16)
        }
        allocated = Arena.blockSize
        offset = 0
    }

    /// Lends this thread's arena; a nested use gets one of its own.
    static func withScratch<R, E: Error>(limit: Int, _ body: (Arena) throws(E) -> R) throws(E) -> R {
        let arena = threadArena()
        guard !arena.isLent else {
            let nested = Arena(limit: limit)
            return try body(nested)
        }
        arena.isLent = true
        arena.limit = limit
        defer {
            arena.reset()
            arena.isLent = false
        }
        return try body(arena)
    }

    private static let threadKey: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { Unmanaged<Arena>.fromOpaque($0!).release() }
        return key
    }()

    private static func threadArena() -> Arena {
        if let pointer = pthread_getspecific(threadKey) {
            return Unmanaged<Arena>.fromOpaque(pointer).takeUnretainedValue()
        }
        let arena = Arena()
        pthread_setspecific(threadKey, Unmanaged.passRetained(arena).toOpaque())
        return arena
    }

    /// Calls `body` with an allocator that takes from this arena.
    func withAllocator<R>(_ body: (UnsafeMutablePointer<ProtobufCAllocator>) -> R) -> R {
        var allocator = ProtobufCAllocator(
            alloc: { data, size in Unmanaged<Arena>.fromOpaque(data!).takeUnretainedValue().allocate(size) },
            free: { _, _ in },
            allocator_data: Unmanaged.passUnretained(self).toOpaque()
        )
        return body(&allocator)
    }
}
