import Schema
import ServiceKit
import Storage
import TrustModel

/// The sustaining index's inputs, made of what was observed in the 56 days before an instant (docs/domain.md §3.13,
/// rule 32).
struct SustainingInputs {
    let facts: SustainingFacts
    /// The latest contact, or the start where there was none.
    let lastContact: Instant
    let heldSessions: [Instant]
    /// What asked for an adaptation, with the first one that both agreed on; nil while there is none.
    let triggers: [(trigger: Observation, answeredAt: Instant?)]
    /// Feedback to the trustee that waits for an acknowledgement.
    let openFeedback: [Observation]

    /// Reads these 56 days, and where they hold no contact the last one before and absences since then, however long the
    /// relationship.
    static func read(
        _ relationship: Relationship, start: Instant, at instant: Instant, in snapshot: Snapshot
    ) throws -> SustainingInputs {
        let store = ObservationStore(try ResourceName(relationship.name, "organizations", "relationships"))
        let from = instant.advanced(byDays: -SustainingFacts.windowDays)
        return try read(
            relationship, try store.observations(from: from, to: instant, in: snapshot), since: from, start: start,
            at: instant, in: snapshot)
    }

    /// - Parameter observations: since `from`, 56 days at least, in the order of time.
    static func read(
        _ relationship: Relationship, _ observations: [Observation], since from: Instant, start: Instant,
        at instant: Instant, in snapshot: Snapshot
    ) throws -> SustainingInputs {
        let store = ObservationStore(try ResourceName(relationship.name, "organizations", "relationships"))
        let latest = try observations.last(where: \.isContact)?.at ?? store.lastContact(upTo: from, in: snapshot)
        let lastContact = max(latest ?? start, start)
        let absences = try Absences.read(relationship, from: min(from, lastContact), to: instant, in: snapshot)
        return SustainingInputs(
            observations, absences: absences, lastContact: lastContact, start: start,
            cadenceDays: Int(relationship.cadenceDays), at: instant)
    }

    private init(
        _ observations: [Observation], absences: [SustainingFacts.Absence], lastContact: Instant, start: Instant,
        cadenceDays: Int, at instant: Instant
    ) {
        self.lastContact = lastContact
        let byKind = Dictionary(grouping: observations, by: \.kind)
        func all(_ kind: Observation.Kind) -> [Observation] { byKind[kind] ?? [] }
        var facts = SustainingFacts(start: start, cadenceDays: cadenceDays)
        heldSessions = all(.sessionHeld).map(\.at)
        facts.contacts = observations.filter(\.isContact).map(\.at)
        facts.absences = absences
        let given = all(.feedback).filter { $0.role == .trustee }
        facts.recognitions = given.filter { [.recognition, .balanced].contains($0.effectiveKind) }.map(\.at)
        facts.guidance = given.filter {
            [.balanced, .constructive, .criticismOnly].contains($0.effectiveKind) && $0.isSet
        }.map(\.at)

        let accepted = Dictionary(all(.supportAccepted).map { ($0.subject, $0.at) }) { first, _ in first }
        let supports = all(.supportPlanned).compactMap { support in
            accepted[support.subject].map { (answers: support.object, at: $0) }
        }
        /// The first of these after the trigger.
        func answer(_ trigger: Observation, _ adaptations: [Instant]) -> (trigger: Observation, answeredAt: Instant?) {
            (trigger, adaptations.filter { $0 >= trigger.at }.min())
        }
        let missed = all(.checkInMissed).map { trigger in
            answer(
                trigger,
                all(.revision).filter { $0.subject == trigger.subject }.map(\.at)
                    + supports.filter(\.answers.isEmpty).map(\.at))
        }
        let changes = all(.contextChange).map { trigger in
            answer(
                trigger,
                all(.revision).filter { $0.object == trigger.subject }.map(\.at)
                    + supports.filter { $0.answers == trigger.subject }.map(\.at))
        }
        let agreements = all(.agreementRevised).map { answer($0, all(.agreementSigned).map(\.at)) }
        triggers = missed + changes + agreements
        facts.triggers = triggers.map { SustainingFacts.Trigger(occurredAt: $0.trigger.at, answeredAt: $0.answeredAt) }

        let closed = Dictionary(all(.commitmentClosed).map { ($0.subject, $0.at) }) { first, _ in first }
        facts.reflections = all(.reflection).map { reflection in
            SustainingFacts.Reflection(
                occurredAt: reflection.at, isByBoth: reflection.isSet,
                actionClosedAt: reflection.object.split(separator: "\n").compactMap { closed[String($0)] }.min())
        }

        let acknowledged = Set((all(.acknowledged) + all(.acted)).map(\.subject))
        openFeedback = all(.feedback).filter {
            $0.role == .trustor && !acknowledged.contains($0.subject) && $0.at > instant.advanced(byHours: -72)
        }
        self.facts = facts
    }

    /// A pause begins with the one and ends with the next; it may have begun before, and may last.
    static func pauses(
        _ marks: [Observation], before: Observation?, from: Instant, to: Instant
    ) -> [SustainingFacts.Absence] {
        var absences: [SustainingFacts.Absence] = []
        var since = before?.isSet == true ? from : nil
        for mark in marks {
            if mark.isSet {
                since = since ?? mark.at
            } else if let began = since {
                absences.append(.init(from: began, to: mark.at))
                since = nil
            }
        }
        if let since { absences.append(.init(from: since, to: to)) }
        return absences
    }

    /// Changes of context that nothing was adapted to yet.
    var openContextChanges: [Observation] {
        triggers.filter { $0.trigger.kind == .contextChange && $0.answeredAt == nil }.map(\.trigger)
    }

    // MARK: Monitors (docs/domain.md §4.5)

    /// M2: days without recognition, and sessions held in them.
    static let recognitionDays = 28
    static let recognitionSessions = 2

    /// M1.
    func hasContactGap(at instant: Instant) -> Bool {
        ContactGap.isOpen(
            since: lastContact, cadenceDays: facts.cadenceDays, absences: facts.absences, at: instant)
    }

    /// M2: no recognition in 28 days, while at least two sessions were held.
    func hasRecognitionDrought(at instant: Instant) -> Bool {
        let from = instant.advanced(byDays: -Self.recognitionDays)
        return heldSessions.count { $0 > from } >= Self.recognitionSessions
            && !facts.recognitions.contains { $0 > from }
    }
}
