import FoundationEssentials
import RPC
import Schema
import ServiceKitTesting
import Standard
import Storage
import Testing

@testable import ServiceKit

extension Decision: Resource {}
extension RecordDecisionRequest: Mutation {}
extension ExplainDecisionRequest: Mutation {}
extension ListDecisionsRequest: ListRequest {}

/// A service that keeps decisions and lets each fall due after two days: enough to see what ServiceKit promises to all.
struct Ledger: RapportService {
    static let name = "ledger"
    static let decisions = Table<Decision>("decision", collections: ["organizations", "relationships", "decisions"])
    static let migrations = [Migration(version: 100, name: "decisions", statements: decisions.statements)]
    let runtime: Runtime
    var methods: [RPC.Method] { [] }

    init(_ runtime: Runtime) { self.runtime = runtime }

    func record(_ request: RecordDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.parent, answering: Self.decisions) { change in
            try change.require(.trustee)
            var decision = request.decision ?? Decision()
            decision.name = change.newName("decisions", in: request.parent)
            decision.decideTime = change.now.timestamp
            try change.schedule("silence", for: decision.name, at: change.now.adding(days: 2))
            try change.publish("decision.recorded.v1", .decisionChanged(DecisionChanged(decision: decision.name)))
            return try change.insert(Self.decisions, decision)
        }
    }

    func explain(_ request: ExplainDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.name, answering: Self.decisions) { change in
            var decision = try change.get(Self.decisions, request.name)
            decision.why = request.why
            return try change.update(Self.decisions, decision)
        }
    }

    /// - Returns: whether it was still in time.
    func answer(_ request: ExplainDecisionRequest, _ context: ServerContext) async throws -> Bool {
        let decision = try await runtime.mutate(request, context, under: request.name, answering: Self.decisions) {
            change in
            var decision = try change.get(Self.decisions, request.name)
            let deadline = try change.deadline("silence", for: decision.name)
            let stood = try change.cancel("silence", for: decision.name)
            decision.alternatives = [deadline.map { "\($0.microseconds)" } ?? "none", "\(stood)"]
            return try change.update(Self.decisions, decision)
        }
        let decided = try Check.instant(decision.decideTime, "decide_time")
        #expect(
            decision.alternatives[0]
                == (decision.alternatives[1] == "true" ? "\(decided.adding(days: 2).microseconds)" : "none"))
        return decision.alternatives[1] == "true"
    }

    /// For a notary as well, who is no party.
    func certify(_ request: ExplainDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(
            request, context, under: request.name, answering: Self.decisions,
            admitting: { caller, relationship, snapshot in
                try caller.roles.contains("notary") && Self.decisions.find(request.name, in: snapshot) != nil
                    && relationship.state == .active
            },
            { change in
                var decision = try change.get(Self.decisions, request.name)
                decision.why = "\(change.role)"
                return try change.update(Self.decisions, decision)
            })
    }

    func fire(_ duty: Duty, _ change: Change) throws {
        guard try !change.isAfterEnd else { return }
        try change.publish("decision.silent.v1", .decisionChanged(DecisionChanged()))
    }
}

@Suite("A mutation")
struct MutationTests {
    let coach = "organizations/acme/people/coach"
    let coachee = "organizations/acme/people/coachee"
    let start = Instant(microseconds: 1_750_000_000_000_000)

