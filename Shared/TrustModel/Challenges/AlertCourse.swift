/// What becomes of one detector's readings in one relationship: when a signal is given, when it ends, and that none follows
/// another within 28 days (docs/domain.md §4).
public struct AlertCourse: Hashable, Sendable {
    public enum State: UInt8, Sendable {
        case open = 1
        case acknowledged = 2
        case planSet = 3
    }

    /// A signal that stands.
    public struct Signal: Hashable, Sendable {
        public var isAlert: Bool
        public var state: State
        /// When it became what it is.
        public var raisedAt: Instant

        public init(isAlert: Bool, state: State, raisedAt: Instant) {
            self.isAlert = isAlert
            self.state = state
            self.raisedAt = raisedAt
        }
    }

    /// What a reading changes.
    public enum Step: Hashable, Sendable {
        case none
        /// A new signal; a standing one ends by it.
        case raise(isAlert: Bool)
        /// The standing WATCH becomes an ALERT.
        case escalate
        case resolve
    }

    public var signal: Signal?
    public var lastWatch: Instant?
    public var lastAlert: Instant?

    public init(signal: Signal? = nil, lastWatch: Instant? = nil, lastAlert: Instant? = nil) {
        self.signal = signal
        self.lastWatch = lastWatch
        self.lastAlert = lastAlert
    }

    public mutating func take(_ reading: Reading, at instant: Instant) -> Step {
        let step = step(for: reading, at: instant)
        switch step {
        case .none: break
        case .resolve: signal = nil
        case .escalate: raise(isAlert: true, at: instant)
        case .raise(let isAlert): raise(isAlert: isAlert, at: instant)
        }
        return step
    }

    private mutating func raise(isAlert: Bool, at instant: Instant) {
        signal = Signal(isAlert: isAlert, state: .open, raisedAt: instant)
        if isAlert { lastAlert = instant } else { lastWatch = instant }
    }

    private func step(for reading: Reading, at instant: Instant) -> Step {
        guard let signal else {
            if reading == .alert && hasCooledDown(lastAlert, at: instant) { return .raise(isAlert: true) }
            let isNews = hasCooledDown(lastAlert, at: instant) && hasCooledDown(lastWatch, at: instant)
            return reading >= .watch && isNews ? .raise(isAlert: false) : .none
        }
        if !signal.isAlert {
            if reading == .alert && hasCooledDown(lastAlert, at: instant) { return .escalate }
            return reading == .clear ? .resolve : .none
        }
        switch reading {
        case .clear:
            // Acknowledging sets a sum to 0: what was agreed then gets the time to show.
            return signal.state == .open || hasCooledDown(signal.raisedAt, at: instant) ? .resolve : .none
        case .alert where signal.state != .open && hasCooledDown(signal.raisedAt, at: instant):
            return .raise(isAlert: true)
        default: return .none
        }
    }

    private func hasCooledDown(_ raised: Instant?, at instant: Instant) -> Bool {
        raised.map { $0.advanced(byDays: Challenge.coolDownDays) <= instant } ?? true
    }
}
