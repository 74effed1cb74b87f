import Schema
import ServiceKit

/// Forgetting a person (docs/domain.md §6.5). RUNNING → SUCCEEDED.
extension Erasure {
    /// All that keep something of people.
    static let services = DataServices.names

    static func asked(_ name: String, by requester: String) -> Erasure {
        Erasure(name: name, requester: requester, state: .running)
    }

    /// One service has done its part; its second word changes nothing.
    /// - Throws: `Refusal` PERMISSION_DENIED, ROLE_FORBIDDEN for a service that has no part in it.
    mutating func confirm(_ service: String, itemCount: Int32, at now: Instant) throws {
        guard Self.services.contains(service) else {
            throw Refusal.roleForbidden("\(service) keeps nothing of people")
        }
        guard !steps.contains(where: { $0.service == service }) else { return }
        steps.append(Step(service: service, itemCount: itemCount, confirmTime: now.timestamp))
        progressPercent = Int32(100 * steps.count / Self.services.count)
        guard steps.count == Self.services.count else { return }
        state = .succeeded
        endTime = now.timestamp
    }
}

extension Person {
    /// What the partner sees of somebody who was erased.
    static let erasedName = "erased person"

    var isErased: Bool { eraseTime != nil }

    /// Nothing is left but that there was somebody.
    func erased(at now: Instant) -> Person {
        Person(
            name: name, displayName: Self.erasedName, active: false, etag: etag, createTime: createTime,
            eraseTime: now.timestamp)
    }
}

extension Relationship {
    /// One of the two is no more: it ends at once.
    mutating func endByErasure(of person: String, at now: Instant) throws {
        finishImport()
        if state == .paused { _ = try endPause(at: now) }
        guard state != .requested, state != .needsInfo else {
            state = .withdrawn
            return
        }
        if state != .ending {
            endedBy = person
            endingTime = now.timestamp
        }
        state = .ended
        endTime = now.timestamp
    }
}
