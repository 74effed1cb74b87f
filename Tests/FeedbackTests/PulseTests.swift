import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("A pulse")
struct PulseTests {
    static let monday = Instant(microseconds: 1_790_000_000_000_000)

    static func answer(
        _ item: Pulse.Item = .honest, _ value: Int32 = 4, _ scope: Pulse.Scope = .unspecified, last: Instant? = nil,
        at now: Instant = monday
    ) throws -> Pulse {
        try .answer(
            SubmitPulseRequest(item: item, value: value, scope: scope), named: "p", by: "coachee", last: last, at: now)
    }

    @Test("has a value from 1 to 5", arguments: [(Int32.min, false), (0, false), (1, true), (5, true), (6, false)])
    func values(value: Int32, isAllowed: Bool) {
        #expect((reason { _ = try Self.answer(.useful, value) } == nil) == isAllowed)
    }

    @Test("answers one of the eleven items", arguments: Pulse.Item.allCases)
    func items(item: Pulse.Item) {
        #expect((reason { _ = try Self.answer(item) } == nil) == (item != .unspecified))
    }

    @Test("refuses what this version does not know")
    func unknown() {
        #expect(reason { _ = try Self.answer(.unrecognized(77)) } == "INVALID_FIELD")
        #expect(reason { _ = try Self.answer(.fair, 3, .unrecognized(7)) } == "INVALID_FIELD")
    }

    @Test("is shared unless its author keeps it")
    func scope() throws {
        #expect(try Self.answer().scope == .shared)
        #expect(try Self.answer(.fair, 3, .shared).scope == .shared)
        #expect(try Self.answer(.fair, 3, .selfOnly).scope == .selfOnly)
    }

    @Test("comes again after exactly 168 hours, not before", arguments: [(-1, "PULSE_TOO_SOON"), (0, nil), (1, nil)])
    func rest(offset: Int64, refusal: String?) {
        let next = Self.monday.adding(hours: 168).adding(microseconds: offset)
        #expect(reason { _ = try Self.answer(last: Self.monday, at: next) } == refusal)
    }
}
