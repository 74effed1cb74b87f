import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Synchronization
import Testing

@testable import Relationships

/// docs/domain.md §4.4 b: what people declare of themselves is theirs.
@Suite struct ProtectedAttributeTests {
    private func declare(
        _ pair: Pair, _ kind: ProtectedAttribute.Kind = .religion, _ value: String = "zq7-quaker",
        of person: String? = nil,
        by context: ServerContext? = nil
    ) async throws -> ProtectedAttribute {
        try await pair.service.declareAttribute(
            DeclareAttributeRequest(parent: person ?? pair.coachee, kind: kind, value: value),
            context ?? pair.by(pair.coachee))
    }

    private func own(_ pair: Pair) async throws -> [String] {
        try await pair.service.listProtectedAttributes(
            ListProtectedAttributesRequest(parent: pair.coachee), pair.by(pair.coachee)
        ).protectedAttributes.map(\.value)
    }

    @Test func thePersonAloneDeclaresReadsAndDeletes() async throws {
        let pair = try await Pair.active()
        let declared = try await declare(pair)
        #expect(declared.name == "\(pair.coachee)/protectedAttributes/religion")
        #expect(try await declare(pair, .religion, "none").name == declared.name, "the last word counts")
        #expect(try await own(pair) == ["none"])
        for context in [pair.by(pair.coach), pair.admin, pair.host.context(service: "trust-scoring")] {
            #expect(await refusal { try await declare(pair, by: context) } == "NOT_PARTY")
            let get = GetProtectedAttributeRequest(name: declared.name)
            #expect(await refusal { try await pair.service.getProtectedAttribute(get, context) } == "NOT_PARTY")
            let list = ListProtectedAttributesRequest(parent: pair.coachee)
            #expect(await refusal { try await pair.service.listProtectedAttributes(list, context) } == "NOT_PARTY")
            let delete = DeleteProtectedAttributeRequest(name: declared.name)
            #expect(await refusal { try await pair.service.deleteProtectedAttribute(delete, context) } == "NOT_PARTY")
        }
        let deleted = try await pair.service.deleteProtectedAttribute(
            DeleteProtectedAttributeRequest(name: declared.name), pair.by(pair.coachee))
        #expect(deleted.value.isEmpty)
        #expect(try await own(pair).isEmpty)
        #expect(
            await refusal {
                try await pair.service.getProtectedAttribute(
                    GetProtectedAttributeRequest(name: declared.name), pair.by(pair.coachee))
            } == "NOT_FOUND")
    }

    @Test("A person whose id was chosen to be a relationship's destroys no key but their own")
    func chosenIds() async throws {
        let pair = try await Pair.active()
        let note = try await pair.note(.pair, "still here", by: pair.coachee)
        let id = try ResourceName(pair.name, "organizations", "relationships").id
        let twin = try await pair.service.createPerson(
            CreatePersonRequest(parent: pair.organization, personId: id, person: Person(displayName: "Twin")),
            pair.admin)
        let declared = try await declare(pair, of: twin.name, by: pair.by(twin.name))
        _ = try await pair.service.deleteProtectedAttribute(
            DeleteProtectedAttributeRequest(name: declared.name), pair.by(twin.name))
        #expect(try await pair.read(note, by: pair.coach).body == "still here")
        try await pair.erase(twin.name)
        try await pair.forget()
        #expect(try await pair.read(note, by: pair.coach).body == "still here")
    }

    @Test func noEventAndNoFileTellsIt() async throws {
        let pair = try await Pair.active()
        _ = try await declare(pair)
        #expect(try await own(pair) == ["zq7-quaker"])
        #expect(try await !"\(pair.host.events())".contains("zq7-"))
        let before = String(decoding: try pair.host.storedBytes(), as: UTF8.self)
        #expect(before.contains("protected_attributes") && !before.contains("zq7-"), "encrypted at rest")
        #expect(try await keys(pair) == 1)
        _ = try await pair.service.deleteProtectedAttribute(
            DeleteProtectedAttributeRequest(name: "\(pair.coachee)/protectedAttributes/religion"), pair.by(pair.coachee)
        )
        #expect(try await keys(pair) == 0, "the key goes with the last one")
    }

    private func keys(_ pair: Pair) async throws -> Int64 {
        try await pair.host.runtime.database.read {
            try $0.first("SELECT count(*) FROM storage_key WHERE scope = 'people/coachee'")?.int64(0) ?? -1
        }
    }

    @Test func theServiceThatComparesGroupsAloneCollectsThem() async throws {
        let pair = try await Pair.active()
        _ = try await declare(pair)
        _ = try await declare(pair, .gender, "woman")
        _ = try await declare(pair, .gender, "man", of: pair.coach, by: pair.by(pair.coach))
        let request = CollectFairnessGroupsRequest(name: pair.programme)
        for context in [
            pair.by(pair.coachee), pair.admin, pair.host.context(service: "goals"),
            pair.host.context(service: "feedback"),
            pair.host.context(person: pair.person("dpo"), purpose: "privacy"),
        ] {
            #expect(
                await refusal {
                    try await pair.service.collectFairnessGroups(request, context, ResponseWriter { _ in })
                } == "NOT_PARTY")
        }
        let collected = Mutex<[CollectFairnessGroupsResponse.Label]>([])
        try await pair.service.collectFairnessGroups(
            request, pair.host.context(service: "trust-scoring"),
            ResponseWriter { response in collected.withLock { $0 += response.labels } })
        let labels = collected.withLock { $0 }
        #expect(labels.map(\.person) == [pair.coachee, pair.coachee], "coachees alone")
        #expect(Set(labels.map(\.value)) == ["woman", "zq7-quaker"])
    }

    @Test func limits() async throws {
        let pair = try await Pair.active()
        for value in ["", "Woman", "a b", String(repeating: "x", count: 41), "é"] {
            #expect(await refusal { try await declare(pair, .gender, value) } == "INVALID_FIELD", "\(value)")
        }
        #expect(await refusal { try await declare(pair, .unspecified) } == "INVALID_FIELD")
        #expect(
            await refusal {
                try await declare(
                    pair, of: pair.person("nobody"), by: pair.by(pair.person("nobody")))
            } == "NOT_PARTY")
    }
}
