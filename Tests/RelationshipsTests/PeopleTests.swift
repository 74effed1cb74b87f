import Schema
import ServiceKit
import Testing

@testable import Relationships

@Suite struct PersonTests {
    func create(_ draft: Person) throws -> Person {
        try .created(draft, name: ResourceName(coachee, "organizations", "people"))
    }

    @Test func aNewPersonIsActive() throws {
        let person = try create(
            Person(
                displayName: "Ada", manager: coach, unit: "Sales East", level: 5, timeZone: "America/Argentina/Salta"))
        #expect(person.active && person.name == coachee)
    }

    @Test(arguments: [
        Person(),
        Person(displayName: String(repeating: "x", count: 201)),
        Person(externalId: String(repeating: "x", count: 201), displayName: "Ada"),
        Person(displayName: "Ada", manager: coachee),
        Person(displayName: "Ada", manager: "organizations/other/people/boss"),
        Person(displayName: "Ada", unit: String(repeating: "x", count: 201)),
        Person(displayName: "Ada", level: 21),
        Person(displayName: "Ada", level: -1),
        Person(displayName: "Ada", timeZone: "Europe/Berlin;"),
        Person(displayName: "Ada", timeZone: String(repeating: "x", count: 65)),
    ])
    func fieldsAreChecked(draft: Person) {
        #expect(refusal { _ = try create(draft) } == "INVALID_FIELD")
    }

    @Test func aPartnerSeesTheNameAlone() throws {
        let person = try create(Person(externalId: "4711", displayName: "Ada", manager: coach, unit: "Sales"))
        #expect(person.seenByPartner == Person(name: coachee, displayName: "Ada"))
    }
}

@Suite struct ProgrammeTests {
    @Test func defaultsAreAWeekADayAndFive() throws {
        let programme = try Programme.created(
            Programme(displayName: "Sales", kind: .coaching), name: "organizations/acme/programmes/p")
        #expect(programme.cadencePolicy == CadencePolicy(intervalDays: 7, graceHours: 24))
        #expect(programme.minimumGroupSize == 5)
    }

    @Test func aPolicyOfNoGraceIsNoGrace() throws {
        let draft = Programme(displayName: "Sales", kind: .coaching, cadencePolicy: CadencePolicy())
        #expect(
            try Programme.created(draft, name: "organizations/acme/programmes/p").cadencePolicy
                == CadencePolicy(intervalDays: 7, graceHours: 0))
    }

    @Test(arguments: [
        Programme(kind: .coaching),
        Programme(displayName: "Sales"),
        Programme(displayName: "Sales", kind: .coaching, minimumGroupSize: 4),
        Programme(displayName: "Sales", kind: .coaching, startTime: day(1).timestamp, endTime: day(0).timestamp),
        Programme(displayName: "Sales", kind: .coaching, cadencePolicy: CadencePolicy(intervalDays: 91)),
        Programme(displayName: "Sales", kind: .coaching, cadencePolicy: CadencePolicy(graceHours: 73)),
        Programme(displayName: "Sales", kind: .coaching, cadencePolicy: CadencePolicy(graceHours: -1)),
    ])
    func fieldsAreChecked(draft: Programme) {
        #expect(
            refusal { _ = try Programme.created(draft, name: "organizations/acme/programmes/p") } == "INVALID_FIELD")
    }
}
