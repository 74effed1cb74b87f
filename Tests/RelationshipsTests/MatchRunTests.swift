import Matching
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Storage
import Testing

@testable import Relationships

/// Runs over the people of a programme, by the service's RPCs (docs/domain.md §6.1).
@Suite struct MatchRunTests {
    @Test func aRunProposesWhomTheCriteriaFavourAndSaysWhy() async throws {
        let market = try await Market()
        try await market.enroll(
            "mira", .trustor, topics: ["Closing", "Prices"], languages: ["de"], zone: "Europe/Berlin")
        try await market.enroll("leo", .trustor, topics: ["Pipeline"], languages: ["en"])
        try await market.enroll(
            "jonas", .trustee, capacity: 2, topics: ["closing"], languages: ["de", "en"], zone: "Europe/Madrid")
        try await market.enroll("ruth", .trustee, topics: ["pipeline"], languages: ["en-GB"])
        let asked = try await market.propose(seed: 7)
        #expect(asked.state == .pending && asked.seed == 7 && asked.rules?.topicPoints == 400)
        try await market.matching.runAll()
        let run = try await market.get(asked)
        #expect(run.state == .succeeded && run.progressPercent == 100 && run.startTime != nil && run.endTime != nil)
        #expect(
            [
                run.trustorCount, run.trusteeCount, run.placeCount, run.proposalCount, run.waitlistCount,
                run.leftOutCount,
            ]
                == [2, 2, 3, 2, 0, 0])
        #expect(try await market.pairs() == ["mira": "jonas", "leo": "ruth"])
        for proposal in try await market.proposals() {
            #expect(proposal.matchRun == run.name)
            #expect(proposal.contributions.map(\.criterion) == [.topics, .goals, .language, .timeZone, .capacity])
            #expect(proposal.contributions.reduce(0) { $0 + $1.points } == proposal.score, "adds up exactly")
            let created = try Check.instant(proposal.createTime, "")
            #expect(try Check.instant(proposal.expireTime, "") == created.adding(days: 14))
        }
        let mira = try #require(try await market.proposals(by: market.by("mira")).first)
        #expect(mira.score == 200 + 0 + 200 + 150 + 50)
        #expect(mira.contributions[0].shared == ["Closing"] && mira.contributions[1].unknown)
        #expect(mira.contributions[3].overlapMinutes == 480 && mira.contributions[4].freePlaces == 2)
    }

    @Test func anyPairOfTheLatestRunIsExplained() async throws {
        let market = try await Market()
        try await market.enroll("boss", .trustee, capacity: 3)
        try await market.enroll("ruth", .trustee, topics: ["a"])
        try await market.enroll("mira", .trustor, topics: ["a"], preferences: ["ruth"], manager: "boss")
        try await market.host.advance(days: 1)
        try await market.enroll("leo", .trustor, topics: ["a"])
        let run = try await market.run()
        #expect(try await market.pairs() == ["mira": "ruth", "leo": "boss"])
        let matched = try await market.explain(run, "mira", "ruth")
        #expect(matched.outcome == .proposed && matched.trustorPreference == 1 && matched.trusteePreference == 0)
        #expect(matched.score == matched.contributions.reduce(0) { $0 + $1.points })
        let proposal = try await market.proposals(by: market.by("mira"))[0]
        #expect(matched.score == proposal.score && matched.contributions == proposal.contributions)
        let excluded = try await market.explain(run, "mira", "boss")
        #expect(excluded.outcome == .excluded && excluded.exclusions == [.reportingLine])
        // The two are equal for Ruth: Mira enrolled on an earlier day.
        #expect(try await market.explain(run, "leo", "ruth").outcome == .trusteeHasBetter)
        // What people say later changes nothing of what the run saw.
        _ = try await market.service.enroll(
            EnrollRequest(
                parent: market.programme,
                enrollment: Enrollment(person: market.person("leo"), role: .trustor, topics: ["b"])), market.by("leo"))
        #expect(try await market.explain(run, "leo", "ruth").contributions[0].points == 400)
        #expect(await refusal { try await market.explain(run, "leo", "nobody") } == "NOT_FOUND")
        #expect(await refusal { try await market.explain(run, "ruth", "ruth") } == "NOT_FOUND", "no coachee")
        let later = try await market.run()
        #expect(await refusal { try await market.explain(run, "leo", "ruth") } == "WRONG_STATE")
        #expect(try await market.explain(later, "leo", "ruth").contributions[0].points == 0)
    }

    /// The rank among equals that an explanation of three people sees is the one that the run saw among all.
    @Test func explanationsAgreeWithTheRunForEveryPair() async throws {
        let market = try await Market()
        for number in 0..<4 { try await market.enroll("k\(number)", .trustee, topics: number < 2 ? ["a"] : []) }
        for number in 0..<6 { try await market.enroll("c\(number)", .trustor, topics: ["a"]) }
        let run = try await market.run(seed: 3)
        let pairs = try await market.pairs()
        #expect(pairs.count == 4 && run.waitlistCount == 2)
        for number in 0..<6 {
            for coach in 0..<4 {
                let outcome = try await market.explain(run, "c\(number)", "k\(coach)").outcome
                let got = pairs["c\(number)"]
                if got == "k\(coach)" {
                    #expect(outcome == .proposed)
                } else if got == nil {
                    #expect(outcome == .trusteeHasBetter, "who waits has nobody better")
                } else {
                    #expect(outcome == .trustorHasBetter || outcome == .trusteeHasBetter)
                }
            }
        }
    }

    @Test func theRulesOfTheProgrammeHold() async throws {
        let market = try await Market(
            Programme(
                displayName: "Sales", kind: .coaching,
                matchingRules: MatchingRules(topicPoints: 10, minimumOverlapMinutes: 60)))
        try await market.enroll("boss", .trustee, topics: ["a"], zone: "Asia/Tokyo")
        try await market.enroll("mira", .trustor, topics: ["a"], zone: "Europe/Berlin", manager: "boss")
        let run = try await market.run()
        #expect(run.proposalCount == 0 && run.rules?.topicPoints == 10 && run.rules?.languagePoints == 0)
        #expect(try await market.explain(run, "mira", "boss").exclusions == [.tooLittleOverlap], "reporting is allowed")
        #expect(try await market.waiting().map(\.reason) == [.allExcluded])
        _ = try await market.service.updateProgramme(
            UpdateProgrammeRequest(
                programme: Programme(name: market.programme), updateMask: .init(paths: ["matching_rules"])),
            market.admin)
        #expect(try await market.run().proposalCount == 1)
        #expect(try await market.proposals()[0].score == 400 + 50)
        for rules in [
            MatchingRules(topicPoints: -1), MatchingRules(capacityPoints: 1001),
            MatchingRules(minimumOverlapMinutes: 481),
        ] {
            #expect(
                await refusal {
                    try await market.service.updateProgramme(
                        UpdateProgrammeRequest(programme: Programme(name: market.programme, matchingRules: rules)),
                        market.admin)
                } == "INVALID_FIELD")
        }
    }

    // MARK: Whoever gets nothing

    @Test func anEmptyProgrammeIsRefusedAndOneSideAloneIsTold() async throws {
        let market = try await Market()
        #expect(await refusal { try await market.propose() } == "NOBODY_ENROLLED")
        #expect(try await market.service.listMatchRuns(.init(parent: market.programme), market.admin).matchRuns.isEmpty)
        try await market.enroll("mira", .trustor)
        let alone = try await market.run()
        #expect(alone.state == .succeeded && alone.waitlistCount == 1 && alone.proposalCount == 0)
        #expect(try await market.waiting().map(\.reason) == [.noFreeCoach])
        let other = try await Market()
        try await other.enroll("jonas", .trustee)
        let coach = try await other.run()
        #expect(coach.state == .succeeded && coach.placeCount == 1 && coach.trustorCount == 0)
    }

    @Test func whoeverWaitsHearsWhyInTheOrderOfTheQueue() async throws {
        let market = try await Market()
        try await market.enroll("jonas", .trustee, topics: ["a"], languages: ["de"])
        try await market.enroll("late", .trustor, exclusions: ["jonas"])
        try await market.host.advance(days: 1)
        try await market.enroll("mute", .trustor, languages: ["fr"])
        try await market.host.advance(days: 1)
        try await market.enroll("mira", .trustor, topics: ["a"])
        try await market.enroll("leo", .trustor)
        try await market.run()
        #expect(try await market.pairs() == ["mira": "jonas"])
        let waiting = try await market.waiting()
        #expect(waiting.map { market.id($0.person) } == ["late", "mute", "leo"])
        #expect(waiting.map(\.position) == [1, 2, 3])
        #expect(waiting.map(\.reason) == [.allExcluded, .allExcluded, .placesTaken])
        #expect(
            waiting.map(\.exclusions) == [
                [.init(exclusion: .declaredConflict, count: 1)], [.init(exclusion: .noCommonLanguage, count: 1)], [],
            ])
        #expect(try Check.instant(waiting[1].waitingSinceTime, "") >= day(1))
        // The next run writes the list anew.
        try await market.enroll("ruth", .trustee, capacity: 5)
        try await market.run()
        #expect(try await market.pairs() == ["mira": "jonas", "late": "ruth", "mute": "ruth", "leo": "ruth"])
        #expect(try await market.waiting().isEmpty)
    }

    @Test func whatIsUnknownExcludesNobody() async throws {
        let market = try await Market(
            Programme(displayName: "Sales", kind: .coaching, matchingRules: MatchingRules(minimumOverlapMinutes: 60)))
        #expect(await refusal { try await market.enroll("x", .trustor, languages: ["xx"]) } == "INVALID_FIELD")
        #expect(await refusal { try await market.enroll("x", .trustor, languages: ["german"]) } == "INVALID_FIELD")
        try await market.enroll("mira", .trustor, languages: ["de"], zone: "Mars/Base")
        try await market.enroll("jonas", .trustee)
        #expect(try await market.run().proposalCount == 1)
        let lines = try await market.proposals()[0].contributions
        #expect(lines.filter(\.unknown).map(\.criterion) == [.topics, .goals, .language, .timeZone])
    }

    @Test func whoIsAwayForGoodOrHasAllTheyWantIsLeftOut() async throws {
        let market = try await Market()
        for id in ["mira", "leo", "gone"] { try await market.enroll(id, .trustor) }
        try await market.enroll("jonas", .trustee, capacity: 9)
        _ = try await market.service.deactivatePerson(.init(name: market.person("gone")), market.admin)
        _ = try await market.service.requestRelationship(
            RequestRelationshipRequest(
                parent: market.organization,
                relationship: Relationship(
                    programme: market.programme, trustee: market.person("jonas"), trustor: market.person("leo"))),
            market.by("leo"))
        let run = try await market.run()
        #expect([run.proposalCount, run.leftOutCount, run.waitlistCount, run.placeCount] == [1, 2, 0, 8])
        #expect(try await market.pairs() == ["mira": "jonas"])
        #expect(
            try await market.explain(run, "leo", "jonas").exclusions == [.alreadyPaired, .trustorHasNoRoom])
        #expect(try await market.explain(run, "gone", "jonas").exclusions == [.trustorInactive])
    }

    @Test func tooManyPeopleEndARunWithTheReason() async throws {
        let market = try await Market()
        let programme = try ResourceName(market.programme, "organizations", "programmes")
        let created = market.host.clock.now.timestamp
        try await market.host.runtime.database.write { transaction in
            for number in 0...ProgrammePeople.maximumSide {
                _ = try Tables.enrollments.insert(
                    Enrollment(
                        name: programme.child("enrollments", "e\(number)").text,
                        person: "organizations/acme/people/p\(number)", role: .trustor, capacity: 1, createTime: created
                    ),
                    in: transaction)
            }
        }
        let run = try await market.run()
        #expect(run.state == .failed && run.failureReason == "CAPACITY_FULL" && run.failureMessage.contains("5000"))
        #expect(await refusal { try await market.explain(run, "p1", "p2") } == "WRONG_STATE")
        #expect(try await market.propose().state == .pending, "the next one may begin")
    }

    // MARK: Going on and ending

    @Test func oneRunOfAProgrammeAtATime() async throws {
        let market = try await Market()
        try await market.enroll("mira", .trustor)
        let run = try await market.propose()
        #expect(await refusal { try await market.propose() } == "WRONG_STATE")
        try await market.matching.runAll()
        #expect(try await market.get(run).state == .succeeded)
        #expect(try await market.run().state == .succeeded)
    }

    /// What a process that was killed in the middle leaves behind: a run that is RUNNING, and some of what it looked at.
    @Test func aRunThatWasInterruptedBeginsAgain() async throws {
        let market = try await Market()
        try await market.enroll("mira", .trustor)
        try await market.enroll("jonas", .trustee)
        var run = try await market.propose()
        run.state = .running
        run.progressPercent = 60
        run.startTime = market.host.clock.now.timestamp
        let interrupted = run
        try await market.host.runtime.database.write { transaction in
            _ = try Tables.matchRuns.update(interrupted, in: transaction)
            try MatchIndex.keep(
                [(person: market.person("mira"), body: [0])], as: .trustor, for: interrupted.name, of: market.programme,
                in: transaction)
        }
        try await market.matching.runAll()
        let finished = try await market.get(run)
        #expect(finished.state == .succeeded && finished.proposalCount == 1)
        #expect(try await market.proposals().count == 1)
        #expect(try await market.explain(run, "mira", "jonas").outcome == .proposed)
    }

    @Test func aCancelledRunProposesNothingAndTakesBackWhatItProposed() async throws {
        let market = try await Market()
        for id in ["mira", "leo"] { try await market.enroll(id, .trustor) }
        try await market.enroll("jonas", .trustee, capacity: 2)
        let cancel = { (run: MatchRun) in
            try await market.service.cancelMatchRun(CancelMatchRunRequest(name: run.name), market.admin)
        }
        let early = try await market.propose()
        #expect(try await cancel(early).state == .cancelled)
        try await market.matching.runAll()
        #expect(try await market.proposals().isEmpty)
        #expect(try await market.get(early).state == .cancelled)
        #expect(await refusal { try await cancel(early) } == "WRONG_STATE")
        let run = try await market.run()
        let accepted = try await market.accept(market.proposals(by: market.by("mira"))[0], by: market.by("mira"))
        #expect(try await cancel(run).state == .cancelled)
        #expect(try await Set(market.proposals().map(\.state)) == [.accepted, .withdrawn])
        #expect(!accepted.relationship.isEmpty, "what was accepted stays")
        #expect(try await market.run().proposalCount == 1, "leo may be proposed to jonas again")
    }

    @Test func anAskedForRunIsTheSameRun() async throws {
        let market = try await Market()
        try await market.enroll("mira", .trustor)
        let request = ProposeMatchesRequest(
            parent: market.programme, requestId: "0193aaaa-0000-4000-8000-000000000001")
        let first = try await market.service.proposeMatches(request, market.admin)
        try await market.matching.runAll()
        let again = try await market.service.proposeMatches(request, market.admin)
        #expect(again.name == first.name && again.state == .succeeded)
    }

    @Test func theSamePeopleAndSeedGiveTheSamePairs() async throws {
        var seen: [[String: String]] = []
        for order in [[0, 1, 2, 3, 4], [4, 2, 0, 1, 3]] {
            let market = try await Market()
            for number in order { try await market.enroll("k\(number)", .trustee) }
            for number in order.reversed() { try await market.enroll("c\(number)", .trustor) }
            try await market.run(seed: 11)
            seen.append(try await market.pairs())
        }
        #expect(seen[0] == seen[1] && seen[0].count == 5)
    }
}
