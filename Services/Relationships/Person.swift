import Schema
import ServiceKit

/// A person of the organisation, mirrored from its directory (docs/domain.md §6.1).
extension Person {
    /// The longest reporting line that is followed upwards; levels end at 20.
    static let maximumLevels: Int32 = 20

    static let mutableFields = UpdateMask<Person>(
        "external_id", "display_name", "manager", "unit", "level", "time_zone", "active", "languages")

    static func created(_ draft: Person, name: ResourceName) throws -> Person {
        try draft.check(name)
        return Person(
            name: name.text, externalId: draft.externalId, displayName: draft.displayName, manager: draft.manager,
            unit: draft.unit, level: draft.level, timeZone: draft.timeZone, active: true,
            languages: draft.languages)
    }

    /// What the directory says now. Leaving is more than a field: a person is deactivated by the RPC for it.
    func updated(by patch: Person) throws -> Person {
        guard !isErased else { throw Refusal.wrongState("the person", is: "ERASED", needs: "one who is not") }
        try patch.check(try ResourceName(name, "organizations", "people"))
        guard patch.active || !active else {
            throw Refusal.invalid("person.active", "DeactivatePerson deactivates", reason: "BAD_MASK")
        }
        return patch
    }

    /// What an import says of a known person. Whether somebody is active it does not say.
    func imported(_ draft: Person) throws -> Person {
        var person = draft
        person.name = name
        person.active = active
        person.etag = etag
        person.createTime = createTime
        person.updateTime = updateTime
        return try updated(by: person)
    }

    private func check(_ name: ResourceName) throws {
        try Check.text(externalId, "person.external_id", 0...200)
        try Check.text(displayName, "person.display_name", 1...200)
        try Check.text(unit, "person.unit", 0...200)
        try Check.range(level, "person.level", 0...Self.maximumLevels)
        try Self.checkTimeZone(timeZone)
        try Check.count(languages.count, "person.languages", 0...20)
        for language in languages where !LanguageTag.isKnown(language) {
            throw Refusal.invalid("person.languages", "\(language.prefix(40)) is no BCP 47 tag such as de or pt-BR")
        }
        if !manager.isEmpty {
            let manager = try ResourceName(manager, "organizations", "people")
            guard manager.organization == name.organization, manager != name else {
                throw Refusal.invalid("person.manager", "another person of the same organisation")
            }
        }
    }

    /// The managers above a person, the nearest first. A circle in the directory ends it.
    static func reportingLine(of person: Person, _ find: (String) throws -> Person?) rethrows -> [String] {
        var line: [String] = []
        var next = person.manager
        while !next.isEmpty, !line.contains(next), line.count < Int(maximumLevels) {
            line.append(next)
            next = try find(next)?.manager ?? ""
        }
        return line
    }

    /// Whether nothing has changed that the other services hear of.
    func belongs(like other: Person) -> Bool {
        unit == other.unit && level == other.level && active == other.active
    }

    /// A partner sees who it is, nothing else (docs/domain.md rule 38).
    var seenByPartner: Person {
        Person(name: name, displayName: displayName)
    }

    /// The shape of an IANA name; whether the zone exists is for those who show times.
    private static func checkTimeZone(_ zone: String) throws {
        let allowed = zone.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "+"):
                true
            default: false
            }
        }
        guard allowed, zone.utf8.count <= 64 else {
            throw Refusal.invalid("person.time_zone", "an IANA time zone such as Europe/Berlin")
        }
    }
}
