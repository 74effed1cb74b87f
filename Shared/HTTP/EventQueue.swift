/// Events in order, moved in and out without reference counting: an array would retain each one to read it, and keep
/// what it has told until it is cleared.
struct EventQueue: ~Copyable {
    private var base: UnsafeMutablePointer<HTTP2Event>
    private var capacity = 16
    /// The next one to tell and the end of the recorded ones.
    private var first = 0
    private var end = 0

    init() {
        base = .allocate(capacity: capacity)
    }

    deinit {
        (base + first).deinitialize(count: end - first)
        base.deallocate()
    }

    mutating func append(_ event: consuming HTTP2Event) {
        if end == capacity {
            let larger = UnsafeMutablePointer<HTTP2Event>.allocate(capacity: 2 * capacity)
            (larger + first).moveInitialize(from: base + first, count: end - first)
            base.deallocate()
            base = larger
            capacity *= 2
        }
        (base + end).initialize(to: event)
        end += 1
    }

    mutating func popFirst() -> HTTP2Event? {
        guard first < end else {
            first = 0
            end = 0
            return nil
        }
        first += 1
        return (base + first - 1).move()
    }

    mutating func removeAll() {
        (base + first).deinitialize(count: end - first)
        first = 0
        end = 0
    }
}
