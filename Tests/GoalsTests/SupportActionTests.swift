import Schema
import ServiceKit
import Testing

@testable import Goals

@Suite("A support action")
struct SupportActionTests {
    static let name = "\(pair)/supportActions/0193fa2e-7b4c-7d1e-8f2a-3c5b6d7e8f90"

    static func promise(_ change: (inout SupportAction) -> Void = { _ in }) throws -> SupportAction {
        var words = SupportAction(what: "Join your next two calls", dueTime: monday.adding(days: 6).timestamp)
        change(&words)
        return try .promise(words, named: name, by: coach, at: monday)
    }

    @Test("names its commitment at once: the same for the same action, another for another")
    func commitmentName() throws {
        let action = try Self.promise()
        #expect(action.commitment.hasPrefix("\(pair)/commitments/"))
        #expect(try action.commitment == Self.promise().commitment)
        let id = try ResourceName(action.commitment, "organizations", "relationships", "commitments").id
        // RFC 9562 §5.5: version 5.
        #expect(Array(id)[14] == "5")
        let other = try ResourceName("\(pair)/supportActions/other", "organizations", "relationships", "supportActions")
        #expect(SupportAction.commitment(of: other).text != action.commitment)
    }

    @Test("asks for a commitment of its author, with itself as the source, dated when it was promised")
    func commitmentRequest() throws {
        let action = try Self.promise()
        let request = try action.commitmentRequest
        #expect(request.parent == pair)
        #expect(request.occurredAt == monday.timestamp)
        #expect(request.commitment?.owner == coach)
        #expect(request.commitment?.source == Self.name)
        #expect(request.commitment?.text == "Join your next two calls")
        #expect(request.commitment?.dueTime == monday.adding(days: 6).timestamp)
    }

    @Test("says what, from now to 400 days ahead")
    func limits() throws {
        #expect(reason { _ = try Self.promise { $0.what = " " } } == "INVALID_FIELD")
        #expect(reason { _ = try Self.promise { $0.what = String(repeating: "x", count: 2001) } } == "INVALID_FIELD")
        #expect(reason { _ = try Self.promise { $0.dueTime = nil } } == "INVALID_FIELD")
        let due = { (instant: Instant) in reason { _ = try Self.promise { $0.dueTime = instant.timestamp } } }
        #expect(due(monday.adding(microseconds: -1)) == "INVALID_FIELD")
        #expect(due(monday) == nil)
        #expect(due(monday.adding(days: 400)) == nil)
        #expect(due(monday.adding(days: 400).adding(microseconds: 1)) == "INVALID_FIELD")
    }

    @Test("refers to goals and changes of context of its own relationship")
    func references() throws {
        let other = "organizations/acme/relationships/s"
        #expect(reason { _ = try Self.promise { $0.goal = "\(pair)/goals/g" } } == nil)
        #expect(reason { _ = try Self.promise { $0.goal = "\(other)/goals/g" } } == "INVALID_FIELD")
        #expect(reason { _ = try Self.promise { $0.goal = "\(pair)/sessions/g" } } == "BAD_NAME")
        #expect(reason { _ = try Self.promise { $0.contextChange = "\(pair)/contextChanges/c" } } == nil)
        #expect(reason { _ = try Self.promise { $0.contextChange = "\(other)/contextChanges/c" } } == "INVALID_FIELD")
    }
}
