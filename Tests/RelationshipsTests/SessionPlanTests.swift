import Schema
import ServiceKit
import Testing

@testable import Relationships

/// Moving, calling off and disputing sessions, their agenda and depth (docs/domain.md §6.1, rules 8, 29, 31 and 49).
@Suite struct SessionPlanTests {
    func reschedule(
        _ pair: Pair, _ session: String, to start: Instant, by person: String, at instant: Instant
    ) async throws -> Session {
        try await pair.service.rescheduleSession(
            RescheduleSessionRequest(name: session, startTime: start.timestamp, occurredAt: pair.at(instant)),
            pair.by(person))
    }

    func changed(_ pair: Pair, _ type: String) async throws -> SessionChanged {
        guard case .sessionChanged(let payload) = try await pair.lastEvent(type)?.payload else {
            throw Refusal.notFound(type)
        }
        return payload
    }

    @Test func twentyFourHoursOfNoticeAreInTime() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        let moved = try await reschedule(pair, session, to: day(9), by: pair.coach, at: day(6))
        #expect(moved.state == .scheduled && moved.startTime == day(9).timestamp && moved.reschedules == 1)
        var payload = try await changed(pair, "session.rescheduled.v1")
        #expect(payload.previousStartTime == day(7).timestamp && !payload.late)
        _ = try await reschedule(pair, session, to: day(10), by: pair.coach, at: day(8).next)
        payload = try await changed(pair, "session.rescheduled.v1")
        #expect(payload.previousStartTime == day(9).timestamp && payload.late)
        #expect(try await pair.lastEvent("session.rescheduled.v1")?.actorRole == .trustee)
        #expect(
            try await pair.events("session.rescheduled") == [
                Fact("session.rescheduled.v1", day(6)), Fact("session.rescheduled.v1", day(8).next),
            ])
        #expect(
            await refusal { try await reschedule(pair, session, to: day(12), by: pair.coach, at: day(10).next) }
                == "WRONG_STATE")
        #expect(
            await refusal { try await reschedule(pair, session, to: day(9), by: pair.coach, at: day(9).next) }
                == "INVALID_FIELD", "not into the past")
    }

    @Test func whoCallsItOffIsKeptAndHowLate() async throws {
        let pair = try await Pair.active(importing: true)
        let first = try await pair.session(on: day(7), at: day(0))
        let second = try await pair.session(on: day(7), at: day(0))
        let early = try await pair.service.cancelSession(
            CancelSessionRequest(name: first, occurredAt: day(6).timestamp), pair.by(pair.coachee))
        #expect(early.state == .cancelled && early.cancellation?.person == pair.coachee)
        #expect(early.cancellation?.late == false)
        _ = try await pair.service.cancelSession(
            CancelSessionRequest(name: second, occurredAt: day(6).next.timestamp), pair.by(pair.coach))
        #expect(try await changed(pair, "session.cancelled.v1").late)
        #expect(await refusal { try await pair.attest(first, by: pair.coach, at: day(8)) } == "WRONG_STATE")
        try await pair.reach(day(20))
        #expect(try await get(pair, first).unattested == false)
    }

    @Test func silenceOfBothIsFlaggedAndIsNoEvidence() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        let spoken = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(spoken, by: pair.coach, at: day(8))
        try await pair.reach(day(14))
        #expect(try await !get(pair, session).unattested)
        try await pair.reach(day(14).next)
        #expect(try await get(pair, session).unattested)
        #expect(try await get(pair, session).state == .scheduled)
        #expect(try await !get(pair, spoken).unattested)
        #expect(try await pair.events("session.held").isEmpty)
        try await pair.attest(session, by: pair.coachee, at: day(15))
        #expect(try await !get(pair, session).unattested, "a late word counts")
    }

    @Test func aDisputeIsEndedByBoth() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, by: pair.coach, at: day(7))
        try await pair.attest(session, by: pair.coachee, at: day(7))
        let dispute = { (instant: Instant) in DisputeSessionRequest(name: session, occurredAt: instant.timestamp) }
        #expect(
            await refusal { try await pair.service.disputeSession(dispute(day(14).next), pair.by(pair.coach)) }
                == "WRONG_STATE")
        let disputed = try await Pair.active(importing: true)
        let other = try await disputed.session(on: day(7), at: day(0))
        try await disputed.attest(other, by: disputed.coach, at: day(7))
        try await disputed.attest(other, by: disputed.coachee, at: day(7))
        _ = try await disputed.service.disputeSession(
            DisputeSessionRequest(name: other, occurredAt: day(14).timestamp), disputed.by(disputed.coachee))
        #expect(try await get(disputed, other).state == .disputed)
        func resolve(_ outcome: Session.Resolution.Outcome, by person: String) async throws -> Session.State {
            try await disputed.service.resolveDispute(
                ResolveDisputeRequest(name: other, outcome: outcome, occurredAt: day(15).timestamp),
                disputed.by(person)
            ).state
        }
        #expect(try await resolve(.void, by: disputed.coach) == .disputed, "one word is not enough")
        #expect(try await resolve(.trusteeNoShow, by: disputed.coachee) == .disputed, "two that differ neither")
        #expect(try await resolve(.trusteeNoShow, by: disputed.coach) == .noShow)
        #expect(
            try await disputed.events("session.").suffix(3) == [
                Fact("session.held.v1", day(7)), Fact("session.disputed.v1", day(14)),
                Fact("session.no_show.v1", day(7)),
            ])
        #expect(try await disputed.breachCases().map(\.state) == [.confirmed])
        #expect(await refusal { try await resolve(.void, by: disputed.coach) } == "WRONG_STATE")
    }

    @Test func whatBothCallVoidCountsForNothing() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, .trusteeNoShow, by: pair.coachee, at: day(7))
        _ = try await pair.service.disputeSession(
            DisputeSessionRequest(name: session, occurredAt: day(8).timestamp), pair.by(pair.coach))
        #expect(try await pair.breachCases().map(\.state) == [.notConfirmed])
        for person in [pair.coach, pair.coachee] {
            _ = try await pair.service.resolveDispute(
                ResolveDisputeRequest(name: session, outcome: .void, occurredAt: day(9).timestamp), pair.by(person))
        }
        #expect(try await get(pair, session).state == .void)
        #expect(try await pair.events("session.voided") == [Fact("session.voided.v1", day(9))])
        #expect(await refusal { try await pair.attest(session, by: pair.coachee, at: day(9)) } == "WRONG_STATE")
        try await pair.reach(day(200))
        #expect(try await pair.events("breach.unrepaired").isEmpty)
        #expect(try await pair.events("session.held").isEmpty)
    }

    @Test func onlyTheCoacheeSaysWhatWasRaisedHowAttentiveTheCoachWasAndHowDeepItWent() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        func attest(_ attention: Int32, by person: String) async throws -> Session {
            try await pair.service.attestSession(
                AttestSessionRequest(
                    name: session, raised: true, attention: attention, occurredAt: day(7).timestamp), pair.by(person))
        }
        #expect(await refusal { try await attest(4, by: pair.coach) } == "ROLE_FORBIDDEN")
        #expect(await refusal { try await attest(6, by: pair.coachee) } == "INVALID_FIELD")
        _ = try await attest(4, by: pair.coachee)
        let payload = try await changed(pair, "session.held.v1")
        #expect(payload.trustorRaised && payload.trustorAttention == 4)
        func deepen(_ depth: Session.Depth, by person: String) async throws -> Session {
            try await pair.service.setSessionDepth(
                SetSessionDepthRequest(name: session, depth: depth, occurredAt: day(8).timestamp), pair.by(person))
        }
        #expect(await refusal { try await deepen(.growth, by: pair.coach) } == "ROLE_FORBIDDEN")
        #expect(await refusal { try await deepen(.unspecified, by: pair.coachee) } == "INVALID_FIELD")
        #expect(try await deepen(.growth, by: pair.coachee).depth == .growth)
        _ = try await deepen(.growth, by: pair.coachee)
        #expect(try await pair.events("session.depth").count == 1, "once for what is new")
        #expect(try await changed(pair, "session.depth_set.v1").depth == .growth)
    }

    @Test func eitherPartyPutsTopicsOnTheAgendaUntilADayAfterTheStart() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        func add(_ text: String, concern: Bool = false, by person: String, at instant: Instant) async throws
            -> AgendaItem
        {
            try await pair.service.addAgendaItem(
                AddAgendaItemRequest(
                    parent: session, agendaItem: AgendaItem(text: text, concern: concern),
                    occurredAt: instant.timestamp), pair.by(person))
        }
        let first = try await add("pricing", by: pair.coach, at: day(1))
        let second = try await add("I lost two calls", concern: true, by: pair.coachee, at: day(8))
        #expect(await refusal { try await add("late", by: pair.coachee, at: day(8).next) } == "WRONG_STATE")
        #expect(await refusal { try await add("", by: pair.coachee, at: day(8).next) } == "INVALID_FIELD")
        let list = try await pair.service.listAgendaItems(
            ListAgendaItemsRequest(parent: session), pair.by(pair.coach)
        ).agendaItems
        #expect(list == [first, second] && list.map(\.author) == [pair.coach, pair.coachee])
        #expect(
            try await pair.service.getAgendaItem(GetAgendaItemRequest(name: second.name), pair.by(pair.coach)) == second
        )
        guard case .agendaItemAdded(let payload) = try await pair.lastEvent("agenda.item_added.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload == AgendaItemAdded(agendaItem: second.name, session: session, concern: true))
        #expect(
            await refusal {
                try await pair.service.listAgendaItems(
                    ListAgendaItemsRequest(parent: "\(pair.name)/sessions/0193aaaa-0000-7000-8000-00000000000b"),
                    pair.by(pair.coach))
            } == "NOT_FOUND")
    }

    @Test func anAgendaIsBounded() async throws {
        let pair = try await Pair.active()
        let session = try await pair.session(on: day(7), at: day(0))
        let add = AddAgendaItemRequest(parent: session, agendaItem: AgendaItem(text: "x"))
        for _ in 0..<AgendaItem.maximumPerSession {
            _ = try await pair.service.addAgendaItem(add, pair.by(pair.coach))
        }
        #expect(await refusal { try await pair.service.addAgendaItem(add, pair.by(pair.coach)) } == "CAPACITY_FULL")
    }

    private func get(_ pair: Pair, _ session: String) async throws -> Session {
        try await pair.service.getSession(GetSessionRequest(name: session), pair.by(pair.coach))
    }
}
