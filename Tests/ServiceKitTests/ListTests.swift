import FoundationEssentials
import Protobuf
import RPC
import Schema
import ServiceKitTesting
import Standard
import Testing

@testable import ServiceKit

private let coach = "organizations/acme/people/coach"
private let start = Instant(microseconds: 1_750_000_000_000_000)

/// A pair's decisions, one for each text, an hour apart.
private struct Decisions {
    let host: TestHost<Ledger>
    let parent: String

    init(_ texts: [String] = []) async throws {
        host = try await TestHost(Ledger.self, at: start)
        parent = try await host.relationship().name
        for text in texts { try await record(Decision(what: text)) }
    }

    func record(_ decision: Decision) async throws {
        _ = try await host.service.record(
            RecordDecisionRequest(parent: parent, decision: decision), host.context(person: coach))
        host.clock.advance(by: Instant.microsecondsPerHour)
    }

    func page(_ request: ListDecisionsRequest) async throws -> (items: [Decision], nextPageToken: String) {
        var request = request
        if request.parent.isEmpty { request.parent = parent }
        return try await host.runtime.list(host.context(person: coach), Ledger.decisions, request)
    }

    /// All pages of `size`.
    func texts(filter: String = "", orderBy: String = "", size: Int32 = 3) async throws -> [String] {
        var texts: [String] = []
        var token = ""
        repeat {
            let page = try await page(
                ListDecisionsRequest(pageSize: size, pageToken: token, filter: filter, orderBy: orderBy))
            #expect(page.items.count <= Int(size))
            texts += page.items.map(\.what)
            token = page.nextPageToken
        } while !token.isEmpty
        return texts
    }
}

@Suite("Lists")
struct ListTests {
    @Test func comeInPagesThatLoseAndRepeatNothing() async throws {
        let texts = (0..<7).map { "decision \($0)" }
        #expect(try await Decisions(texts).texts() == texts)
    }

    @Test func tokensAreGoodForTheirOwnListOnly() async throws {
        let decisions = try await Decisions(["a", "b", "c"])
        let other = try await decisions.host.relationship().name
        let token = try await decisions.page(ListDecisionsRequest(pageSize: 2)).nextPageToken
        #expect(!token.isEmpty)
        for request in [
            ListDecisionsRequest(parent: other, pageSize: 2, pageToken: token),
            ListDecisionsRequest(pageSize: 2, pageToken: "bm9uc2Vuc2U"),
            ListDecisionsRequest(pageSize: 2, pageToken: token + "x"),
            ListDecisionsRequest(pageSize: 2, pageToken: token, filter: "what = a"),
            ListDecisionsRequest(pageSize: 2, pageToken: token, orderBy: "what"),
        ] {
            let refusal = await #expect(throws: Refusal.self) { try await decisions.page(request) }
            #expect(refusal?.reason == "BAD_PAGE_TOKEN")
        }
        // Another size is the same question.
        #expect(
            try await decisions.page(ListDecisionsRequest(pageSize: 9, pageToken: token)).items.map(\.what) == ["c"])
    }

    @Test("a token names the last that the caller sees, nothing that is hidden behind it")
    func tokensNameNothingHidden() async throws {
        let decisions = try await Decisions(["a", "b", "secret", "secret", "c"])
        let page = try await decisions.host.runtime.list(
            decisions.host.context(person: coach), Ledger.decisions,
            ListDecisionsRequest(parent: decisions.parent, pageSize: 2)
        ) { decision, _ in decision.what != "secret" }
        #expect(page.items.map(\.what) == ["a", "b"])
        let padded = page.nextPageToken.replacing("-", with: "+").replacing("_", with: "/")
        let bytes = try #require(
            Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4)))
        let last = try #require(page.items.last?.name.split(separator: "/").last)
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(last))
        let rest = try await decisions.host.runtime.list(
            decisions.host.context(person: coach), Ledger.decisions,
            ListDecisionsRequest(parent: decisions.parent, pageSize: 2, pageToken: page.nextPageToken)
        ) { decision, _ in decision.what != "secret" }
        #expect(rest.items.map(\.what) == ["c"] && rest.nextPageToken.isEmpty)
    }

    @Test func refuseANegativeSize() async throws {
        let decisions = try await Decisions()
        await #expect(throws: Refusal.self) { try await decisions.page(ListDecisionsRequest(pageSize: -1)) }
    }

    @Test func areOrderedByAFieldAndThenByCreation() async throws {
        let decisions = try await Decisions(["b", "a", "c", "a", "b", "a"])
        #expect(try await decisions.texts(orderBy: "what", size: 2) == ["a", "a", "a", "b", "b", "c"])
        #expect(try await decisions.texts(orderBy: "what desc", size: 1) == ["c", "b", "b", "a", "a", "a"])
        #expect(try await decisions.texts(orderBy: "decide_time desc", size: 4) == ["a", "b", "a", "c", "a", "b"])
        #expect(try await decisions.texts(filter: "what != c", orderBy: "what, decideTime desc").first == "a")
    }

    @Test(arguments: ["nonsense", "what upwards", "what,", "what,author,why,etag", "affects", "what.inside"])
    func refuseAnOrderThatIsNone(orderBy: String) async throws {
        let decisions = try await Decisions()
        let refusal = await #expect(throws: Refusal.self) {
            try await decisions.page(ListDecisionsRequest(orderBy: orderBy))
        }
        #expect(refusal?.field == "order_by")
    }

    @Test func sayNothingOfTheirArgumentsToStrangers() async throws {
        let decisions = try await Decisions()
        let refusal = await #expect(throws: Refusal.self) {
            try await decisions.host.runtime.list(
                decisions.host.context(person: "organizations/acme/people/other"), Ledger.decisions,
                ListDecisionsRequest(parent: decisions.parent, filter: "((("))
        }
        #expect(refusal == .notParty)
    }
}

