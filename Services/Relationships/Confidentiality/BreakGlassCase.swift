import Schema
import ServiceKit

/// Two named roles open what a pair has sealed (docs/domain.md §6.8). REQUESTED → OPEN → CLOSED; REQUESTED → REFUSED.
extension BreakGlassCase {
    static let justificationLength = 1...2000
    /// An opening closes by itself.
    static let openHours = 72
    static let maximumSilenceDays = 400

    /// - Throws: INVALID_ARGUMENT for whatever breaks a limit, and for a silence that no law orders.
    static func requested(
        _ words: BreakGlassCase, named name: String, by requester: String, at now: Instant
    ) throws -> BreakGlassCase {
        try Check.known(words.reason, "break_glass_case.reason")
        try Check.text(words.justification, "break_glass_case.justification", justificationLength)
        guard words.justification.saysSomething else {
            throw Refusal.invalid("break_glass_case.justification", "is required")
        }
        if let silence = words.silenceEndTime {
            let end = try Check.instant(silence, "break_glass_case.silence_end_time")
            guard words.reason != .imminentHarm else {
                throw Refusal.invalid(
                    "break_glass_case.silence_end_time", "only the law or a court can forbid to tell the parties")
            }
            guard now < end, end <= now.adding(days: maximumSilenceDays) else {
                throw Refusal.invalid(
                    "break_glass_case.silence_end_time", "lies in the future, at most \(maximumSilenceDays) days ahead")
            }
        }
        return BreakGlassCase(
            name: name, requester: requester, reason: words.reason, justification: words.justification,
            state: .requested, silenceEndTime: words.silenceEndTime)
    }

    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN: it takes two people, and none of the pair.
    mutating func decide(opening: Bool, by approver: String, _ role: Role, at now: Instant) throws {
        guard approver != requester, role == .other else {
            throw Refusal.roleForbidden("the ombudsperson decides who is neither the requester nor one of the pair")
        }
        guard state == .requested else { throw Refusal.wrongState("the case", is: state, needs: "REQUESTED") }
        self.approver = approver
        guard opening else {
            state = .refused
            return
        }
        state = .open
        openTime = now.timestamp
        expireTime = now.adding(hours: Self.openHours).timestamp
    }

    mutating func close() throws {
        guard state == .open else { throw Refusal.wrongState("the case", is: state, needs: "OPEN") }
        state = .closed
    }

    /// The parties are told, unless and until the law forbids it.
    func isSilent(at now: Instant) -> Bool {
        guard let silenceEndTime, let end = try? Instant(silenceEndTime) else { return false }
        return now < end
    }

    func isReadable(by person: String?, _ role: Role, ombudsperson: String, at now: Instant) -> Bool {
        guard let person else { return false }
        return role == .other ? person == requester || person == ombudsperson : !isSilent(at: now)
    }
}
