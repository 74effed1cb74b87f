import FoundationEssentials
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// A database from before an erasure that comes back (docs/domain.md §6.10). The whole suite's is in Tests/Interop.
@Suite struct ErasedAgainTests {
    private let secret = "sesame-\(UInt64.random(in: .min ... .max))"

    private func isStored(_ host: TestHost<RelationshipsService>) throws -> Bool {
        try host.storedBytes().firstRange(of: Array(secret.utf8)) != nil
    }

    private func promise(_ pair: Pair) async throws {
        _ = try await pair.service.createCommitment(
            CreateCommitmentRequest(
                parent: pair.name, commitment: Commitment(text: secret, dueTime: day(3).timestamp)),
            pair.by(pair.coachee))
    }

    @Test func aRestoredDatabaseIsErasedAgain() async throws {
        let pair = try await Pair.active()
        try await promise(pair)
        let copy = try await pair.host.backup()
        let erasure = try await pair.erase(pair.coachee)
        try await pair.forget()
        #expect(try !isStored(pair.host))

        let host = try await pair.host.restored(from: copy)
        // Before anybody is answered nobody is there any more; the words follow.
        let seen = try await host.service.getPerson(GetPersonRequest(name: pair.coachee), pair.by(pair.coach))
        #expect(seen.displayName == "erased person")
        let relationship = try await host.service.getRelationship(
            GetRelationshipRequest(name: pair.name), pair.by(pair.coach))
        #expect(relationship.state == .ended)
        try await pair.forget(on: host)
        #expect(try !isStored(host))
        // The same erasure as before, of which the other services hear.
        let again = try await host.service.getErasure(GetErasureRequest(name: erasure.name), pair.officer)
        #expect(again.state == .running && again.steps.map(\.service) == ["relationships"])
        let told = try #require(try await host.events().last { $0.type == "person.erased.v1" })
        #expect(told.payload == .personErased(PersonErased(person: pair.coachee, erasure: erasure.name)))
    }

    @Test func aStartWithoutARestoreErasesNobodyAgain() async throws {
        let pair = try await Pair.active()
        try await pair.erase(pair.coachee)
        try await pair.forget()
        let count = try await pair.host.events().count
        let host = try await pair.host.restarted()
        #expect(try await host.events().count == count)
    }

    @Test("A hold that the copy knows of had been released when the person was erased") func heldInTheCopy()
        async throws
    {
        let pair = try await Pair.active()
        let hold = try await pair.hold(pair.coachee)
        let copy = try await pair.host.backup()
        _ = try await pair.release(hold)
        try await pair.erase(pair.coachee)
        let host = try await pair.host.restored(from: copy)
        let seen = try await host.service.getPerson(GetPersonRequest(name: pair.coachee), pair.by(pair.coach))
        #expect(seen.displayName == "erased person")
    }

    @Test("A person of whom the copy does not know comes back neither") func unknownInTheCopy() async throws {
        let pair = try await Pair.active()
        let copy = try await pair.host.backup()
        let late = pair.person("late")
        _ = try await pair.service.createPerson(
            CreatePersonRequest(parent: pair.organization, personId: "late", person: Person(displayName: "late")),
            pair.admin)
        let erasure = try await pair.erase(late)
        let host = try await pair.host.restored(from: copy)
        try await pair.forget(on: host)
        let again = try await host.service.getErasure(GetErasureRequest(name: erasure.name), pair.officer)
        #expect(again.steps.map(\.service) == ["relationships"])
    }

    @Test("A list that is younger than the database, or lost, is written again at a start") func aLostList()
        async throws
    {
        let pair = try await Pair.active()
        let erasure = try await pair.erase(pair.coachee)
        let list = pair.host.runtime.erasureList
        #expect(try list.names() == [erasure.name])
        try FileManager.default.removeItem(atPath: list.path)
        let host = try await pair.host.restarted()
        #expect(try host.runtime.erasureList.names() == [erasure.name])
    }

    @Test func anErasureStandsEvenIfItsLineCannotBeWritten() async throws {
        let pair = try await Pair.active()
        try FileManager.default.createDirectory(
            atPath: pair.host.runtime.erasureList.path, withIntermediateDirectories: false)
        #expect(try await pair.erase(pair.coachee).state == .running)
    }
}
