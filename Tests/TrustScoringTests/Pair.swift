import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Storage
import Synchronization
import Testing
import TrustModel

@testable import TrustScoring

typealias Instant = TrustModel.Instant
typealias Evidence = TrustModel.Evidence

/// 00:00 UTC of Monday 2026-06-01, the case study's day 0.
let origin = Instant(microseconds: 1_780_272_000_000_000)

func day(_ number: Double) -> Instant {
    Instant(microseconds: origin.microseconds + Int64(number * 86_400e6))
}

func near(_ left: Double, _ right: Double, _ tolerance: Double = 1e-6) -> Bool {
    abs(left - right) <= tolerance
}

let coach = "organizations/acme/people/coach"
let coachee = "organizations/acme/people/coachee"

/// Events as the other services write them.
struct Facts: Sendable {
    let relationship: String
    private static let identifiers = IdentifierGenerator()

    func name(_ collection: String, _ id: String) -> String { "\(relationship)/\(collection)/\(id)" }

    func event(
        _ type: String, _ payload: Event.Payload, at instant: Instant, by role: Role = .other
    ) -> Event {
        Event(
            id: Self.identifiers.next(at: instant.microseconds).description, type: type,
            organization: "organizations/acme",
            relationship: relationship, actor: role == .trustee ? coach : role == .trustor ? coachee : "",
            actorRole: role,
            occurredAt: instant.timestamp, recordedAt: instant.timestamp, payload: payload)
    }

    func commitment(
        _ type: String, _ id: String, at instant: Instant, owner: Role = .trustee, claim: Instant? = nil,
        renegotiated: Instant? = nil, daysLate: Int32 = 0, trivial: Bool = false, source: String = ""
    ) -> Event {
        event(
            type,
            .commitmentChanged(
                CommitmentChanged(
                    commitment: name("commitments", id), ownerRole: owner, claimTime: claim?.timestamp,
                    renegotiateTime: renegotiated?.timestamp, source: source, daysLate: daysLate, trivial: trivial)),
            at: instant, by: type.contains("claimed") ? owner : .other)
    }

    func session(
        _ type: String, _ id: String, start: Instant, at instant: Instant? = nil, by role: Role = .trustor,
        trustor: Attestation.Outcome = .unspecified, trustee: Attestation.Outcome = .unspecified,
        intent: Instant? = nil, raised: Bool = false, attention: Int32 = 0, former: Instant? = nil, late: Bool = false,
        cancelled: Instant? = nil
    ) -> Event {
        event(
            type,
            .sessionChanged(
                SessionChanged(
                    session: name("sessions", id), startTime: start.timestamp, trustorAttested: trustor,
                    trusteeAttested: trustee, intentTime: intent?.timestamp, trustorRaised: raised,
                    trustorAttention: attention, previousStartTime: former?.timestamp, late: late,
                    cancelTime: cancelled?.timestamp)),
            at: instant ?? start, by: role)
    }

    func held(_ id: String, start: Instant, raised: Bool = false, attention: Int32 = 0) -> Event {
        session(
            "session.held.v1", id, start: start, trustor: .held, trustee: .held, raised: raised, attention: attention)
    }

    func depth(_ id: String, _ depth: Session.Depth, start: Instant) -> Event {
        event(
            "session.depth_set.v1",
            .sessionChanged(SessionChanged(session: name("sessions", id), startTime: start.timestamp, depth: depth)),
            at: start, by: .trustor)
    }

    func intent(_ id: String, start: Instant, stated: Instant) -> Event {
        session("session.intent_stated.v1", id, start: start, at: stated, by: .trustee, intent: stated)
    }

    func breach(
        _ type: String, _ kind: BreachCase.Kind, _ id: String, subject: String, at instant: Instant,
        by role: Role = .other
    ) -> Event {
        event(
            type,
            .breachCaseChanged(BreachCaseChanged(breachCase: name("breachCases", id), kind: kind, subject: subject)),
            at: instant, by: role)
    }

    func decision(
        _ type: String, _ id: String, at instant: Instant, author: Role = .trustee, affectsTrustor: Bool = true,
        explained: Instant? = nil, promises: Bool = false
    ) -> Event {
        event(
            type,
            .decisionChanged(
                DecisionChanged(
                    decision: name("decisions", id), authorRole: author, affectsTrustor: affectsTrustor,
                    decideTime: instant.timestamp, explainTime: explained?.timestamp, promises: promises)),
            at: instant, by: author)
    }

