import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func scheduleSession(_ request: ScheduleSessionRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.sessions) { change in
            _ = try change.party(.trustor, .trustee)
            try change.requireActive()
            try change.relationship.requireCurrentAgreement()
            let draft = request.session ?? Session()
            var session = try Session.scheduled(
                draft, name: change.newName("sessions", in: request.parent),
                relationshipStart: try Check.instant(change.relationship.startTime, "relationship.start_time"),
                at: change.now)
            let isIntended = !draft.intent.isEmpty
            if isIntended {
                _ = try change.party(.trustee)
                _ = try session.state(intent: draft.intent, at: change.now)
            }
            session = try change.create(Tables.sessions, session)
            try change.awaitAttestation(of: session)
            try change.publish("session.scheduled.v1", session)
            if isIntended { try change.publish("session.intent_stated.v1", session) }
            return session
        }
    }

    func stateIntent(_ request: StateIntentRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            _ = try change.party(.trustee)
            try change.requireActive()
            var session = try change.get(Tables.sessions, request.name)
            let isFirst = try session.state(intent: request.intent, at: change.now)
            session = try change.save(Tables.sessions, session)
            if isFirst { try change.publish("session.intent_stated.v1", session) }
            return session
        }
    }

    func attestSession(_ request: AttestSessionRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            let before = try change.get(Tables.sessions, request.name)
            var session = before
            let word = Session.Word(
                outcome: request.outcome, raised: request.raised, attention: request.attention)
            guard try session.attest(word, by: person, at: change.now, in: change.relationship) else { return before }
            session = try change.save(Tables.sessions, session)
            try change.draw(from: session, before: before)
            return session
        }
    }

    /// A party objects: evidence is retracted until both agree (docs/domain.md rule 8).
    func disputeSession(_ request: DisputeSessionRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            let before = try change.get(Tables.sessions, request.name)
            var session = before
            try session.dispute(by: person, at: change.now, in: change.relationship)
            session = try change.save(Tables.sessions, session)
            try change.draw(from: session, before: before)
            return session
        }
    }

    func resolveDispute(_ request: ResolveDisputeRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            let before = try change.get(Tables.sessions, request.name)
            var session = before
            let isOver = try session.resolve(request.outcome, by: person, at: change.now, in: change.relationship)
            session = try change.save(Tables.sessions, session)
            if isOver { try change.draw(from: session, before: before) }
            return session
        }
    }

    func getSession(_ request: GetSessionRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.get(context, Tables.sessions, request.name)
    }

    func listSessions(_ request: ListSessionsRequest, _ context: ServerContext) async throws -> ListSessionsResponse {
        let page = try await runtime.list(context, Tables.sessions, request)
        return ListSessionsResponse(sessions: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// When nobody has said what happened, the session is flagged; never evidence (docs/domain.md rule 8).
    func awaitAttestation(of session: Session) throws {
        try schedule(.sessionUnattested, for: session.name, at: max(now, try session.selfReportTime(in: relationship)))
    }

    /// What follows from an attestation: the trustor's word is a fact dated at the session's start; the trustee's alone
    /// becomes one when the trustor stays silent (docs/domain.md rule 8).
    func draw(from session: Session, before: Session) throws {
        let firm = session.firmOutcome(trustor: relationship.trustor)
        let formerlyFirm = before.firmOutcome(trustor: relationship.trustor)
        try cancel(.sessionUnattested, for: session.name)
        if session.state == .held, firm == nil {
            try schedule(
                .sessionSelfAttested, for: session.name, at: max(now, try session.selfReportTime(in: relationship)))
        } else {
            try cancel(.sessionSelfAttested, for: session.name)
        }
        if session.state == .disputed, before.state != .disputed { try publish("session.disputed.v1", session) }
        if session.state == .void, before.state != .void { try publish("session.voided.v1", session) }
        guard firm != formerlyFirm else { return }
        if formerlyFirm == .trusteeNoShow { try withdrawAbsence(from: session) }
        switch firm {
        case .held:
            try publish("session.held.v1", session, occurredAt: try session.start)
        case .trusteeNoShow:
            try publish("session.no_show.v1", session, occurredAt: try session.start)
            try confirmAbsence(from: session)
        case .trustorNoShow:
            try publish("session.no_show.v1", session, occurredAt: try session.start)
        case .unspecified, .unrecognized, nil:
            break
        }
    }

    func leaveUnattested(_ name: String) throws {
        guard var session = try find(Tables.sessions, name), session.goUnattested() else { return }
        session = try save(Tables.sessions, session)
    }

    func takeSelfReport(_ name: String) throws {
        guard let session = try find(Tables.sessions, name), session.state == .held,
            session.firmOutcome(trustor: relationship.trustor) == nil
        else { return }
        try publish("session.self_attested.v1", session, occurredAt: try session.start)
    }

    /// A dispute that ends as it began confirms the same case again.
    private func confirmAbsence(from session: Session) throws {
        if let name = try SessionIndex.breachCase(of: session.name, in: transaction) {
            var breachCase = try get(Tables.breachCases, name)
            breachCase.confirm(at: now)
            try announce(try save(Tables.breachCases, breachCase))
        } else {
            let breachCase = try confirmBreach(.attendance, of: session.name)
            try announce(breachCase)
            try SessionIndex.remember(breachCase.name, of: session.name, in: transaction)
        }
    }

    private func withdrawAbsence(from session: Session) throws {
        guard let name = try SessionIndex.breachCase(of: session.name, in: transaction) else { return }
        var breachCase = try get(Tables.breachCases, name)
        try breachCase.withdraw()
        breachCase = try save(Tables.breachCases, breachCase)
        try cancel(.breachUnrepaired, for: name)
        try publish("breach.not_confirmed.v1", breachCase)
    }
}
