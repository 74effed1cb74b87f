import Schema
import ServiceKit

/// What follows when one of the two has fallen silent: three steps, each a week after the one before, days of leave not
/// counted (docs/domain.md §2.2).
enum InactivityLadder {
    /// Nobody is called silent sooner.
    static let silenceDays = 14
    static let stepDays = 7

    struct Absence: Sendable {
        var start: Instant
        var end: Instant
    }

    /// Days of presence between two instants, in microseconds.
    static func presence(from start: Instant, to end: Instant, without absences: [Absence]) -> Int64 {
        var present = max(0, end - start)
        var counted = start
        for absence in absences.sorted(by: { $0.start < $1.start }) {
            let from = max(absence.start, counted)
            let to = min(absence.end, end)
            guard from < to else { continue }
            present -= to - from
            counted = to
        }
        return present
    }

    /// The first instant with so many days of presence behind `start`.
    static func deadline(after start: Instant, days: Int, without absences: [Absence]) -> Instant {
        var deadline = start.adding(days: days)
        var counted = start
        for absence in absences.sorted(by: { $0.start < $1.start }) {
            let from = max(absence.start, counted)
            guard from < deadline else { break }
            guard absence.end > from else { continue }
            deadline = deadline.adding(microseconds: absence.end - from)
            counted = absence.end
        }
        return deadline
    }
}

extension InactivityReport {
    /// The other one has done nothing for 14 days that they were there.
    /// - Parameters:
    ///   - last: what the silent one did last; nil for nothing since `start`.
    ///   - start: of the relationship.
    static func reported(
        by person: String, about silent: String, name: String, last: Instant?, start: Instant,
        absences: [InactivityLadder.Absence], at now: Instant
    ) throws -> InactivityReport {
        let silence = InactivityLadder.presence(from: last ?? start, to: now, without: absences)
        guard silence >= Int64(InactivityLadder.silenceDays) * Instant.microsecondsPerDay else {
            throw Refusal(
                .failedPrecondition, "STILL_ACTIVE",
                "Within \(InactivityLadder.silenceDays) days, leave and pauses not counted, nobody has fallen silent.")
        }
        var report = InactivityReport(
            name: name, reportedBy: person, silent: silent, state: .open, lastActivityTime: last?.timestamp)
        report.climb(to: .silentReminded, absences: absences, at: now)
        return report
    }

    /// Takes a step and says when the next one follows.
    mutating func climb(to next: Step, absences: [InactivityLadder.Absence], at now: Instant) {
        step = next
        stepTimes.append(now.timestamp)
        nextStepTime =
            next == .programmeTold
            ? nil
            : InactivityLadder.deadline(
                after: now, days: InactivityLadder.stepDays, without: absences
            ).timestamp
    }

    /// The step behind this one; nil behind the last.
    var nextStep: Step? {
        switch step {
        case .silentReminded: .bothReminded
        case .bothReminded: .programmeTold
        default: nil
        }
    }

    mutating func close(_ end: State, at now: Instant) {
        state = end
        nextStepTime = nil
        closeTime = now.timestamp
    }

    var isTold: Bool { step == .programmeTold }

    /// Administrators learn that the pair is inactive, and since when they know: not who reported whom.
    var seenByProgramme: InactivityReport {
        var report = self
        report.reportedBy = ""
        report.silent = ""
        report.lastActivityTime = nil
        report.stepTimes = stepTimes.suffix(1)
        return report
    }
}
