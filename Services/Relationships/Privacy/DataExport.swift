import Schema
import ServiceKit

/// All that a person may read and has written, gathered (docs/domain.md §6.5). PENDING → RUNNING → SUCCEEDED | FAILED;
/// CANCELLED until it expires, EXPIRED 30 days after its end.
extension DataExport {
    /// More that wait or run for one person are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumOpen = 2
    static let keptDays = 30
    /// Of all lines; a larger one fails with EXPORT_TOO_LARGE.
    static let maximumBytes: Int64 = 64 << 20

    static func asked(_ name: String, by requester: String) -> DataExport {
        DataExport(name: name, requester: requester, state: .pending)
    }

    var isOpen: Bool { state == .pending || state == .running }

    /// From the beginning, also after a restart in the middle. False when it was cancelled meanwhile.
    mutating func begin(at now: Instant) -> Bool {
        guard isOpen else { return false }
        state = .running
        progressPercent = 0
        itemCount = 0
        sizeBytes = 0
        if startTime == nil { startTime = now.timestamp }
        return true
    }

    mutating func succeed(at now: Instant) {
        state = .succeeded
        progressPercent = 100
        endTime = now.timestamp
        expireTime = now.adding(days: Self.keptDays).timestamp
    }

    mutating func fail(_ refusal: Refusal, at now: Instant) {
        state = .failed
        failureReason = refusal.reason
        failureMessage = refusal.message
        endTime = now.timestamp
    }

    /// - Throws: `Refusal` FAILED_PRECONDITION, WRONG_STATE.
    mutating func cancel(at now: Instant) throws {
        guard isOpen || state == .succeeded else {
            throw Refusal.wrongState("the export", is: state, needs: "PENDING, RUNNING or SUCCEEDED")
        }
        state = .cancelled
        if endTime == nil { endTime = now.timestamp }
        expireTime = nil
    }

    /// False when there is nothing to expire.
    mutating func expire() -> Bool {
        guard state == .succeeded else { return false }
        state = .expired
        return true
    }
}
