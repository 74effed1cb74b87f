import Schema
import ServiceKit

/// Pause, resume and end of the work together, and history import (docs/domain.md §6.1, rules 1 and 28).
extension Relationship {
    /// More pauses are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumPauses = 100

    /// ACTIVE to PAUSED.
    mutating func pause(_ reason: Pause.Reason, at now: Instant) throws {
        try require([.active], "ACTIVE")
        guard pauses.count < Self.maximumPauses else {
            throw Refusal(
                .resourceExhausted, "CAPACITY_FULL", "A relationship is paused at most \(Self.maximumPauses) times.")
        }
        state = .paused
        pauses.append(Pause(startTime: now.timestamp, reason: reason))
    }

    /// PAUSED to ACTIVE. Answers since when it was paused.
    mutating func resume(at now: Instant) throws -> Instant {
        try require([.paused], "PAUSED")
        let since = try endPause(at: now)
        state = .active
        return since
    }

    /// What the first word about the end does.
    enum Ending: Equatable {
        /// It ends in two weeks.
        case announced
        /// As before; a pause since this instant is over.
        case announcedInPause(since: Instant)
        case ended
    }

    /// One party ends it: ENDING; the other one's word, then, ends it at once.
    mutating func end(by person: String, at now: Instant) throws -> Ending {
        try require(
            [.accepted, .active, .paused, .ending, .rematching], "ACCEPTED, ACTIVE, PAUSED, ENDING or REMATCHING")
        if state == .rematching {
            _ = finish(at: now)
            return .ended
        }
        if state == .ending {
            guard person != endedBy else {
                throw Refusal.wrongState("relationship", is: state, needs: "the other party's word, or time")
            }
            _ = finish(at: now)
            return .ended
        }
        let pausedSince = state == .paused ? try endPause(at: now) : nil
        state = .ending
        endedBy = person
        endingTime = now.timestamp
        return pausedSince.map { .announcedInPause(since: $0) } ?? .announced
    }

    /// Why it ends, in words that blame nobody; unspecified for not said.
    /// - Throws: `Refusal` for a reason that the programme alone gives.
    mutating func giveReason(_ reason: EndReason) throws {
        guard reason != .unspecified else { return }
        try Check.known(reason, "reason")
        guard reason != .rematched, reason != .handedOver else {
            throw Refusal.invalid("reason", "REMATCHED and HANDED_OVER come of a rematch and a hand-over")
        }
        endReason = reason
    }

    /// The time to say goodbye is over. False when it had ended before.
    mutating func finish(at now: Instant) -> Bool {
        guard state == .ending || state == .rematching else { return false }
        if state == .rematching { endReason = .rematched }
        state = .ended
        endTime = now.timestamp
        return true
    }

    mutating func endPause(at now: Instant) throws -> Instant {
        let last = pauses.count - 1
        let since = try Check.instant(last < 0 ? nil : pauses[last].startTime, "relationship.pauses.start_time")
        pauses[last].endTime = now.timestamp
        return since
    }

    /// An instant so long after another one; a pause that began in between moves it by its length.
    func deadline(after instant: Instant, days: Int = 0, hours: Int = 0) throws -> Instant {
        var deadline = instant.adding(days: days, hours: hours)
        for pause in pauses where pause.endTime != nil {
            let start = try Check.instant(pause.startTime, "relationship.pauses.start_time")
            if start >= instant, start <= deadline {
                deadline = deadline.adding(
                    microseconds: try Check.instant(pause.endTime, "relationship.pauses.end_time") - start)
            }
        }
        return deadline
    }

    /// From now on the wall clock judges.
    mutating func finishImport() {
        importing = false
        importClock = nil
    }

    /// What happened may still be told and settled, though nothing new begins: also while it ends and afterwards.
    var mayBeSettled: Bool {
        [.active, .ending, .rematching, .ended].contains(state) && startTime != nil
    }
}
