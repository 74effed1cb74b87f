import Schema
import ServiceKitTesting
import Standard
import Testing

@testable import ServiceKit

/// Lists of what is no resource table: the same filter, order and tokens.
@Suite("Lists of rows")
struct RowListTests {
    private let decisions = ["d", "a", "c", "b", "e"].map { Decision(what: $0) }

    private func texts(filter: String = "", orderBy: String = "", size: Int32 = 2) async throws -> [String] {
        let host = try await TestHost(Ledger.self)
        let context = host.context(person: "organizations/acme/people/coach")
        var texts: [String] = []
        var token = ""
        repeat {
            let request = ListDecisionsRequest(
                parent: "organizations/acme", pageSize: size, pageToken: token, filter: filter, orderBy: orderBy)
            let page = try await host.runtime.page(context, request) { [decisions] _, after, limit in
                let start = after.flatMap { Int($0) } ?? 0
                return decisions.enumerated().dropFirst(start).prefix(limit).map { ($1, position: "\($0 + 1)") }
            }
            #expect(page.items.count <= Int(size))
            texts += page.items.map(\.what)
            token = page.nextPageToken
        } while !token.isEmpty
        return texts
    }

    @Test func inTheirOwnOrderUnlessAskedOtherwise() async throws {
        #expect(try await texts() == ["d", "a", "c", "b", "e"])
        #expect(try await texts(size: 5) == ["d", "a", "c", "b", "e"])
        #expect(try await texts(orderBy: "what") == ["a", "b", "c", "d", "e"])
        #expect(try await texts(orderBy: "what desc", size: 3) == ["e", "d", "c", "b", "a"])
    }

    @Test func filtered() async throws {
        #expect(try await texts(filter: "what = a OR what = b OR what = c") == ["a", "c", "b"])
        #expect(try await texts(filter: "NOT what = c", orderBy: "what desc") == ["e", "d", "b", "a"])
        #expect(try await texts(filter: "what = z") == [])
    }

    @Test func aTokenIsGoodForItsOwnQuestion() async throws {
        let host = try await TestHost(Ledger.self)
        let context = host.context(person: "organizations/acme/people/coach")
        func page(_ request: ListDecisionsRequest) async throws -> (items: [Decision], nextPageToken: String) {
            try await host.runtime.page(context, request) { [decisions] _, after, limit in
                let start = after.flatMap { Int($0) } ?? 0
                return decisions.enumerated().dropFirst(start).prefix(limit).map { ($1, position: "\($0 + 1)") }
            }
        }
        let token = try await page(ListDecisionsRequest(parent: "organizations/acme", pageSize: 2)).nextPageToken
        for request in [
            ListDecisionsRequest(parent: "organizations/other", pageSize: 2, pageToken: token),
            ListDecisionsRequest(parent: "organizations/acme", pageSize: 2, pageToken: token, filter: "what = a"),
            ListDecisionsRequest(parent: "organizations/acme", pageSize: 2, pageToken: token, orderBy: "what"),
        ] {
            await #expect(throws: Refusal.self) { _ = try await page(request) }
        }
    }
}
