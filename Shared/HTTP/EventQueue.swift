/// Events in order, moved in and out without reference counting: an array would retain each one to read it, and keep
/// what it has told until it is cleared. It has memory while there are events; a long one, which is to come again, until
/// the connection has been idle.
struct EventQueue: ~Copyable {
    private static let short = 16

    private var base: UnsafeMutablePointer<HTTP2Event>?
    private var capacity = 0
    /// The next one to tell and the end of the recorded ones.
    private var first = 0
    private var end = 0

    deinit {
        base?.advanced(by: first).deinitialize(count: end - first)
        base?.deallocate()
    }

    mutating func append(_ event: consuming HTTP2Event) {
        if end == capacity { grow() }
        base?.advanced(by: end).initialize(to: event)
        end += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<HTTP2Event>.allocate(capacity: max(Self.short, 2 * capacity))
        if let base {
            (larger + first).moveInitialize(from: base + first, count: end - first)
            base.deallocate()
        }
        base = larger
        capacity = max(Self.short, 2 * capacity)
    }

    mutating func popFirst() -> HTTP2Event? {
        guard first < end, let base else {
            first = 0
            end = 0
            if capacity <= Self.short { trim() }
            return nil
        }
        first += 1
        return (base + first - 1).move()
    }

    /// Gives memory back that nothing is in.
    mutating func trim() {
        if capacity > 0, first == end { self = EventQueue() }
    }

    mutating func removeAll() {
        self = EventQueue()
    }
}
