import RPC
import Schema
import ServiceKit
import Standard
import Testing

@testable import Relationships

/// People, programmes, enrolment and leave over RPC (docs/domain.md §6.1, rules 28 and 38).
@Suite struct DirectoryTests {
    func update(
        _ pair: Pair, _ id: String, _ patch: Person, _ paths: [String], by context: ServerContext? = nil
    ) async throws -> Person {
        var patch = patch
        patch.name = pair.person(id)
        return try await pair.service.updatePerson(
            UpdatePersonRequest(person: patch, updateMask: FieldMask(paths: paths)), context ?? pair.admin)
    }

    // MARK: People

    @Test func aMaskSaysWhatChanges() async throws {
        let pair = try await Pair.strangers()
        let coach = try await update(pair, "coach", Person(displayName: "ignored", unit: "East"), ["unit"])
        #expect(coach.unit == "East" && coach.displayName == "coach of acme")
        for (patch, paths, reason) in [
            (Person(), ["nickname"], "BAD_MASK"), (Person(), ["name"], "BAD_MASK"),
            (Person(), ["active"], "BAD_MASK"), (Person(level: 21), ["level"], "INVALID_FIELD"),
            (Person(manager: pair.coach), ["manager"], "INVALID_FIELD"),
            (Person(externalId: "hr-boss"), ["external_id"], "DUPLICATE_EXTERNAL_ID"),
        ] {
            #expect(await refusal { try await update(pair, "coach", patch, paths) } == reason)
        }
        #expect(
            await refusal { try await update(pair, "coach", Person(unit: "x"), ["unit"], by: pair.by(pair.coach)) }
                == "ROLE_FORBIDDEN")
        #expect(await refusal { try await update(pair, "nobody", Person(unit: "x"), ["unit"]) } == "NOT_FOUND")
        #expect(
            await refusal {
                try await pair.service.updatePerson(
                    UpdatePersonRequest(person: Person(name: pair.coach, unit: "x"), etag: "\"7\""), pair.admin)
            } == "ETAG_MISMATCH")
    }

    @Test func aDirectoryKeyThatIsGivenUpIsFree() async throws {
        let pair = try await Pair.strangers()
        _ = try await update(pair, "coach", Person(externalId: "hr-1"), ["external_id"])
        #expect(
            try await update(pair, "boss", Person(externalId: "hr-coach"), ["external_id"]).externalId == "hr-coach")
        #expect(
            await refusal { try await update(pair, "lead", Person(externalId: "hr-1"), ["external_id"]) }
                == "DUPLICATE_EXTERNAL_ID")
    }

    @Test func deactivationPausesAndDeletesNothing() async throws {
        let pair = try await Pair.active()
        let promise = try await pair.agreed(pair.coach, due: day(2), at: day(0))
        let asked = try await pair.request(trustee: pair.person("other"), by: pair.coachee).name
        let deactivate = DeactivatePersonRequest(name: pair.coach)
        #expect(
            await refusal { try await pair.service.deactivatePerson(deactivate, pair.by(pair.coach)) }
                == "ROLE_FORBIDDEN")
        #expect(try await !pair.service.deactivatePerson(deactivate, pair.admin).active)
        let relationship = try await pair.service.getRelationship(
            GetRelationshipRequest(name: pair.name), pair.by(pair.coachee))
        #expect(relationship.state == .paused && relationship.pauses.map(\.reason) == [.personDeactivated])
        let paused = try #require(try await pair.lastEvent("relationship.paused.v1"))
        #expect(paused.actor == pair.person("admin") && paused.actorRole == .other)
        try await pair.host.advance(days: 10)
        #expect(try await pair.commitment(promise).state == .accepted)
        let resume = ResumeRelationshipRequest(name: pair.name)
        #expect(
            await refusal { try await pair.service.resumeRelationship(resume, pair.by(pair.coachee)) } == "WRONG_STATE")
        #expect(
            await refusal { try await pair.request(trustor: pair.person("boss"), by: pair.coach) } == "INVALID_FIELD")
        #expect(try await update(pair, "coach", Person(active: true), ["active"]).active)
        #expect(try await pair.service.resumeRelationship(resume, pair.by(pair.coachee)).state == .active)
        #expect(
            try await pair.service.getRelationship(GetRelationshipRequest(name: asked), pair.by(pair.coachee)).state
                == .requested)
    }

    @Test func whoIsDeactivatedDuringAnImportIsPausedWhenItEnds() async throws {
        let pair = try await Pair.active(importing: true)
        _ = try await pair.service.deactivatePerson(DeactivatePersonRequest(name: pair.coach), pair.admin)
        _ = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        let finished = try await pair.service.finishImport(FinishImportRequest(name: pair.name), pair.by(pair.coach))
        #expect(finished.state == .paused && !finished.importing)
    }

    // MARK: Import

    func load(_ pair: Pair, _ people: [(id: String, person: Person)], by context: ServerContext? = nil) async throws
        -> ImportPeopleResponse
    {
        let requests = people.map {
            ImportPeopleRequest(parent: pair.organization, personId: $0.id, person: $0.person)
        }
        return try await pair.service.importPeople(RequestStream(requests), context ?? pair.admin)
    }

    @Test func anImportTellsOfEachPerson() async throws {
        let pair = try await Pair.strangers()
        let people = [
            (id: "", person: Person(externalId: "hr-coach", displayName: "Mira")),
            ("", Person(externalId: "hr-new", displayName: "New")),
            ("ada", Person(displayName: "Ada")),
            ("", Person(displayName: "Nobody knows")),
            ("", Person(externalId: "hr-x")),
            ("eve", Person(externalId: "hr-coach", displayName: "Eve")),
            ("", Person(externalId: "hr-new", displayName: "Newer")),
        ]
        let answer = try await load(pair, people)
        #expect(
            answer.people.map(\.outcome) == [.updated, .created, .created, .refused, .refused, .refused, .updated])
        #expect(
            answer.people.map(\.reason) == [
                "", "", "", "INVALID_FIELD", "INVALID_FIELD", "DUPLICATE_EXTERNAL_ID", "",
            ])
        #expect([answer.createdCount, answer.updatedCount, answer.refusedCount] == [2, 2, 3])
        #expect(answer.people[0].name == pair.coach && answer.people[1].name == answer.people[6].name)
        let mira = try await pair.service.getPerson(GetPersonRequest(name: pair.coach), pair.admin)
        #expect(mira.displayName == "Mira" && mira.active && mira.manager.isEmpty, "the directory's word is whole")
        let again = try await load(pair, [people[0], people[2], people[6]])
        #expect(again.people.map(\.outcome) == [.unchanged, .unchanged, .unchanged], "twice is once")
        #expect(await refusal { try await load(pair, people, by: pair.by(pair.coach)) } == "ROLE_FORBIDDEN")
        let foreign = RequestStream([
            ImportPeopleRequest(parent: "organizations/globex", person: Person(externalId: "1", displayName: "x"))
        ])
        #expect(await refusal { try await pair.service.importPeople(foreign, pair.admin) } == "NOT_PARTY")
    }

    @Test func whatWasStoredBeforeTheLimitStays() async throws {
        let pair = try await Pair.strangers()
        let people = (0...PeopleImport.maximumPeople).map {
            (id: "", person: Person(externalId: "e-\($0)", displayName: "P\($0)"))
        }
        #expect(await refusal { try await load(pair, people) } == "CAPACITY_FULL")
        let rest = try await load(pair, Array(people.suffix(2)))
        #expect(rest.people.map(\.outcome) == [.unchanged, .created])
    }

    // MARK: Programmes

    @Test func whatWasPromisedIsNotLoosenedWhileTheProgrammeRuns() async throws {
        let pair = try await Pair.strangers(
            programme: Programme(
                displayName: "Sales", kind: .coaching, endTime: day(30).timestamp, minimumGroupSize: 8,
                retentionDays: 100))
        func update(_ patch: Programme, _ paths: [String], by context: ServerContext? = nil) async throws -> Programme {
            var patch = patch
            patch.name = pair.programme
            return try await pair.service.updateProgramme(
                UpdateProgrammeRequest(programme: patch, updateMask: FieldMask(paths: paths)), context ?? pair.admin)
        }
        #expect(
            await refusal { try await update(Programme(), ["display_name"], by: pair.by(pair.coach)) }
                == "ROLE_FORBIDDEN")
        for (patch, path, reason) in [
            (Programme(minimumGroupSize: 7), "minimum_group_size", "WRONG_STATE"),
            (Programme(retentionDays: 101), "retention_days", "WRONG_STATE"),
            (Programme(), "retention_days", "WRONG_STATE"),
            (Programme(retentionDays: 29), "retention_days", "INVALID_FIELD"),
            (Programme(kind: .peer), "kind", "BAD_MASK"),
            (Programme(ombudsperson: "organizations/globex/people/x"), "ombudsperson", "INVALID_FIELD"),
            (Programme(trustPolicy: "x"), "trust_policy", "BAD_NAME"),
        ] {
            #expect(await refusal { try await update(patch, [path]) } == reason, "\(path)")
        }
        let tighter = try await update(
            Programme(minimumGroupSize: 9, retentionDays: 99), ["minimum_group_size", "retention_days"])
        #expect(tighter.minimumGroupSize == 9 && tighter.retentionDays == 99 && tighter.displayName == "Sales")
        try await pair.host.advance(days: 40)
        #expect(try await update(Programme(minimumGroupSize: 5), ["minimum_group_size"]).minimumGroupSize == 5)
    }

    // MARK: Enrolment

    func enroll(_ pair: Pair, _ enrollment: Enrollment, by context: ServerContext) async throws -> Enrollment {
        try await pair.service.enroll(EnrollRequest(parent: pair.programme, enrollment: enrollment), context)
    }

    @Test func capacityCountsWhatIsOpenAndAskedFor() async throws {
        let pair = try await Pair.strangers()
        let offer = Enrollment(person: pair.coach, role: .trustee, capacity: 1, topics: ["sales"])
        let enrollment = try await enroll(pair, offer, by: pair.by(pair.coach))
        let asked = try await pair.request().name
        #expect(
            await refusal { try await pair.request(trustor: pair.person("other"), by: pair.person("other")) }
                == "CAPACITY_FULL")
        #expect(
            await refusal { try await pair.request(trustee: pair.coachee, trustor: pair.coach, by: pair.coach) } == nil,
            "another role")
        _ = try await pair.service.declineRequest(DeclineRequestRequest(name: asked), pair.by(pair.coach))
        #expect(
            await refusal { try await pair.request(trustor: pair.person("other"), by: pair.person("other")) } == nil)
        var more = offer
        more.capacity = 3
        let again = try await enroll(pair, more, by: pair.admin)
        #expect(again.name == enrollment.name && again.capacity == 3)
        #expect(await refusal { try await pair.request() } == nil)
        more.capacity = 1
        #expect(await refusal { try await enroll(pair, more, by: pair.admin) } == "CAPACITY_FULL", "two are open")
    }

    @Test func anEnrolmentIsReadByThePersonAndAdministrators() async throws {
        let pair = try await Pair.strangers()
        let own = try await enroll(pair, Enrollment(person: pair.coach, role: .trustee), by: pair.by(pair.coach))
        let other = try await enroll(pair, Enrollment(person: pair.coachee, role: .trustor), by: pair.admin)
        let list = ListEnrollmentsRequest(parent: pair.programme)
        #expect(try await pair.service.listEnrollments(list, pair.admin).enrollments.count == 2)
        #expect(try await pair.service.listEnrollments(list, pair.by(pair.coach)).enrollments == [own])
        let get = GetEnrollmentRequest(name: other.name)
        #expect(try await pair.service.getEnrollment(get, pair.by(pair.coachee)) == other)
        #expect(await refusal { try await pair.service.getEnrollment(get, pair.by(pair.coach)) } == "NOT_PARTY")
        for (enrollment, context, reason) in [
            (Enrollment(person: pair.coach, role: .trustee), pair.by(pair.coachee), "ROLE_FORBIDDEN"),
            (Enrollment(person: pair.coach), pair.admin, "INVALID_FIELD"),
            (Enrollment(person: pair.coach, role: .trustee, capacity: 51), pair.admin, "INVALID_FIELD"),
            (Enrollment(person: pair.person("nobody"), role: .trustee), pair.admin, "INVALID_FIELD"),
            (Enrollment(person: "organizations/globex/people/x", role: .trustee), pair.admin, "INVALID_FIELD"),
        ] {
            #expect(await refusal { try await enroll(pair, enrollment, by: context) } == reason)
        }
    }

    // MARK: A person's own list

    @Test func aPersonsListHasPagesAndFilters() async throws {
        let pair = try await Pair.strangers()
        var names: [String] = []
        for (trustee, trustor) in [("coach", "coachee"), ("coachee", "coach"), ("boss", "other"), ("coach", "other")] {
            names.append(
                try await pair.request(
                    trustee: pair.person(trustee), trustor: pair.person(trustor), by: pair.person(trustor)
                ).name)
        }
        names.remove(at: 2)
        var found: [String] = []
        var token = ""
        repeat {
            let page = try await pair.service.listRelationships(
                ListRelationshipsRequest(parent: pair.organization, pageSize: 1, pageToken: token), pair.by(pair.coach))
            found += page.relationships.map(\.name)
            token = page.nextPageToken
        } while !token.isEmpty
        #expect(found == names)
        let filtered = try await pair.service.listRelationships(
            ListRelationshipsRequest(
                parent: pair.organization, filter: "trustor = \"\(pair.coach)\"", orderBy: "create_time desc"),
            pair.by(pair.coach))
        #expect(filtered.relationships.map(\.name) == [names[1]])
    }

    // MARK: Leave

    func leave(
        _ pair: Pair, _ start: Instant, _ end: Instant, source: LeaveWindow.Source = .unspecified,
        by context: ServerContext
    ) async throws -> LeaveWindow {
        try await pair.service.createLeaveWindow(
            CreateLeaveWindowRequest(
                parent: pair.coach,
                leaveWindow: LeaveWindow(startTime: start.timestamp, endTime: end.timestamp, source: source)), context)
    }

    @Test func partnersAndAdministratorsSeeTheDatesOfLeaveAlone() async throws {
        let pair = try await Pair.active()
        let own = try await leave(pair, day(10), day(20), source: .calendar, by: pair.by(pair.coach))
        let filed = try await leave(pair, day(30), day(31), by: pair.admin)
        #expect(own.source == .calendar && filed.source == .directory)
        let list = ListLeaveWindowsRequest(parent: pair.coach)
        #expect(try await pair.service.listLeaveWindows(list, pair.by(pair.coach)).leaveWindows == [own, filed])
        for context in [pair.by(pair.coachee), pair.admin] {
            let seen = try await pair.service.listLeaveWindows(list, context).leaveWindows
            #expect(seen.map(\.startTime) == [own.startTime, filed.startTime])
            #expect(seen.allSatisfy { $0.source == .unspecified })
            #expect(
                try await pair.service.getLeaveWindow(GetLeaveWindowRequest(name: own.name), context).source
                    == .unspecified)
            #expect(
                await refusal {
                    try await pair.service.listLeaveWindows(
                        ListLeaveWindowsRequest(parent: pair.coach, filter: "source = CALENDAR"), context)
                } == "BAD_FILTER")
        }
        #expect(
            await refusal { try await pair.service.listLeaveWindows(list, pair.by(pair.person("other"))) }
                == "NOT_PARTY")
        #expect(await refusal { try await leave(pair, day(1), day(2), by: pair.by(pair.coachee)) } == "NOT_PARTY")
        for (start, end, source) in [
            (day(2), day(2), LeaveWindow.Source.unspecified), (day(0), day(367), .unspecified),
            (day(0), day(1), .directory), (day(2000), day(2001), .unspecified),
        ] {
            #expect(
                await refusal { try await leave(pair, start, end, source: source, by: pair.by(pair.coach)) }
                    == "INVALID_FIELD")
        }
    }

    @Test func deletedLeaveIsForgotten() async throws {
        let pair = try await Pair.active()
        let window = try await leave(pair, day(10), day(20), by: pair.by(pair.coach))
        let delete = DeleteLeaveWindowRequest(
            name: window.name, requestId: "0f8fad5b-d9cb-469f-a165-70867728950e")
        #expect(
            await refusal { try await pair.service.deleteLeaveWindow(delete, pair.by(pair.coachee)) } == "NOT_PARTY")
        let deleted = try await pair.service.deleteLeaveWindow(delete, pair.by(pair.coach))
        #expect(deleted.startTime == nil && deleted.endTime == nil && deleted.deleteTime != nil)
        #expect(try await pair.service.deleteLeaveWindow(delete, pair.by(pair.coach)) == deleted, "a retry")
        #expect(
            try await pair.service.listLeaveWindows(
                ListLeaveWindowsRequest(parent: pair.coach), pair.by(pair.coach)
            ).leaveWindows.isEmpty)
        #expect(
            await refusal {
                try await pair.service.getLeaveWindow(GetLeaveWindowRequest(name: window.name), pair.by(pair.coach))
            } == "NOT_FOUND")
        try await pair.host.advance(days: 2)
        _ = try await leave(pair, day(10), day(20), by: pair.by(pair.coach))
        #expect(
            await refusal {
                try await pair.service.deleteLeaveWindow(
                    DeleteLeaveWindowRequest(name: window.name), pair.by(pair.coach))
            } == "NOT_FOUND", "nothing is left of it")
        let events = try await pair.host.events().filter { $0.type == "leave.changed.v1" }.prefix(2)
        let payloads = events.compactMap { event -> LeaveChanged? in
            guard case .leaveChanged(let change) = event.payload else { return nil }
            return change
        }
        #expect(payloads.map(\.deleted) == [false, true])
        #expect(payloads.allSatisfy { $0.person == pair.coach && $0.startTime == day(10).timestamp })
        #expect(events.allSatisfy { $0.relationship.isEmpty && $0.organization == pair.organization })
    }
}
