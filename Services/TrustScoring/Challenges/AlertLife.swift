import Schema
import ServiceKit
import TrustModel

/// OPEN → ACKNOWLEDGED → PLAN_SET → RESOLVED | DISMISSED (docs/domain.md §4, §6.4).
extension Alert {
    static let planLength = 1...2000
    static let noteLength = 0...2000
    /// Facts that are named.
    static let maximumFacts = 20

    var stands: Bool { [.open, .acknowledged, .planSet].contains(state) }

    /// A WATCH is the trustee's alone.
    func isVisible(to role: Role, isService: Bool) -> Bool {
        isService || role == .trustee || role == .trustor && level == .alert
    }

    /// - Throws: FAILED_PRECONDITION, WRONG_STATE unless OPEN.
    mutating func acknowledge(by person: String, at now: ServiceKit.Instant) throws {
        guard state == .open else { throw Refusal.wrongState("the alert", is: state, needs: "OPEN") }
        state = .acknowledged
        acknowledgeTime = now.timestamp
        acknowledgedBy = person
        updateTime = now.timestamp
    }

    /// - Throws: INVALID_ARGUMENT for a text out of its length; FAILED_PRECONDITION, WRONG_STATE unless ACKNOWLEDGED or
    ///   PLAN_SET.
    mutating func plan(_ text: String, at now: ServiceKit.Instant) throws {
        try Check.text(text, "plan", Self.planLength)
        guard text.saysSomething else { throw Refusal.invalid("plan", "is required") }
        guard state == .acknowledged || state == .planSet else {
            throw Refusal.wrongState("the alert", is: state, needs: "ACKNOWLEDGED or PLAN_SET")
        }
        state = .planSet
        plan = text
        planTime = now.timestamp
        updateTime = now.timestamp
    }

    /// - Throws: INVALID_ARGUMENT for an unknown reason, a note too long or one that is missing; PERMISSION_DENIED,
    ///   ROLE_FORBIDDEN; FAILED_PRECONDITION, WRONG_STATE when it is closed.
    mutating func dismiss(
        for reason: Dismissal, note: String, by role: Role, at now: ServiceKit.Instant
    ) throws {
        try Check.known(reason, "reason")
        try Check.text(note, "note", Self.noteLength)
        guard reason != .otherReason || note.saysSomething else {
            throw Refusal.invalid("note", "is required with OTHER_REASON")
        }
        switch level {
        case .watch where role == .trustor: throw Refusal.roleForbidden("only the coach may do this")
        case .alert where role == .trustee: throw Refusal.roleForbidden("only the coachee may do this")
        default: break
        }
        guard stands else {
            throw Refusal.wrongState("the alert", is: state, needs: "OPEN, ACKNOWLEDGED or PLAN_SET")
        }
        state = .dismissed
        dismissal = reason
        dismissalNote = note
        close(at: now)
    }

    mutating func resolve(_ resolution: Resolution, at now: ServiceKit.Instant) {
        state = .resolved
        self.resolution = resolution
        close(at: now)
    }

    private mutating func close(at now: ServiceKit.Instant) {
        closeTime = now.timestamp
        updateTime = now.timestamp
    }
}

extension AlertCourse.Signal {
    /// Nil for one that is closed.
    init?(_ alert: Alert) throws {
        guard alert.stands, let raised = alert.raiseTime else { return nil }
        let state: AlertCourse.State =
            switch alert.state {
            case .acknowledged: .acknowledged
            case .planSet: .planSet
            default: .open
            }
        self.init(isAlert: alert.level == .alert, state: state, raisedAt: try Instant(raised))
    }
}
