import Schema
import ServiceKit

/// The ways in which a pair is over and another one follows (docs/domain.md §6.1, S43).
extension Relationship {
    /// ACTIVE or PAUSED to REMATCHING. Answers since when it was paused, if it was.
    mutating func rematch(at now: Instant) throws -> Instant? {
        try require([.active, .paused], "ACTIVE or PAUSED")
        let since = state == .paused ? try endPause(at: now) : nil
        state = .rematching
        return since
    }

    /// Whether another coach can be asked to take over.
    func requireTransferable() throws {
        try require([.active, .paused, .rematching], "ACTIVE, PAUSED or REMATCHING")
    }

    /// The successor has begun: the old one is over. Answers since when it was paused, if it was.
    mutating func handOver(to relationship: String, at now: Instant) throws -> Instant? {
        try requireTransferable()
        let since = state == .paused ? try endPause(at: now) : nil
        state = .ended
        endTime = now.timestamp
        endReason = .handedOver
        successor = relationship
        return since
    }
}

extension Rematch {
    static let maximumNote = 2000

    static func asked(
        _ request: RequestRematchRequest, name: String, by person: String, end: Instant
    ) throws -> Rematch {
        try Check.known(request.reason, "reason")
        try Check.text(request.note, "note", 0...maximumNote)
        return Rematch(
            name: name, askedBy: person, reason: request.reason, note: request.note,
            sharedWithMatching: request.shareWithMatching, endTime: end.timestamp)
    }

    /// What the programme's matching reads.
    var seenByProgramme: Rematch {
        guard !sharedWithMatching else { return self }
        var rematch = self
        rematch.note = ""
        return rematch
    }
}

extension HandOver {
    static let maximumItems = 100

    /// The coachee says that something goes along.
    mutating func consent(to resource: String, at now: Instant) throws {
        try requireOpen()
        guard !items.contains(where: { $0.resource == resource }) else { return }
        guard items.count < Self.maximumItems else {
            throw Refusal(.resourceExhausted, "CAPACITY_FULL", "At most \(Self.maximumItems) items go along.")
        }
        items.append(Item(resource: resource, consentTime: now.timestamp))
    }

    mutating func withdraw(_ resource: String) throws {
        try requireOpen()
        items.removeAll { $0.resource == resource }
    }

    mutating func complete(at now: Instant) throws {
        try requireOpen()
        state = .completed
        completeTime = now.timestamp
    }

    /// False when it is over.
    mutating func cancel() -> Bool {
        guard state == .open else { return false }
        state = .cancelled
        return true
    }

    private func requireOpen() throws {
        guard state == .open else { throw Refusal.wrongState("the hand-over", is: state, needs: "OPEN") }
    }

    /// Administrators learn that there is one, not of what the two have worked on.
    var withoutItems: HandOver {
        var handOver = self
        handOver.items = []
        return handOver
    }
}
