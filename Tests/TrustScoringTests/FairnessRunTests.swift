import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §4.4 b and c, §6.9: a run from the request to its verdicts, and who reads them.
@Suite struct FairnessRunTests {
    static let programme = "\(RollupOrganization.name)/programmes/growth"

    private func officer(_ acme: RollupOrganization) -> ServerContext {
        acme.host.context(person: RollupOrganization.person("dpo"), purpose: "privacy")
    }

    /// A programme of coachees of two genders; so many of each are offered something.
    private func programme(women: (of: Int, offered: Int), men: (of: Int, offered: Int), fair: Int = 0)
        async throws -> (RollupOrganization, RunningFairness.Labels)
    {
        let acme = try await RollupOrganization()
        try await acme.tell([
            acme.organizationEvent(
                "programme.changed.v1",
                .programmeChanged(ProgrammeChanged(programme: Self.programme, minimumGroupSize: 6)), at: day(-3))
        ])
        var labels: [String: String] = [:]
        var answered = 0
        for (gender, size) in [("woman", women), ("man", men)] {
            for number in 0..<size.of {
                let person = "\(gender)-\(number)"
                let relationship = try await acme.pair(
                    person, "coach-\(number % 4)", rating: nil, programme: Self.programme)
                labels[RollupOrganization.person(person)] = gender
                let facts = Facts(relationship: relationship.name)
                var events: [Event] = []
                if number < size.offered {
                    events.append(
                        facts.event(
                            "opportunity.offered.v1",
                            .opportunityOffered(OpportunityOffered(opportunity: facts.name("opportunities", "o"))),
                            at: day(20), by: .trustee))
                }
                if answered < fair {
                    events.append(facts.pulse(.fair, 1, at: day(10)))
                    events.append(facts.pulse(.fair, Int32(4 + answered % 2), at: day(30)))
                    answered += 1
                }
                try await acme.host.runtime.database.write { [events] transaction in
                    for event in events { try acme.service.apply(event, from: "goals", in: transaction) }
                }
            }
        }
        return (acme, [.gender: labels])
    }

    private func ask(
        _ acme: RollupOrganization, by context: ServerContext? = nil, draws: Int32 = 0
    ) async throws -> FairnessRun {
        try await acme.service.runFairness(
            RunFairnessRequest(parent: RollupOrganization.name, programme: Self.programme, seed: 11, draws: draws),
            context ?? acme.administrator)
    }

    private func make(_ acme: RollupOrganization, _ labels: RunningFairness.Labels) async throws {
        try await RunningFairness(runtime: acme.host.runtime) { programme in
            #expect(programme == Self.programme)
            return labels
        }.runAll()
    }

    private func get(_ run: FairnessRun, _ acme: RollupOrganization, by context: ServerContext? = nil) async throws
        -> FairnessRun
    {
        try await acme.service.getFairnessRun(GetFairnessRunRequest(name: run.name), context ?? acme.administrator)
    }

    @Test("S29: a programme that offers men more is found, and says so without a name") func differenceIsFound()
        async throws
    {
        let (acme, labels) = try await programme(women: (20, 4), men: (24, 20))
        let asked = try await ask(acme)
        #expect(asked.state == .pending && asked.method == nil, "verdicts alone for administrators")
        try await make(acme, labels)
        let run = try await get(asked, acme)
        #expect(run.state == .succeeded && run.progressPercent == 100 && run.tests.count == 35)
        let test = try #require(run.tests.first { $0.attribute == .gender && $0.measure == .opportunityOffered })
        #expect(test.verdict == .differenceLikely && test.referenceGroup == "man" && test.group == "woman")
        #expect(test.impactRatio?.value == 0.24 && test.difference?.value == -0.63)
        #expect(test.pValue == nil && test.qValue == nil, "how it came about is the officer's to read")
        #expect(
            Set(run.tests.filter { $0.verdict != .insufficient }.map(\.measure)) == [
                .opportunityOffered, .sessionsHeld,
            ])