@Suite("A filter (AIP-160)")
struct FilterTests {
    private static let decision = Decision(
        name: "organizations/acme/relationships/r/decisions/d", what: "weekly (new)", why: "", alternatives: ["none"],
        affects: ["organizations/acme/people/a", "organizations/acme/people/b"],
        decideTime: start.timestamp, etag: "\"1\"")

    private func passes(_ filter: String) throws -> Bool {
        try Filter(filter, of: Decision.fullName).passes(Self.decision.serialized())
    }

    @Test(arguments: [
        "what = \"weekly (new)\"", "what = 'weekly (new)'", "why = \"\"", "what != monthly", "what:\"weekly (new)\"",
        "what > a AND what < z", "affects:organizations/acme/people/b", "affects = 'organizations/acme/people/a'",
        "decide_time:*", "decideTime >= 2025-06-15T15:06:40Z", "decide_time <= \"2025-06-15T17:06:40+02:00\"",
        "NOT what = monthly", "NOT (what = monthly OR why:*)", "what = monthly OR alternatives = none AND etag:*",
        "((alternatives = none))", "explain_time != \"2025-01-01T00:00:00Z\"",
    ])
    func letsPass(filter: String) throws {
        #expect(try passes(filter))
    }

    @Test(arguments: [
        "what = monthly", "why:*", "affects:organizations/acme/people/c", "explain_time:*",
        "decide_time > 2025-06-15T15:06:40Z", "explain_time < \"2099-01-01T00:00:00Z\"",
        "alternatives = none AND what = monthly OR what = daily",
    ])
    func holdsBack(filter: String) throws {
        #expect(try !passes(filter))
    }

    @Test(arguments: [
        "(", "what", "what =", "= what", "what = 'open", "nothing = 1", "what.inside = 1", "decide_time = yesterday",
        "decide_time.seconds = 1", "what = a what = b", "what = a AND", "what = (a)", "what = a)", "what ! a",
        "what ~ a", String(repeating: "(", count: 30) + "what = a" + String(repeating: ")", count: 30),
        Array(repeating: "what = a", count: 51).joined(separator: " AND "), String(repeating: " ", count: 1001),
    ])
    func isRefusedWhenItIsNone(filter: String) {
        let refusal = #expect(throws: Refusal.self) { try passes(filter) }
        #expect(refusal?.reason == "BAD_FILTER")
    }

    @Test func mayAskForNothingThatIsHidden() throws {
        #expect(throws: Refusal.self) { try Filter("what = a", of: Decision.fullName, hiding: ["what"]) }
    }

    @Test func knowsEnumsByTheirNames() throws {
        let commitment = Commitment(state: .accepted)
        #expect(try Filter("state = ACCEPTED", of: Commitment.fullName).passes(commitment.serialized()))
        #expect(try !Filter("state = KEPT", of: Commitment.fullName).passes(commitment.serialized()))
        #expect(throws: Refusal.self) { try Filter("state = ACEPTED", of: Commitment.fullName) }
    }

    @Test func knowsNumbers() throws {
        let goal = Goal(baseline: -1.5, weight: 3, stretch: true)
        for filter in ["weight >= 3", "weight < 4", "baseline = -1.5", "stretch = true", "ambition = 0"] {
            #expect(try Filter(filter, of: Goal.fullName).passes(goal.serialized()), "\(filter)")
        }
        #expect(throws: Refusal.self) { try Filter("weight = many", of: Goal.fullName) }
        #expect(throws: Refusal.self) { try Filter("baseline = nan", of: Goal.fullName) }
    }
}

@Suite("An update mask (AIP-134)")
struct UpdateMaskTests {
    private let mask = UpdateMask<Decision>("what", "why", "affects")
    private let stored = Decision(name: "n", what: "old", why: "because", affects: ["a", "b"], etag: "\"3\"")

    @Test func changesWhatItNames() throws {
        let patch = Decision(what: "new", why: "other", alternatives: ["ignored"])
        let updated = try mask.apply(FieldMask(paths: ["what", "affects"]), patch, to: stored)
        #expect(updated == Decision(name: "n", what: "new", why: "because", etag: "\"3\""))
    }

    @Test func changesWhatIsThereWhenItNamesNothing() throws {
        let updated = try mask.apply(nil, Decision(name: "other", what: "new"), to: stored)
        #expect(updated == Decision(name: "n", what: "new", why: "because", affects: ["a", "b"], etag: "\"3\""))
    }

    @Test func aStarChangesAllThatMayChange() throws {
        let updated = try mask.apply(FieldMask(paths: ["*"]), Decision(what: "new"), to: stored)
        #expect(updated == Decision(name: "n", what: "new", etag: "\"3\""))
    }

    @Test(arguments: ["nonsense", "name", "etag", "alternatives", "what.inside", ""])
    func isRefusedForWhatDoesNotChange(path: String) {
        let refusal = #expect(throws: Refusal.self) {
            try mask.apply(FieldMask(paths: [path]), Decision(), to: stored)
        }
        #expect(refusal?.reason == "BAD_MASK")
    }
}