    @Test func isForTheParties() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let request = RecordDecisionRequest(parent: try await host.relationship().name)
        for person in ["organizations/acme/people/other", "organizations/globex/people/coach"] {
            let refusal = await #expect(throws: Refusal.self) {
                try await host.service.record(request, host.context(person: person))
            }
            #expect(refusal == .notParty)
        }
        let refusal = await #expect(throws: Refusal.self) {
            try await host.service.record(request, host.context(person: coachee))
        }
        #expect(refusal?.reason == "ROLE_FORBIDDEN")
        _ = try await host.service.record(request, host.context(person: coach))
    }

    @Test func mayAdmitSomebodyWhoIsNoParty() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let decision = try await host.service.record(
            RecordDecisionRequest(parent: try await host.relationship().name), host.context(person: coach))
        let request = ExplainDecisionRequest(name: decision.name)
        let other = "organizations/acme/people/other"
        for stranger in [
            host.context(person: other), host.context(person: "organizations/globex/people/x", roles: ["notary"]),
        ] {
            let refusal = await #expect(throws: Refusal.self) { try await host.service.certify(request, stranger) }
            #expect(refusal == .notParty)
        }
        #expect(
            try await host.service.certify(request, host.context(person: other, roles: ["notary"])).why == "OTHER")
    }

    @Test("of an organisation changes its relationships at their own time, what was due before included")
    func reachesRelationships() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let relationship = try await host.relationship()
        _ = try await host.service.record(
            RecordDecisionRequest(parent: relationship.name), host.context(person: coach))
        host.clock.advance(by: 3 * Instant.microsecondsPerDay)
        let now = host.clock.now
        let admin = host.context(person: "organizations/acme/people/admin")
        try await host.runtime.change(admin, in: "organizations/acme") { [runtime = host.runtime] change in
            let inside = try runtime.change(change, of: relationship.name)
            #expect(inside.relationship == relationship && inside.now >= now && inside.role == .other)
            try inside.publish("decision.revised.v1", .decisionChanged(DecisionChanged()))
        }
        #expect(
            try await host.events().map(\.type) == [
                "decision.recorded.v1", "decision.silent.v1", "decision.revised.v1",
            ])
        #expect(try await host.events().last?.relationship == relationship.name)
        let stranger = host.context(person: "organizations/globex/people/admin")
        let refusal = await #expect(throws: Refusal.self) {
            try await host.runtime.change(stranger, in: "organizations/acme") { _ in }
        }
        #expect(refusal == .notParty)
    }

    @Test func takesEffectOnceForOneRequestID() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        var request = RecordDecisionRequest(
            parent: try await host.relationship().name, decision: Decision(what: "weekly"),
            requestId: UUID().uuidString.lowercased())
        let first = try await host.service.record(request, host.context(person: coach))
        #expect(try await host.service.record(request, host.context(person: coach)) == first)
        #expect(try await host.events().count == 1)
        request.decision?.what = "fortnightly"
        let refusal = await #expect(throws: Refusal.self) {
            try await host.service.record(request, host.context(person: coach))
        }
        #expect(refusal?.reason == "REQUEST_ID_REUSED")
    }

    @Test(
        "in time as long as the deadline stands, which it does at exactly its instant",
        arguments: [(0, true), (1, false)])
    func judgesByStandingDeadlines(offset: Int64, inTime: Bool) async throws {
        let host = try await TestHost(Ledger.self, at: start.adding(days: 300))
        let relationship = try await host.relationship(importing: true)
        let importer = host.context(person: coach, scopes: ["import"])
        let decision = try await host.service.record(
            RecordDecisionRequest(parent: relationship.name, occurredAt: start.timestamp), importer)
        let instant = start.adding(days: 2).adding(microseconds: offset)
        let request = ExplainDecisionRequest(name: decision.name, occurredAt: instant.timestamp)
        #expect(try await host.service.answer(request, importer) == inTime)
    }

    @Test("nothing falls due after the end of a relationship", arguments: [(1, 0), (3, 1)])
    func isNothingAfterTheEnd(days: Int, events: Int) async throws {
        let host = try await TestHost(Ledger.self, at: start)
        var relationship = try await host.relationship()
        let decision = try await host.service.record(
            RecordDecisionRequest(parent: relationship.name), host.context(person: coach))
        relationship.state = .ended
        relationship.endTime = try Check.instant(decision.decideTime, "decide_time").adding(days: days).timestamp
        try await host.put(relationship)
        try await host.advance(days: 10)
        #expect(try await host.events().filter { $0.type == "decision.silent.v1" }.count == events)
    }

    @Test("its duties fire, however often was looked for some before")
    func firesAfterManyLooks() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let pair = try await host.relationship()
        _ = try await host.service.record(RecordDecisionRequest(parent: pair.name), host.context(person: coach))
        try await host.runtime.database.write { [runtime = host.runtime] transaction in
            for _ in 0..<100_000 {
                try runtime.fireDuties(of: pair, before: self.start, recordedAt: self.start, in: transaction)
            }
        }
        try await host.advance(days: 3)
        #expect(try await host.events().last?.type == "decision.silent.v1")
    }

    @Test func withAMalformedRequestIDIsRefused() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let request = RecordDecisionRequest(parent: try await host.relationship().name, requestId: "17")
        let refusal = await #expect(throws: Refusal.self) {
            try await host.service.record(request, host.context(person: coach))
        }
        #expect(refusal?.code == .invalidArgument)
    }

    @Test func withADateNeedsTheImportScope() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let request = RecordDecisionRequest(parent: try await host.relationship().name, occurredAt: start.timestamp)
        let refusal = await #expect(throws: Refusal.self) {
            try await host.service.record(request, host.context(person: coach))
        }
        #expect(refusal?.reason == "ROLE_FORBIDDEN")
    }

    @Test func firesNothingWhoseDeadlineAResumptionHasYetToMove() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let pair = try await host.relationship()
        let scope = try ResourceName(pair.name, "organizations", "relationships")
        _ = try await host.service.record(RecordDecisionRequest(parent: pair.name), host.context(person: coach))
        try await host.runtime.database.write {
            try $0.due.hold(organization: scope.organizationKey, scope: scope.text)
        }
        try await host.advance(days: 3)
        // The projection says ACTIVE; relationship.resumed has not come.
        _ = try await host.service.record(RecordDecisionRequest(parent: pair.name), host.context(person: coach))
        #expect(try await host.events().map(\.type) == ["decision.recorded.v1", "decision.recorded.v1"])
        try await host.runtime.database.write {
            try $0.due.shift(
                organization: scope.organizationKey, scope: scope.text, by: 2 * Instant.microsecondsPerDay)
            try $0.due.release(organization: scope.organizationKey, scope: scope.text)
        }
        try await host.advance(days: 2)
        #expect(try await host.events().map(\.type).last == "decision.silent.v1")
    }

    @Test("a fact at most five minutes ahead is accepted", arguments: [(300, true), (420, false)])
    func future(seconds: Int64, isAccepted: Bool) async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let ahead = host.clock.now.adding(microseconds: seconds * 1_000_000 - (isAccepted ? 500_000 : 0))
        let request = RecordDecisionRequest(parent: try await host.relationship().name, occurredAt: ahead.timestamp)
        let context = host.context(person: coach, scopes: ["import"])
        if isAccepted {
            _ = try await host.service.record(request, context)
        } else {
            let refusal = await #expect(throws: Refusal.self) { try await host.service.record(request, context) }
            #expect(refusal?.reason == "FUTURE_EVENT")
        }
    }

    @Test func ofAnImportingRelationshipNeedsADate() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let request = RecordDecisionRequest(parent: try await host.relationship(importing: true).name)
        let refusal = await #expect(throws: Refusal.self) {
            try await host.service.record(request, host.context(person: coach, scopes: ["import"]))
        }
        #expect(refusal?.reason == "IMPORTING")
    }

    @Test func leavesNothingBehindWhenItIsRefused() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let request = RecordDecisionRequest(parent: try await host.relationship().name)
        await #expect(throws: Refusal.self) { try await host.service.record(request, host.context(person: coachee)) }
        #expect(try await host.events().isEmpty)
    }
}

