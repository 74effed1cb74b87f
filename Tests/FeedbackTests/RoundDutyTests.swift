import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("The closing time of a round")
struct RoundDutyTests {
    @Test("closes it by itself, at that instant, once, and releases what may be told")
    func close() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        for rater in 0..<5 { try await table.respond(round, by: rater) }
        try await table.host.advance(days: 13)
        #expect(try await table.service.getRound(.init(name: round.name), table.subject).state == .open)
        try await table.host.advance(days: 2)
        try await table.host.advance(days: 30)
        let closed = try await table.service.getRound(.init(name: round.name), table.subject)
        #expect(closed.state == .closed && closed.endTime == round.closeTime)
        #expect(try await table.result(round).release?.responseCount == 5)
        let events = try await table.host.events()
        #expect(events.map(\.type) == ["round.closed.v1"])
        #expect(events.map(\.occurredAt) == [round.closeTime])
        #expect(events.map(\.organization) == [RoundTable.organization])
        #expect(events.map(\.actor) == [""])
    }

    @Test("that a stop of the service overruns is made up for at the next start, at the instant at which it was")
    func restart() async throws {
        var table = try await RoundTable()
        let round = try await table.open()
        for rater in 0..<5 { try await table.respond(round, by: rater) }
        // Nothing looks at the clock any more before the process ends.
        table.host.clock.advance(by: 20 * Instant.microsecondsPerDay)
        table = try await table.restarted()
        #expect(try await table.service.getRound(.init(name: round.name), table.subject).state == .open)
        #expect(
            await refusal { try await table.respond(round, by: 5) } == "FAILED_PRECONDITION WRONG_STATE",
            "its time is over even before anybody has noticed")
        try await table.host.advance()
        let closed = try await table.service.getRound(.init(name: round.name), table.subject)
        #expect(closed.state == .closed && closed.endTime == round.closeTime)
        #expect(try await table.result(round).release?.responseCount == 5)
        #expect(try await table.host.events().map(\.occurredAt) == [round.closeTime])
        // And is not made up for twice.
        table = try await table.restarted()
        try await table.host.advance(days: 1)
        #expect(try await table.host.events().count == 1)
    }

    @Test("is nothing any more once somebody has closed it")
    func early() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        _ = try await table.close(round, by: table.admin)
        #expect(try await table.rows("storage_due") == 0)
        try await table.host.advance(days: 20)
        #expect(try await table.host.events().count == 1)
    }

    @Test("that was just reached still takes a response, the next microsecond does not")
    func boundary() throws {
        let round = try RoundTests.open()
        let close = try Instant(#require(round.closeTime))
        try round.requireOpen(at: close)
        #expect(throws: Refusal.self) { try round.requireOpen(at: close.adding(microseconds: 1)) }
    }
}
