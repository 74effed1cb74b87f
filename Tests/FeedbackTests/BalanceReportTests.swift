import RPC
import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("The balance of feedback")
struct BalanceReportTests {
    static let coach = "organizations/acme/people/coach"
    static let coachee = "organizations/acme/people/coachee"
    static let relationship = Relationship(
        name: "organizations/acme/relationships/r", trustee: coach, trustor: coachee, state: .active)
    static let now = Pair.monday.adding(days: 100)

    /// One item a day up to now: c(riticism only), r(ecognition), b(alanced), i (constructive: improvement), n(eutral).
    static func items(_ kinds: String, by author: String = coach, until end: Instant = now) -> [FeedbackItem] {
        kinds.enumerated().map { index, letter in
            let kind: FeedbackItem.Kind =
                switch letter {
                case "c": .criticismOnly
                case "r": .recognition
                case "b": .balanced
                case "i": .constructive
                default: .neutral
                }
            return FeedbackItem(
                author: author, kind: kind, behaviour: String(repeating: "x", count: 20),
                impact: String(repeating: "y", count: 20), state: .delivered,
                revealTime: end.adding(days: index + 1 - kinds.count).timestamp)
        }
    }

    static func report(
        _ items: [FeedbackItem], seenBy viewer: Role = .trustee, of relationship: Relationship = relationship
    ) throws -> BalanceReport {
        try BalanceReport(of: items, in: relationship, seenBy: viewer, at: now)
    }

    @Test("n, c, π and the share's interval, of the last twelve of ten weeks")
    func figures() throws {
        let report = try Self.report(Self.items("cccccb"))
        #expect(report.name == "organizations/acme/relationships/r/balanceReport")
        #expect([report.windowWeeks, report.windowItems] == [10, 12])
        #expect([report.itemCount, report.criticismCount] == [6, 5])
        #expect(abs(try #require(report.probability).value - 120.0 / 128) < 1e-12)
        #expect(report.state == .alert)
        let share = try #require(report.share)
        #expect(abs(share.mean - 0.75) < 1e-12)
        // Beta(6, 2): quantiles at 5 and 95 %.
        #expect(abs(share.lower - 0.479297) < 1e-6 && abs(share.upper - 0.946624) < 1e-6)
        #expect(try Self.report(Self.items("bbbbcccccccccccc")).itemCount == 12)
    }

    @Test(
        "states, as the detector reads them",
        arguments: [
            ("", .notAssessable), ("ccc", .notAssessable), ("bbbbb", .notAssessable), ("cccc", .watch),
            ("bcbcb", .notAssessable), ("cbcbcb", .clear), ("bbbbbb", .clear), ("cccccb", .alert),
            ("ccbcccbb", .undecided), ("ccbcccb", .watch), ("nnnnnnnnn", .notAssessable),
        ] as [(String, BalanceReport.State)])
    func states(kinds: String, state: BalanceReport.State) throws {
        let report = try Self.report(Self.items(kinds))
        #expect(report.state == state, "\(kinds): \(report)")
        #expect((report.probability == nil) == (state == .notAssessable))
        #expect((report.share == nil) == (state == .notAssessable))
    }

    @Test("a WATCH is the trustee's alone; an ALERT is for both")
    func levels() throws {
        #expect(try Self.report(Self.items("cccc"), seenBy: .trustor).state == .undecided)
        #expect(try Self.report(Self.items("cccccb"), seenBy: .trustor).state == .alert)
    }

    @Test(
        "what counts: the trustee's, readable, not withdrawn, not NEUTRAL, not older than 70 days; the receiver's tag first"
    )
    func whatCounts() throws {
        let six = Self.items("bbbbbb")
        #expect(try Self.report(six + Self.items("cccccc", by: Self.coachee)).criticismCount == 0)
        #expect(try Self.report(six + Self.items("cccccc", until: Self.now.adding(days: -71))).criticismCount == 0)
        for change: (inout FeedbackItem) -> Void in [
            { $0.state = .draft }, { $0.state = .withdrawn }, { $0.revealTime = nil }, { $0.receiverKind = .neutral },
        ] {
            var other = Self.items("cccccc")
            for index in other.indices { change(&other[index]) }
            #expect(try Self.report(six + other).itemCount == 6)
        }
        var tagged = six
        tagged[0].receiverKind = .criticismOnly
        #expect(try Self.report(tagged).criticismCount == 1)
    }

    @Test("empty praise clears nothing")
    func emptyPraise() throws {
        var praise = Self.items("rrrrrr")
        for index in praise.indices { praise[index].behaviour = "Well done" }
        let criticism = Self.items("cccccc", until: Self.now.adding(days: -7))
        #expect(try Self.report(criticism + praise).state != .clear)
        #expect(try Self.report(criticism + Self.items("rrrrrr")).state == .clear)
    }

    @Test("of a paused relationship nothing is concluded")
    func paused() throws {
        var paused = Self.relationship
        paused.state = .paused
        let report = try Self.report(Self.items("cccccc"), of: paused)
        #expect(report.state == .notAssessable && report.itemCount == 6 && report.probability == nil)
    }

    @Test("through the service: for the two of the relationship alone")
    func service() async throws {
        let pair = try await Pair()
        let read: (ServerContext) async throws -> BalanceReport = {
            try await pair.service.getBalanceReport(.init(name: "\(pair.name)/balanceReport"), $0)
        }
        for _ in 0..<4 { _ = try await pair.deliver(.criticismOnly, by: pair.coach) }
        _ = try await pair.deliver(.criticismOnly, by: pair.coachee)
        let draft = FeedbackItem(kind: .criticismOnly, behaviour: "Late")
        _ = try await pair.service.createFeedback(.init(parent: pair.name, feedbackItem: draft), pair.coach)
        let coach = try await read(pair.coach)
        #expect(coach.itemCount == 4 && coach.criticismCount == 4 && coach.state == .watch)
        #expect(try await read(pair.coachee).state == .undecided)
        for id in ["manager", "ada", "hr"] {
            let context = pair.host.context(
                person: "organizations/acme/people/\(id)", roles: ["programme_admin", "manager", "hr_lead"])
            #expect(await refusal { try await read(context) } == "PERMISSION_DENIED NOT_PARTY")
        }
        #expect(
            await refusal { try await read(pair.host.context(person: "organizations/globex/people/coach")) }
                == "PERMISSION_DENIED NOT_PARTY")
        #expect(
            await refusal { try await read(pair.host.context(service: "gateway")) }
                == "PERMISSION_DENIED LEVEL_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.getBalanceReport(.init(name: pair.name), pair.coach) }
                == "INVALID_ARGUMENT BAD_NAME")
    }

    @Test("while history is imported, the balance is that of the relationship's clock")
    func imported() async throws {
        let pair = try await Pair(importing: true)
        for day in 0..<6 {
            _ = try await pair.deliver(.criticismOnly, by: pair.coach, at: Pair.monday.adding(days: day))
        }
        let report = try await pair.service.getBalanceReport(.init(name: "\(pair.name)/balanceReport"), pair.coach)
        #expect(report.asOf == Pair.monday.adding(days: 5).timestamp)
        #expect(report.itemCount == 6 && report.state == .alert)
    }
}
