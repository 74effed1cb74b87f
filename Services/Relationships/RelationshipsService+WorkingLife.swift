import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func activateRelationship(
        _ request: ActivateRelationshipRequest, _ context: ServerContext
    ) async throws -> Relationship {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.relationships) { change in
            _ = try change.party(.trustor, .trustee)
            var relationship = try change.get(Tables.relationships, request.name)
            let signed = try change.agreements(of: relationship.name).first { $0.state == .signed }
            try relationship.activate(on: signed, at: change.now)
            let activated = try change.publish("relationship.activated.v1", saving: relationship)
            try runtime.concludePredecessors(of: change)
            return activated
        }
    }

    /// Without occurred_at the import ends now. Whatever fell due until then happens first, each at its own instant.
    func finishImport(_ request: FinishImportRequest, _ context: ServerContext) async throws -> Relationship {
        guard try context.caller.mayDate else {
            throw Refusal.roleForbidden("Ending an import needs a token with the import scope.")
        }
        var dated = request
        if request.occurredAt == nil {
            // A request about an importing relationship is judged by its own date. Ending an import twice is harmless,
            // so a retry, which would be dated otherwise, needs no request_id.
            dated.occurredAt = runtime.clock.now.timestamp
            dated.requestId = ""
        }
        return try await runtime.mutate(dated, context, under: request.name, answering: Tables.relationships) {
            change in
            var relationship = try change.get(Tables.relationships, request.name)
            guard relationship.importing else { return relationship }
            relationship.finishImport()
            if relationship.state != .paused { try change.release(relationship.name) }
            relationship = try change.publish("relationship.import_finished.v1", saving: relationship)
            guard relationship.state == .active, try !change.areBothActive() else { return relationship }
            // Who was deactivated while the past was told takes part no more.
            return try change.pause(relationship, .personDeactivated)
        }
    }

    /// While it is paused nothing is due and nothing is done (docs/domain.md rule 28).
    func pauseRelationship(_ request: PauseRelationshipRequest, _ context: ServerContext) async throws -> Relationship {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.relationships) { change in
            _ = try change.party(.trustor, .trustee)
            let reason = request.reason == .unspecified ? Pause.Reason.other : request.reason
            try Check.known(reason, "reason")
            guard reason != .personDeactivated else {
                throw Refusal.invalid("reason", "ABSENCE, WORKLOAD or OTHER: deactivation pauses by itself")
            }
            return try change.pause(try change.get(Tables.relationships, request.name), reason)
        }
    }

    func resumeRelationship(
        _ request: ResumeRelationshipRequest, _ context: ServerContext
    ) async throws -> Relationship {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.relationships) { change in
            _ = try change.party(.trustor, .trustee)
            var relationship = try change.get(Tables.relationships, request.name)
            let since = try relationship.resume(at: change.now)
            guard try change.areBothActive() else {
                throw Refusal.wrongState("relationship", is: "PAUSED", needs: "two people who are active")
            }
            try change.endPause(of: relationship, since: since)
            return try change.publish("relationship.resumed.v1", saving: relationship, pausedSince: since)
        }
    }

    func endRelationship(_ request: EndRelationshipRequest, _ context: ServerContext) async throws -> Relationship {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.relationships) { change in
            let person = try change.party(.trustor, .trustee)
            var relationship = try change.get(Tables.relationships, request.name)
            let isFirstWord = relationship.state != .ending && relationship.state != .rematching
            if isFirstWord { try relationship.giveReason(request.reason) }
            var since: Instant?
            switch try relationship.end(by: person, at: change.now) {
            case .ended:
                try change.cancel(.relationshipEnds, for: relationship.name)
                return try change.conclude(relationship)
            case .announcedInPause(let paused):
                since = paused
                try change.endPause(of: relationship, since: paused)
            case .announced: break
            }
            try change.giveReason(request.why, or: relationship.endReason, by: person)
            try change.schedule(
                .relationshipEnds, for: relationship.name, at: change.now.adding(days: Span.endingDays))
            return try change.publish("relationship.ending.v1", saving: relationship, pausedSince: since)
        }
    }
}

extension Change {
    /// The reason of an end is a note that both read: the relationship itself, which the programme reads, holds no word of
    /// it. One that blames nobody is said in the relationship, and is a reason as well.
    func giveReason(_ why: String, or reason: Relationship.EndReason, by person: String) throws {
        try Check.text(why, "why", 0...2000)
        guard why.saysSomething else {
            if role == .trustee, reason == .unspecified { try publishBroken(.endedWithoutReason, relationship.name) }
            return
        }
        let draft = Note(level: .pair, body: why)
        _ = try create(
            Tables.notes, try Note.written(draft, name: newName("notes", in: relationship.name), author: person))
    }

    /// Published as saved: its etag tells the projections which of two is the newer one.
    func publish(
        _ type: String, saving relationship: Relationship, pausedSince: Instant? = nil
    ) throws -> Relationship {
        var relationship = relationship
        if relationship.importing { relationship.importClock = now.timestamp }
        relationship = try save(Tables.relationships, relationship)
        try publish(type, relationship, pausedSince: pausedSince)
        return relationship
    }

    func pause(_ relationship: Relationship, _ reason: Pause.Reason) throws -> Relationship {
        var relationship = relationship
        try relationship.pause(reason, at: now)
        try hold(relationship.name)
        return try publish("relationship.paused.v1", saving: relationship)
    }

    /// Each open deadline moves by the pause's length (docs/domain.md rule 28).
    func endPause(of relationship: Relationship, since: Instant) throws {
        try shiftDuties(of: relationship.name, by: now - since)
        try shiftInactivityReports(by: now - since)
        try shiftOpenCommitments(by: now - since)
        if !relationship.importing { try release(relationship.name) }
    }

    /// The relationship is over; what is open binds nobody any more.
    @discardableResult
    func conclude(_ relationship: Relationship) throws -> Relationship {
        try releaseOpenCommitments()
        try closeInactivityReports()
        if let handOver = try openHandOver() { try cancel(handOver) }
        let ended = try publish("relationship.ended.v1", saving: relationship)
        try closePair(ended)
        try startRetention(of: ended, from: now)
        return ended
    }

    func endRelationship(_ name: String) throws {
        guard var relationship = try find(Tables.relationships, name), relationship.finish(at: now) else { return }
        relationship = try conclude(relationship)
    }

    /// The two may ask for another one in the same programme.
    func closePair(_ relationship: Relationship) throws {
        try PairIndex.close(
            relationship, organization: try ResourceName.relationship(of: relationship.name).organization,
            in: transaction)
    }

    fileprivate func areBothActive() throws -> Bool {
        try [relationship.trustee, relationship.trustor].allSatisfy {
            try find(Tables.people, $0)?.active ?? false
        }
    }
}
