import Schema
import ServiceKit
import ServiceKitTesting
import Storage
import Testing

@testable import Relationships

/// The other services hear where people belong, and never who they are.
@Suite struct AnnouncementTests {
    private let organization = "organizations/acme"

    @Test func whoWasStoredBeforeIsToldOnce() async throws {
        let host = try await TestHost(RelationshipsService.self)
        try await host.runtime.database.write { [organization] transaction in
            _ = try Tables.people.insert(
                Person(
                    name: "\(organization)/people/ada", displayName: "Ada L.", unit: "Sales/North", level: 3,
                    active: true),
                in: transaction)
        }
        for _ in 0..<2 { try await Announcements(runtime: host.runtime).run() }
        let events = try await host.events()
        #expect(events.map(\.type) == ["person.changed.v1"] && events.first?.organization == organization)
        #expect(
            events.first?.payload
                == .personChanged(
                    PersonChanged(person: "\(organization)/people/ada", unit: "Sales/North", level: 3, active: true)))
    }

    @Test func aMoveIsToldAndANewNameIsNot() async throws {
        let host = try await TestHost(RelationshipsService.self)
        let context = host.context(
            person: "\(organization)/people/admin", purpose: "programme_admin", roles: ["programme_admin"])
        var person = try await host.service.createPerson(
            CreatePersonRequest(
                parent: organization, personId: "ada", person: Person(displayName: "Ada L.", unit: "Sales")),
            context)
        person.displayName = "Ada Lovelace"
        person = try await host.service.updatePerson(
            UpdatePersonRequest(person: person, updateMask: .init(paths: ["display_name"])), context)
        person.unit = "Research"
        person = try await host.service.updatePerson(
            UpdatePersonRequest(person: person, updateMask: .init(paths: ["unit"])), context)
        _ = try await host.service.deactivatePerson(DeactivatePersonRequest(name: person.name), context)
        let told = try await host.events().compactMap { event -> String? in
            guard case .personChanged(let change) = event.payload else { return nil }
            return "\(change.unit) \(change.active)"
        }
        #expect(told == ["Sales true", "Research true", "Research false"])
        #expect(try await host.events().allSatisfy { !"\($0)".contains("Ada") })
    }
}