        let whole = try await get(asked, acme, by: officer(acme))
        #expect(whole.method?.seed == 11 && whole.method?.draws == 9999 && whole.method?.testCount == 2)
        #expect(whole.tests.contains { $0.pValue != nil && $0.qValue != nil })
        let text = "\(whole)"
        #expect(!text.contains("/people/") && !text.contains("/relationships/"), "no identities out")
    }

    @Test("What people have declared lies in no table of this service") func labelsAreNotStored() async throws {
        let (acme, labels) = try await programme(women: (9, 4), men: (12, 6))
        let marked = [ProtectedAttribute.Kind.religion: labels[.gender, default: [:]].mapValues { "zq7-\($0)-label" }]
        let run = try await ask(acme)
        try await make(acme, marked)
        #expect(try await get(run, acme).state == .succeeded)
        let bytes = try acme.host.storedBytes()
        #expect(bytes.count > 1000 && String(decoding: bytes, as: UTF8.self).contains("growth"))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("zq7-"))
    }

    @Test("The pulse stands beside the tests: last answers, from the programme's minimum on") func pulse() async throws
    {
        let (few, labels) = try await programme(women: (10, 5), men: (10, 5), fair: 5)
        let first = try await ask(few)
        try await make(few, labels)
        #expect(try await get(first, few).pulse == FairnessPulse(), "five of six")
        let (acme, _) = try await programme(women: (10, 5), men: (10, 5), fair: 8)
        let run = try await ask(acme)
        try await make(acme, [:])
        let pulse = try #require(try await get(run, acme).pulse)
        #expect(pulse.mean?.value == 4.5 && pulse.answerCount == 5)
        let interval = try #require(pulse.interval)
        #expect(interval.lower < 4.5 && interval.upper > 4.5 && interval.upper <= 5)
        #expect(try await get(run, acme).tests.allSatisfy { $0.verdict == .insufficient }, "no part of any test")
    }

    @Test func whoAsksAndWhoReads() async throws {
        let (acme, labels) = try await programme(women: (3, 1), men: (3, 1))
        let coach = acme.host.context(person: RollupOrganization.person("coach-0"))
        let auditor = acme.host.context(person: RollupOrganization.person("auditor"), purpose: "audit")
        let service = acme.host.context(service: "relationships")
        let halfAdmin = acme.host.context(
            person: RollupOrganization.person("admin"), purpose: "coaching", roles: ["programme_admin"])
        let foreign = acme.host.context(person: "organizations/globex/people/dpo", purpose: "privacy")
        for (context, expected) in [
            (coach, "ROLE_FORBIDDEN"), (auditor, "ROLE_FORBIDDEN"), (service, "NOT_PARTY"), (foreign, "NOT_PARTY"),
            (halfAdmin, "PURPOSE_MISSING"),
        ] {
            #expect(await reason { try await ask(acme, by: context) } == expected)
        }
        let run = try await ask(acme, by: officer(acme))
        try await make(acme, labels)
        #expect(await reason { try await get(run, acme, by: coach) } == "ROLE_FORBIDDEN")
        #expect(await reason { try await get(run, acme, by: service) } == "NOT_PARTY")
        #expect(await reason { try await get(run, acme, by: foreign) } == "NOT_PARTY")
        #expect(try await get(run, acme, by: auditor).method != nil)
        let list = ListFairnessRunsRequest(parent: RollupOrganization.name)
        #expect(
            try await acme.service.listFairnessRuns(list, acme.administrator).fairnessRuns.map(\.name) == [run.name])
        #expect(await reason { try await acme.service.listFairnessRuns(list, coach) } == "ROLE_FORBIDDEN")
    }

    @Test("Two runs that differ by one person would tell of that one: 28 days lie between them") func rest()
        async throws
    {
        let (acme, labels) = try await programme(women: (3, 1), men: (3, 1))
        let run = try await ask(acme)
        #expect(await reason { try await ask(acme) } == "WRONG_STATE", "one at a time")
        _ = try await acme.service.cancelFairnessRun(CancelFairnessRunRequest(name: run.name), acme.administrator)
        try await make(acme, labels)
        #expect(try await get(run, acme).state == .cancelled)
        _ = try await ask(acme)
        try await make(acme, labels)
        acme.set(now: 93 + 27.9)
        #expect(await reason { try await ask(acme) } == "FAIRNESS_TOO_SOON")
        acme.set(now: 93 + 28.1)
        #expect(try await ask(acme).state == .pending)
    }

    @Test("A restart in the middle begins again") func restart() async throws {
        let (acme, labels) = try await programme(women: (10, 5), men: (10, 5))
        let run = try await ask(acme)
        struct Died: Error {}
        let dying = RunningFairness(runtime: acme.host.runtime) { _ in throw CancellationError() }
        await #expect(throws: CancellationError.self) { try await dying.runAll() }
        #expect(try await get(run, acme).state == .running)
        try await make(acme.restarted(), labels)
        #expect(try await get(run, acme).state == .succeeded)
    }

    @Test func itFailsWithAReasonWhereTheLabelsCannotBeHad() async throws {
        let (acme, labels) = try await programme(women: (1, 0), men: (1, 0))
        let run = try await ask(acme)
        try await RunningFairness(runtime: acme.host.runtime) { _ in throw Refusal.relationshipsDown }.runAll()
        let failed = try await get(run, acme)
        #expect(failed.state == .failed && failed.failureReason == "DEPENDENCY_DOWN" && failed.tests.isEmpty)
        #expect(try await ask(acme).state == .pending, "a run that failed has shown nothing")
        try await make(acme, labels)
    }

    @Test func limits() async throws {
        let (acme, _) = try await programme(women: (1, 0), men: (1, 0))
        for draws: Int32 in [-1, 9998, 100_000] {
            #expect(await reason { try await ask(acme, draws: draws) } == "INVALID_FIELD")
        }
        let unknown = RunFairnessRequest(
            parent: RollupOrganization.name, programme: "\(RollupOrganization.name)/programmes/nowhere")
        #expect(await reason { try await acme.service.runFairness(unknown, acme.administrator) } == "NOT_FOUND")
        let foreign = RunFairnessRequest(
            parent: RollupOrganization.name, programme: "organizations/globex/programmes/growth")
        #expect(await reason { try await acme.service.runFairness(foreign, acme.administrator) } == "INVALID_FIELD")
    }
}
