import CNghttp2
import Glibc

/// Memory for nghttp2. It asks for nine small blocks in a request and gives those of a whole burst back together, which
/// is more than glibc's quick lists hold; so each thread keeps blocks in lists by size.
enum EngineMemory {
    /// What every session allocates by. Never mutated after creation.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<nghttp2_mem> = {
        let functions = UnsafeMutablePointer<nghttp2_mem>.allocate(capacity: 1)
        functions.initialize(
            to: nghttp2_mem(
                mem_user_data: nil,
                malloc: { size, _ in EngineMemory.allocate(size) },
                free: { block, _ in EngineMemory.free(block) },
                calloc: { count, size, _ in
                    let (total, overflow) = count.multipliedReportingOverflow(by: size)
                    guard !overflow, let block = EngineMemory.allocate(total) else { return nil }
                    return memset(block, 0, total)
                },
                realloc: { block, size, _ in EngineMemory.reallocate(block, size) }))
        return functions
    }()

    /// Sizes are multiples of this.
    private static let step = 64
    /// The largest block that is kept has 1 KiB.
    private static let sizeCount = 16
    /// Blocks of one size that a thread keeps: at most 2 MiB of all sizes.
    static let keptOfOneSize = 256
    /// Before each block, which is so aligned as malloc's: how many bytes it has.
    private static let headerSize = 16

    private struct List {
        var first: UnsafeMutableRawPointer?
        var count = 0
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { lists in
            guard let lists = lists?.assumingMemoryBound(to: List.self) else { return }
            for index in 0..<EngineMemory.sizeCount {
                while let block = EngineMemory.pop(&lists[index]) { Glibc.free(block) }
            }
            lists.deallocate()
        }
        return key
    }()

    private static var lists: UnsafeMutablePointer<List> {
        if let lists = pthread_getspecific(key) { return lists.assumingMemoryBound(to: List.self) }
        let lists = UnsafeMutablePointer<List>.allocate(capacity: sizeCount)
        lists.initialize(repeating: List(), count: sizeCount)
        pthread_setspecific(key, lists)
        return lists
    }

    /// Blocks that this thread keeps.
    static var kept: Int { (0..<sizeCount).reduce(0) { $0 + lists[$1].count } }

    /// A block that waits holds the next one in its first bytes.
    private static func pop(_ list: inout List) -> UnsafeMutableRawPointer? {
        guard let block = list.first else { return nil }
        list.first = block.load(as: UnsafeMutableRawPointer?.self)
        list.count -= 1
        return block
    }

    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount <= .max - headerSize - step else { return nil }
        let steps = max(1, (byteCount + step - 1) / step)
        let size = steps * step
        let kept = steps <= sizeCount ? pop(&lists[steps - 1]) : nil
        guard let block = kept ?? malloc(headerSize + size) else { return nil }
        block.storeBytes(of: size, as: Int.self)
        return block + headerSize
    }

    static func free(_ place: UnsafeMutableRawPointer?) {
        guard let place else { return }
        let block = place - headerSize
        let steps = block.load(as: Int.self) / step
        guard steps <= sizeCount else { return Glibc.free(block) }
        let list = lists + (steps - 1)
        guard list.pointee.count < keptOfOneSize else { return Glibc.free(block) }
        block.storeBytes(of: list.pointee.first, as: UnsafeMutableRawPointer?.self)
        list.pointee.first = block
        list.pointee.count += 1
    }

    static func reallocate(_ place: UnsafeMutableRawPointer?, _ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard let place else { return allocate(byteCount) }
        let size = (place - headerSize).load(as: Int.self)
        guard byteCount > size else { return place }
        guard let larger = allocate(byteCount) else { return nil }
        memcpy(larger, place, size)
        free(place)
        return larger
    }
}