@Suite("What time does happens by itself")
struct DutyTests {
    let coach = "organizations/acme/people/coach"
    let start = Instant(microseconds: 1_750_000_000_000_000)

    @Test func onceAndAtItsTrueTime() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let decision = try await host.service.record(
            RecordDecisionRequest(parent: try await host.relationship().name), host.context(person: coach))
        let decided = try Instant(try #require(decision.decideTime))
        try await host.advance(days: 1)
        #expect(try await host.events().count == 1)
        try await host.advance(days: 30)
        try await host.advance(days: 30)
        let events = try await host.events()
        #expect(events.map(\.type) == ["decision.recorded.v1", "decision.silent.v1"])
        #expect(try Instant(try #require(events.last?.occurredAt)) == decided.adding(days: 2))
    }

    @Test("while history is imported, its own clock decides; a fact at the deadline beats it")
    func importClock() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let relationship = try await host.relationship(importing: true)
        try await host.runtime.database.write { transaction in
            try transaction.due.hold(organization: .text("organizations/acme"), scope: relationship.name)
        }
        let context = host.context(person: coach, scopes: ["import"])
        func record(day: Int, microseconds: Int64 = 0) async throws {
            let instant = start.adding(days: day - 100).adding(microseconds: microseconds)
            _ = try await host.service.record(
                RecordDecisionRequest(parent: relationship.name, occurredAt: instant.timestamp), context)
        }
        try await record(day: 0)
        try await host.advance(days: 3)
        #expect(try await host.events().map(\.type) == ["decision.recorded.v1"])
        try await record(day: 2)
        #expect(try await host.events().map(\.type) == ["decision.recorded.v1", "decision.recorded.v1"])
        try await record(day: 2, microseconds: 1)
        #expect(
            try await host.events().map(\.type)
                == ["decision.recorded.v1", "decision.recorded.v1", "decision.silent.v1", "decision.recorded.v1"])
    }

    @Test func namesTheRevisionThatItMeans() async throws {
        let host = try await TestHost(Ledger.self, at: start)
        let decision = try await host.service.record(
            RecordDecisionRequest(parent: try await host.relationship().name), host.context(person: coach))
        func explain(_ why: String, etag: String) async throws -> Decision {
            try await host.service.explain(
                ExplainDecisionRequest(name: decision.name, why: why, etag: etag), host.context(person: coach))
        }
        let explained = try await explain("first", etag: decision.etag)
        #expect(explained.etag != decision.etag)
        for stale in [decision.etag, "\"99\"", "nonsense"] {
            let refusal = await #expect(throws: Refusal.self) { try await explain("second", etag: stale) }
            #expect(refusal == .etagMismatch)
        }
        #expect(try await explain("second", etag: "").why == "second")
    }
}
