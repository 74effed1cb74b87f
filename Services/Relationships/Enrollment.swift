import Schema
import ServiceKit
import Storage

/// What a person offers to a programme in one role (docs/domain.md §6.1).
extension Enrollment {
    static let maximumCapacity: Int32 = 50

    /// The same person and role have one enrolment: its name follows from them.
    static func name(of person: String, as role: Role, in programme: String) -> String {
        let id = Identifier.version5(
            namespace: Commitment.namespace, name: "\(programme)/\(person)/\(role.rawValue)")
        return "\(programme)/enrollments/\(id)"
    }

    /// - Parameter load: the person's open relationships of the programme in this role, asked for or begun.
    static func offered(_ draft: Enrollment, in programme: String, load: Int) throws -> Enrollment {
        try Check.known(draft.role, "enrollment.role")
        let organization = try ResourceName(programme, "organizations", "programmes").organization
        for person in [draft.person] + draft.exclusions + draft.preferences {
            let name = try ResourceName(person, "organizations", "people")
            guard name.organization == organization else {
                throw Refusal.invalid("enrollment", "people of the programme's organisation")
            }
        }
        let capacity = draft.capacity == 0 ? 1 : draft.capacity
        try Check.range(capacity, "enrollment.capacity", 1...maximumCapacity)
        try Check.count(draft.topics.count, "enrollment.topics", 0...20)
        for topic in draft.topics { try Check.text(topic, "enrollment.topics", 1...100) }
        try Check.count(draft.exclusions.count, "enrollment.exclusions", 0...50)
        try Check.count(draft.goals.count, "enrollment.goals", 0...10)
        for goal in draft.goals { try Check.text(goal, "enrollment.goals", 1...100) }
        try Check.count(draft.preferences.count, "enrollment.preferences", 0...20)
        try draft.meetingHours?.check("enrollment.meeting_hours")
        guard load <= Int(capacity) else {
            throw Refusal(
                .resourceExhausted, "CAPACITY_FULL", "\(load) relationships are open already: capacity cannot be less.")
        }
        return Enrollment(
            name: name(of: draft.person, as: draft.role, in: programme), person: draft.person, role: draft.role,
            capacity: capacity, topics: draft.topics, exclusions: draft.exclusions, goals: draft.goals,
            preferences: draft.preferences, meetingHours: draft.meetingHours)
    }

    /// One more relationship must still fit (docs/domain.md §6.1: capacity ≥ active + pending).
    func requireRoom(load: Int) throws {
        guard load < Int(capacity) else {
            throw Refusal(
                .resourceExhausted, "CAPACITY_FULL",
                "\(role == .trustee ? "The coach" : "The coachee") has no room for another relationship here.")
        }
    }
}
