import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Feedback
@testable import ServiceKit

/// docs/domain.md §1 S30, rule 38: a coach's rating of themselves is for that coach alone.
@Suite struct SelfRatingTests {
    private static let values = SelfRating(dependable: 4, honest: 5, useful: 3, understood: 2)

    private func rate(
        _ pair: Pair, _ values: SelfRating = values, by person: Person = .coach
    ) async throws -> SelfRating {
        try await pair.service.createSelfRating(
            CreateSelfRatingRequest(parent: pair.name, selfRating: values), person == .coach ? pair.coach : pair.coachee
        )
    }

    private enum Person { case coach, coachee }

    private func own(_ pair: Pair) async throws -> [SelfRating] {
        try await pair.service.listSelfRatings(ListSelfRatingsRequest(parent: pair.name), pair.coach).selfRatings
    }

    @Test("S30: the coach alone rates themselves, reads it and takes it out") func theCoachAlone() async throws {
        let pair = try await Pair()
        let rating = try await rate(pair)
        #expect(rating.author == pair.relationship.trustee && rating.createTime != nil)
        #expect([rating.dependable, rating.honest, rating.useful, rating.understood] == [4, 5, 3, 2])
        #expect(try await own(pair) == [rating])

        let look = GetSelfRatingRequest(name: rating.name)
        #expect(try await pair.service.getSelfRating(look, pair.coach) == rating)
        #expect(await refusal { try await rate(pair, by: .coachee) } == "PERMISSION_DENIED ROLE_FORBIDDEN")
        // To the coachee it does not exist, and to the other services neither.
        for context in [pair.coachee, pair.host.context(service: "trust-scoring")] {
            #expect(await refusal { try await pair.service.getSelfRating(look, context) } == "NOT_FOUND NOT_FOUND")
            #expect(
                await refusal {
                    try await pair.service.listSelfRatings(ListSelfRatingsRequest(parent: pair.name), context)
                } == "PERMISSION_DENIED ROLE_FORBIDDEN")
            #expect(
                await refusal {
                    try await pair.service.deleteSelfRating(DeleteSelfRatingRequest(name: rating.name), context)
                } == "PERMISSION_DENIED ROLE_FORBIDDEN")
        }
        let stranger = pair.host.context(person: "organizations/acme/people/hr", roles: ["programme_admin"])
        #expect(await refusal { try await pair.service.getSelfRating(look, stranger) } == "PERMISSION_DENIED NOT_PARTY")

        _ = try await pair.service.deleteSelfRating(DeleteSelfRatingRequest(name: rating.name), pair.coach)
        #expect(try await own(pair).isEmpty)
    }

    @Test func noEventTellsOfIt() async throws {
        let pair = try await Pair()
        _ = try await rate(pair)
        #expect(try await pair.host.events().isEmpty)
    }

    @Test(arguments: [
        SelfRating(dependable: 0, honest: 1, useful: 1, understood: 1),
        SelfRating(dependable: 1, honest: 6, useful: 1, understood: 1),
        SelfRating(dependable: 1, honest: 1, useful: -1, understood: 1),
        SelfRating(dependable: 1, honest: 1, useful: 1, understood: 6),
    ])
    func fourAnswersOf1To5(values: SelfRating) async throws {
        let pair = try await Pair()
        #expect(await refusal { try await rate(pair, values) } == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test func notMoreThan500() async throws {
        let pair = try await Pair()
        let first = try await rate(pair)
        try await pair.host.runtime.database.write { transaction in
            for number in 1..<SelfRating.maximum {
                var rating = first
                rating.name = "\(pair.name)/selfRatings/made-\(number)"
                _ = try Tables.selfRatings.insert(rating, in: transaction)
            }
        }
        #expect(await refusal { try await rate(pair) } == "RESOURCE_EXHAUSTED CAPACITY_FULL")
        _ = try await pair.service.deleteSelfRating(DeleteSelfRatingRequest(name: first.name), pair.coach)
        _ = try await rate(pair)
    }

    @Test func itIsEncryptedWhereItLies() async throws {
        let pair = try await Pair()
        let rating = try await rate(pair)
        let stored = try await pair.host.runtime.database.read {
            try $0.first("SELECT body FROM self_rating")?.blob(0) ?? []
        }
        #expect(!stored.isEmpty)
        #expect(stored.firstRange(of: Array(rating.author.utf8)) == nil)
    }

    @Test func anEndedRelationshipTakesNoneAndLetsThemBeTakenOut() async throws {
        let pair = try await Pair()
        let rating = try await rate(pair)
        var ended = pair.relationship
        ended.state = .ended
        try await pair.host.put(ended)
        #expect(await refusal { try await rate(pair) } == "FAILED_PRECONDITION NOT_ACTIVE")
        _ = try await pair.service.deleteSelfRating(DeleteSelfRatingRequest(name: rating.name), pair.coach)
    }

    @Test("An export of the coach has it, and none of the coachee") func exports() async throws {
        let pair = try await Pair()
        _ = try await rate(pair)
        func types(of person: String) async throws -> [String] {
            var types: [String] = []
            try await pair.host.runtime.personalData(
                of: person, in: pair.name, kinds: pair.service.personalKinds
            ) { types += $0.map(\.type) }
            return types
        }
        #expect(try await types(of: pair.relationship.trustee).contains(SelfRating.fullName))
        #expect(try await !types(of: pair.relationship.trustor).contains(SelfRating.fullName))
    }

    @Test("It goes with its author, and stays when the coachee is erased") func erasure() async throws {
        let pair = try await Pair()
        _ = try await rate(pair)
        func erase(_ person: String) async throws {
            let event = Event(payload: .personErased(PersonErased(person: person, erasure: "\(person)/erasures/one")))
            try await pair.host.runtime.database.write { try ErasureJobs.take(event, in: $0) }
            await #expect(throws: (any Error).self) {
                try await RunningErasure(pair.service, pair.host.runtime).runAll()
            }
        }
        func count() async throws -> Int64? {
            try await pair.host.runtime.database.read { try $0.first("SELECT count(*) FROM self_rating")?.int64(0) }
        }
        try await erase(pair.relationship.trustor)
        #expect(try await count() == 1)
        try await erase(pair.relationship.trustee)
        #expect(try await count() == 0)
    }

    @Test("It goes with the notes, when these were kept long enough") func retention() async throws {
        let pair = try await Pair()
        _ = try await rate(pair)
        for data in [RetainedData.evidence, .audit, .notes] {
            #expect(try await own(pair).count == 1)
            let event = Event(
                relationship: pair.name, payload: .retentionEnded(RetentionEnded(data: data)))
            try await pair.host.runtime.database.write {
                try pair.service.apply(event, from: "relationships", in: $0)
            }
        }
        #expect(try await own(pair).isEmpty)
    }
}