    func reflection(_ verdict: ReflectBack.Verdict, _ id: String, at instant: Instant, by role: Role = .trustor)
        -> Event
    {
        event(
            "reflect_back.judged.v1",
            .reflectBackChanged(ReflectBackChanged(reflectBack: name("reflectBacks", id), verdict: verdict)),
            at: instant,
            by: role)
    }

    func advice(_ rating: Advice.Rating, _ id: String, at instant: Instant, by role: Role = .trustor) -> Event {
        event(
            "advice.rated.v1", .adviceChanged(AdviceChanged(advice: name("advice", id), rating: rating)), at: instant,
            by: role)
    }

    func feedback(
        _ type: String, _ kind: FeedbackItem.Kind, _ id: String, at instant: Instant, author: Role = .trustee,
        complete: Bool = true, inTime: Bool = false, effective: FeedbackItem.Kind? = nil, revealed: Instant? = nil,
        concrete: Bool = false
    ) -> Event {
        event(
            type,
            .feedbackChanged(
                FeedbackChanged(
                    feedbackItem: name("feedbackItems", id), authorRole: author, kind: kind, complete: complete,
                    inTime: inTime, effectiveKind: effective ?? kind, hasNextStep: complete,
                    revealTime: revealed?.timestamp, concrete: concrete)), at: instant, by: author)
    }

    func pulse(
        _ item: Pulse.Item, _ value: Int32, at instant: Instant, by role: Role = .trustor, scope: Pulse.Scope = .shared
    ) -> Event {
        event(
            "pulse.answered.v1",
            .pulseAnswered(
                PulseAnswered(pulse: name("pulses", "p\(instant.microseconds)"), item: item, value: value, scope: scope)
            ),
            at: instant, by: role)
    }

    func support(_ id: String, for change: String, at instant: Instant, first: Bool = true, by role: Role = .trustee)
        -> Event
    {
        event(
            "support.planned.v1",
            .supportPlanned(
                SupportPlanned(
                    supportAction: name("supportActions", id),
                    contextChange: change.isEmpty ? "" : name("contextChanges", change),
                    firstAdaptation: first)), at: instant, by: role)
    }

    func agendaItem(
        _ id: String, for session: String, at instant: Instant, concern: Bool = false, by role: Role = .trustor
    ) -> Event {
        event(
            "agenda.item_added.v1",
            .agendaItemAdded(
                AgendaItemAdded(
                    agendaItem: name("agendaItems", id), session: name("sessions", session), concern: concern)
            ), at: instant, by: role)
    }

    func obstacle(_ id: String, at instant: Instant, by role: Role = .trustor) -> Event {
        event(
            "obstacle.added.v1", .obstacleChanged(ObstacleChanged(obstacle: name("obstacles", id))), at: instant,
            by: role)
    }

    func checkIn(_ slot: Double, of goal: String = "g1", at instant: Instant, onTime: Bool = true) -> Event {
        event(
            "checkin.recorded.v1",
            .checkInChanged(
                CheckInChanged(
                    checkIn: name("goals", goal) + "/checkIns/c\(instant.microseconds)", goal: name("goals", goal),
                    slotTime: day(slot).timestamp, onTime: onTime)), at: instant, by: .trustor)
    }

    func missedCheckIn(_ slot: Double, of goal: String = "g1") -> Event {
        event(
            "checkin.missed.v1",
            .checkInChanged(CheckInChanged(goal: name("goals", goal), slotTime: day(slot).timestamp)),
            at: day(slot + 1))
    }

    func goal(
        _ type: String, _ id: String, at instant: Instant, state: Goal.State, ambition: Int32 = 0,
        by role: Role = .trustor
    ) -> Event {
        event(
            type, .goalChanged(GoalChanged(goal: name("goals", id), state: state, ambition: ambition)), at: instant,
            by: role)
    }

    func revision(_ id: String, of goal: String, for change: String = "", at instant: Instant) -> Event {
        event(
            "goal.revised.v1",
            .revisionChanged(
                RevisionChanged(
                    revision: name("goals", goal) + "/revisions/\(id)", goal: name("goals", goal),
                    contextChange: change.isEmpty ? "" : name("contextChanges", change))), at: instant, by: .trustee)
    }

    func contextChange(_ type: String, _ id: String, at instant: Instant, by role: Role = .trustor) -> Event {
        event(
            type, .contextChanged(ContextChanged(contextChange: name("contextChanges", id), type: .organization)),
            at: instant, by: role)
    }

    func agreement(_ type: String, _ id: String, revision: Int32, at instant: Instant) -> Event {
        event(
            type, .agreementChanged(AgreementChanged(agreement: name("agreements", id), revision: revision)),
            at: instant, by: .trustee)
    }

