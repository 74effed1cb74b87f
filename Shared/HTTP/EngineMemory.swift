import CNghttp2
import Glibc
import NIOPosix

/// Memory for nghttp2. It asks for nine small blocks in a request and gives those of a whole burst back together, which
/// is more than glibc's quick lists hold; so each thread keeps blocks in lists by size, for its sessions.
final class EngineMemory {
    /// Each thread sees its own value only.
    private nonisolated(unsafe) static let perThread = ThreadSpecificVariable<EngineMemory>()

    /// This thread's.
    static var current: EngineMemory {
        if let memory = perThread.currentValue { return memory }
        let memory = EngineMemory()
        perThread.currentValue = memory
        return memory
    }

    /// Sizes are multiples of 64 bytes, and counted in them.
    private static let stepBits = 6
    /// The largest block that is kept has 1 KiB.
    private static let largestKept = 16
    /// Blocks of one size that a thread keeps: at most 2 MiB of all sizes.
    static let keptOfOneSize = 256
    /// Before each block, which is so aligned as malloc's: how many steps it has.
    private static let headerSize = 16

    private struct List {
        var first: UnsafeMutableRawPointer?
        var count = 0

        /// A block that waits holds the next one in its first bytes.
        mutating func pop() -> UnsafeMutableRawPointer? {
            guard let block = first else { return nil }
            first = block.load(as: UnsafeMutableRawPointer?.self)
            count &-= 1
            return block
        }

        mutating func push(_ block: UnsafeMutableRawPointer) {
            block.storeBytes(of: first, as: UnsafeMutableRawPointer?.self)
            first = block
            count &+= 1
        }
    }

    private let lists: UnsafeMutablePointer<List>
    private let owner = pthread_self()
    /// What a session allocates by; the session must hold this object as long as it lives.
    let functions: UnsafeMutablePointer<nghttp2_mem>

    init() {
        lists = .allocate(capacity: Self.largestKept + 1)
        lists.initialize(repeating: List(), count: Self.largestKept + 1)
        functions = .allocate(capacity: 1)
        functions.initialize(
            to: nghttp2_mem(
                mem_user_data: nil,
                malloc: { size, memory in EngineMemory.from(memory) { $0.allocate(size) } },
                free: { block, memory in EngineMemory.from(memory) { $0.free(block) } },
                calloc: { count, size, memory in
                    let (total, overflow) = count.multipliedReportingOverflow(by: size)
                    guard !overflow, let block = EngineMemory.from(memory, { $0.allocate(total) }) else { return nil }
                    return memset(block, 0, total)
                },
                realloc: { block, size, memory in EngineMemory.from(memory) { $0.reallocate(block, size) } }))
        functions.pointee.mem_user_data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        for steps in 0...Self.largestKept {
            while let block = lists[steps].pop() { Glibc.free(block) }
        }
        lists.deallocate()
        functions.deallocate()
    }

    @inline(__always)
    private static func from<Result>(
        _ memory: UnsafeMutableRawPointer?, _ body: (EngineMemory) -> Result
    ) -> Result {
        Unmanaged<EngineMemory>.fromOpaque(memory.unsafelyUnwrapped)._withUnsafeGuaranteedRef(body)
    }

    /// Only the owner uses the lists: the last of a connection may be let go of on another thread.
    private var isAtHome: Bool { pthread_equal(pthread_self(), owner) != 0 }

    /// Blocks that are kept.
    var kept: Int { (0...Self.largestKept).reduce(0) { $0 + lists[$1].count } }

    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount < .max >> 1 else { return nil }
        let steps = max(1, (byteCount &+ (1 << Self.stepBits) &- 1) >> Self.stepBits)
        let kept = steps <= Self.largestKept && isAtHome ? lists[steps].pop() : nil
        guard let block = kept ?? malloc(Self.headerSize &+ steps << Self.stepBits) else { return nil }
        block.storeBytes(of: steps, as: Int.self)
        return block + Self.headerSize
    }

    func free(_ place: UnsafeMutableRawPointer?) {
        guard let place else { return }
        let block = place - Self.headerSize
        let steps = block.load(as: Int.self)
        guard steps <= Self.largestKept, isAtHome, lists[steps].count < Self.keptOfOneSize else {
            return Glibc.free(block)
        }
        lists[steps].push(block)
    }

    func reallocate(_ place: UnsafeMutableRawPointer?, _ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard let place else { return allocate(byteCount) }
        let size = (place - Self.headerSize).load(as: Int.self) << Self.stepBits
        guard byteCount > size else { return place }
        guard let larger = allocate(byteCount) else { return nil }
        memcpy(larger, place, size)
        free(place)
        return larger
    }
}