    func reflection(
        _ id: String, at instant: Instant, trustor: Bool = true, trustee: Bool = true, actions: [String] = []
    ) -> Event {
        event(
            "reflection.completed.v1",
            .reflectionCompleted(
                ReflectionCompleted(
                    reflection: name("reflections", id), byTrustor: trustor, byTrustee: trustee,
                    actions: actions.map { name("commitments", $0) })), at: instant)
    }

    /// Belongs to no relationship.
    func leave(_ id: String, of person: String, from: Instant, to: Instant, deleted: Bool = false) -> Event {
        var event = event(
            "leave.changed.v1",
            .leaveChanged(
                LeaveChanged(
                    leaveWindow: "\(person)/leaveWindows/\(id)", person: person, startTime: from.timestamp,
                    endTime: to.timestamp, deleted: deleted)), at: from)
        event.relationship = ""
        return event
    }

    func attainment(
        _ level: Int32, _ id: String, review: Instant, of type: Goal.Kind = .performance, countersigned: Bool = true
    ) -> Event {
        event(
            "attainment.countersigned.v1",
            .attainmentChanged(
                AttainmentChanged(
                    attainment: name("goals", "g1") + "/attainments/\(id)", goal: name("goals", "g1"), goalType: type,
                    level: level, reviewTime: review.timestamp, countersigned: countersigned)), at: review, by: .trustee
        )
    }
}

/// A pair whose relationship began on day −1, before a service that hears of it.
struct Pair: Sendable {
    let host: TestHost<TrustScoringService>
    let relationship: Relationship
    let service: TrustScoringService

    init(now: Double, remembering capacity: Int = 100) async throws {
        host = try await TestHost(TrustScoringService.self, at: ServiceKit.Instant(microseconds: day(-1).microseconds))
        var relationship = try await host.relationship(trustor: coachee, trustee: coach)
        relationship.startTime = day(-1).timestamp
        relationship.etag = "\"2\""
        try await host.put(relationship)
        self.relationship = relationship
        service = TrustScoringService(host.runtime, remembering: capacity)
        set(now: now)
    }

    private init(_ pair: Pair, service: TrustScoringService) {
        host = pair.host
        relationship = pair.relationship
        self.service = service
    }

    /// The same database under a service that knows nothing yet.
    func restarted() -> Pair { Pair(self, service: TrustScoringService(host.runtime, remembering: 100)) }

    var facts: Facts { Facts(relationship: relationship.name) }

    func set(now: Double) {
        host.clock.advance(by: day(now).microseconds - host.clock.now.microseconds)
    }

    /// What ServiceKit does with a batch of events.
    func tell(_ events: [Event], from source: String = "relationships") async throws {
        try await host.runtime.database.write { transaction in
            for event in events { try service.apply(event, from: source, in: transaction) }
        }
        service.applied(events)
    }

    func tell(_ event: Event, from source: String = "relationships") async throws {
        try await tell([event], from: source)
    }

    func context(_ person: String = coachee, purpose: String = "coaching", roles: Set<String> = []) -> ServerContext {
        host.context(person: person, purpose: purpose, roles: roles)
    }

    var profileName: String { relationship.name + "/trustProfile" }

    /// The hash of all that counts now.
    func stateHash() async throws -> String {
        try await service.getTrustProfile(
            GetTrustProfileRequest(name: profileName, includeStateHash: true), context()
        ).stateHash
    }

    func profile(_ person: String = coachee) async throws -> TrustProfile {
        try await service.getTrustProfile(GetTrustProfileRequest(name: profileName), context(person))
    }

    func profile(at instant: Instant) async throws -> TrustProfile {
        try await service.getProfileAt(
            GetProfileAtRequest(name: profileName, asOf: instant.timestamp), context())
    }

    func evidence(_ person: String = coachee) async throws -> [Schema.Evidence] {
        try await service.listEvidence(
            ListEvidenceRequest(parent: relationship.name, pageSize: 500), context(person)
        ).evidence
    }

    func verification() async throws -> VerifyReplayResponse {
        try await service.verifyReplay(VerifyReplayRequest(name: relationship.name), context())
    }
}

/// The reason that a call is refused with; nil when it is not.
func reason(_ body: () async throws -> some Sendable) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch let error as any RPCErrorConvertible {
        return error.rpcError.reason
    } catch let error as RPCError {
        return error.reason
    } catch {
        return "\(error)"
    }
}
