import RPC
import Schema
import ServiceKit
import Standard
import Storage
import Synchronization
import Testing
import TrustModel

@testable import TrustScoring

/// Memory says what the log says: after changes, restarts, evictions and rebuilds.
@Suite struct RelationshipScoresTests {
    private func kept(_ pair: Pair, _ number: Double, _ id: String = "") -> Event {
        pair.facts.commitment("commitment.kept.v1", "c\(id)\(number)", at: day(number), claim: day(number))
    }

    @Test func aRestartedServiceAnswersTheSame() async throws {
        let pair = try await Pair(now: 87)
        _ = try await pair.profile()
        let events = CaseStudyEvents(pair.facts)
        try await pair.tell(events.relationships + events.feedback + events.goals)
        let running = try await pair.profile()
        let instant = try Instant(#require(running.asOf))
        let restarted = try await pair.restarted().profile(at: instant)
        #expect(near(running.score, restarted.score, 1e-9))
        #expect(try await pair.stateHash() == pair.restarted().stateHash())
        #expect(running.evidenceCount == restarted.evidenceCount)
    }

    /// A profile that has been asked for once is told of what comes after.
    @Test func eachChangeShowsInTheNextProfile() async throws {
        let pair = try await Pair(now: 60)
        var last = try await pair.profile()
        var lastHash = try await pair.stateHash()
        for number in 1...40 {
            try await pair.tell(kept(pair, Double(number)))
            let next = try await pair.profile()
            #expect(next.evidenceCount == Int64(number))
            let hash = try await pair.stateHash()
            #expect(hash != lastHash)
            lastHash = hash
            #expect(next.score > last.score)
            last = next
        }
        #expect(try await pair.verification().equal)
    }

    /// Past the settled days only the log can tell what a late fact does.
    @Test func aFactAboutTheSettledPastRebuildsTheState() async throws {
        let pair = try await Pair(now: 60)
        for number in 1...50 { try await pair.tell(kept(pair, Double(number))) }
        _ = try await pair.profile()
        for number in 51...55 { try await pair.tell(kept(pair, Double(number))) }
        try await pair.tell(pair.facts.commitment("commitment.missed.v1", "early", at: day(3)))
        try await pair.tell(
            pair.facts.breach(
                "breach.repaired.v1", .commitment, "b", subject: pair.facts.name("commitments", "early"), at: day(4),
                by: .trustor))
        #expect(try await pair.profile().evidenceCount == 56)
        let verification = try await pair.verification()
        #expect(verification.equal)
        #expect(verification.stateHash == (try await pair.stateHash()))
    }

    @Test func randomHistoriesEqualTheirReplay() async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("randomHistoriesEqualTheirReplay: seed \(seed)")
        var random = SplitMix(state: seed)
        let pair = try await Pair(now: 200)
        for step in 0..<150 {
            let at = day(Double(Int.random(in: 0..<1900, using: &random)) / 10)
            let id = "\(Int.random(in: 0..<60, using: &random))"
            let event: Event
            switch Int.random(in: 0..<9, using: &random) {
            case 0: event = pair.facts.commitment("commitment.kept.v1", id, at: at, claim: at)
            case 1: event = pair.facts.commitment("commitment.missed.v1", id, at: at)
            case 2: event = pair.facts.commitment("commitment.abandoned.v1", id, at: at)
            case 3: event = pair.facts.commitment("commitment.disputed.v1", id, at: at)
            case 4:
                event = pair.facts.breach(
                    "breach.repaired.v1", .commitment, "b\(id)", subject: pair.facts.name("commitments", id), at: at,
                    by: .trustor)
            case 5: event = pair.facts.session("session.self_attested.v1", id, start: at, trustee: .held)
            case 6: event = pair.facts.held(id, start: at)
            case 7: event = pair.facts.pulse(.honest, Int32.random(in: 1...5, using: &random), at: at)
            default: event = pair.facts.breach("breach.confirmed.v1", .confidentiality, "k\(step)", subject: "", at: at)
            }
            try await pair.tell(event)
            if step % 5 == 0 { _ = try await pair.profile() }
            if step % 25 == 0 { #expect(try await pair.verification().equal, "seed \(seed)") }
        }
        let running = try await pair.profile()
        let restarted = try await pair.restarted().profile()
        #expect(near(running.score, restarted.score, 1e-9), "seed \(seed)")
        #expect(try await pair.stateHash() == pair.restarted().stateHash(), "seed \(seed)")
    }

    @Test func memoryIsBounded() async throws {
        let pair = try await Pair(now: 60, remembering: 16)
        for _ in 0..<40 {
            var other = try await pair.host.relationship(trustor: coachee, trustee: coach)
            other.startTime = day(-1).timestamp
            other.etag = "\"2\""
            try await pair.host.put(other)
            _ = try await pair.service.getTrustProfile(
                GetTrustProfileRequest(name: other.name + "/trustProfile"), pair.context())
            #expect(pair.service.scores.count <= 16)
        }
        try await pair.tell(kept(pair, 3))
        #expect(try await pair.profile().evidenceCount == 1)
    }

    @Test func aTransactionThatFailedLeavesNothing() async throws {
        struct Failure: Error {}
        let pair = try await Pair(now: 60)
        _ = try await pair.profile()
        let event = kept(pair, 3)
        await #expect(throws: Failure.self) {
            try await pair.host.runtime.database.write { transaction in
                try pair.service.apply(event, from: "relationships", in: transaction)
                throw Failure()
            }
        }
        #expect(try await pair.profile().evidenceCount == 0)
        try await pair.tell(event)
        #expect(try await pair.profile().evidenceCount == 1)
        #expect(try await pair.verification().equal)
    }

    /// A source that was restored from a backup tells everything anew; what it no longer knows is gone.
    @Test func aSourceThatBeginsAnew() async throws {
        let pair = try await Pair(now: 60)
        let early = kept(pair, 3)
        try await pair.tell([early, kept(pair, 4)])
        try await pair.tell(pair.facts.pulse(.honest, 4, at: day(5)), from: "feedback")
        #expect(try await pair.profile().evidenceCount == 3)
        try await pair.host.runtime.database.write { try pair.service.forget("relationships", in: $0) }
        #expect(try await pair.profile().evidenceCount == 1)
        try await pair.tell(early)
        #expect(try await pair.profile().evidenceCount == 2)
        #expect(try await pair.verification().equal)
    }

    @Test func factsAheadCountWhenTheyHappen() async throws {
        let pair = try await Pair(now: 10)
        try await pair.tell([kept(pair, 3), kept(pair, 10.002)])
        #expect(try await pair.profile().evidenceCount == 1)
        pair.set(now: 11)
        #expect(try await pair.profile().evidenceCount == 2)
    }

    @Test func anImportIsSeenFromTheWallClock() async throws {
        let pair = try await Pair(now: 60)
        var importing = pair.relationship
        importing.importing = true
        importing.etag = "\"3\""
        try await pair.host.put(importing)
        try await pair.tell(kept(pair, 3))
        let profile = try await pair.profile()
        #expect(profile.evidenceCount == 1)
        #expect(try Instant(#require(profile.asOf)) >= day(60))
    }

    // MARK: Watching

    /// What a stream has brought so far; tests wait for it.
    private final class Received: Sendable {
        private let (stream, continuation) = AsyncStream.makeStream(of: WatchTrustProfileResponse.self)
        var writer: ResponseWriter<WatchTrustProfileResponse> {
            ResponseWriter { [continuation] in continuation.yield($0) }
        }
        var responses: AsyncStream<WatchTrustProfileResponse> { stream }
    }

    @Test func aWatchBringsTheProfileAndEachChange() async throws {
        let pair = try await Pair(now: 60)
        let received = Received()
        let watch = Task {
            try await pair.service.watchTrustProfile(
                WatchTrustProfileRequest(name: pair.profileName), pair.context(), received.writer)
        }
        var responses = received.responses.makeAsyncIterator()
        let first = try #require(await responses.next())
        #expect(first.profile?.evidenceCount == 0)
        try await pair.tell(kept(pair, 3))
        let second = try #require(await responses.next())
        #expect(second.profile?.evidenceCount == 1)
        // Another pair's change and an event that is no evidence are none here: the next answer is the one after them.
        var other = try await pair.host.relationship(trustor: coachee, trustee: coach)
        other.startTime = day(-1).timestamp
        other.etag = "\"2\""
        try await pair.host.put(other)
        try await pair.tell(Facts(relationship: other.name).held("s", start: day(7)))
        try await pair.tell(pair.facts.session("session.scheduled.v1", "s", start: day(7)))
        try await pair.tell(kept(pair, 4))
        let third = try #require(await responses.next())
        #expect(third.profile?.evidenceCount == 2)
        #expect(Set([first, second, third].map(\.resumeToken)).count == 3)
        // It ends as if it were over when the process drains.
        pair.host.runtime.draining.begin()
        try await watch.value
    }

    @Test func aResumedWatchIsSilentUntilSomethingChanges() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(kept(pair, 3))
        let before = Received()
        let earlier = Task {
            try await pair.service.watchTrustProfile(
                WatchTrustProfileRequest(name: pair.profileName), pair.context(), before.writer)
        }
        var earliest = before.responses.makeAsyncIterator()
        let token = try #require(await earliest.next()?.resumeToken)
        earlier.cancel()
        _ = await earlier.result
        let received = Received()
        let watch = Task {
            try await pair.service.watchTrustProfile(
                WatchTrustProfileRequest(name: pair.profileName, resumeToken: token), pair.context(), received.writer)
        }
        var responses = received.responses.makeAsyncIterator()
        try await pair.tell(kept(pair, 4))
        #expect(await responses.next()?.profile?.evidenceCount == 2)
        watch.cancel()
        _ = await watch.result
        // What changed in between comes at once.
        let again = Received()
        let second = Task {
            try await pair.service.watchTrustProfile(
                WatchTrustProfileRequest(name: pair.profileName, resumeToken: token), pair.context(), again.writer)
        }
        var rest = again.responses.makeAsyncIterator()
        #expect(await rest.next()?.profile?.evidenceCount == 2)
        second.cancel()
        _ = await second.result
    }

    /// The token says which log it was, so it means the same to a service that was started again, and nothing to another
    /// database.
    @Test func aTokenOutlivesTheProcess() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(kept(pair, 3))
        let received = Received()
        func watch(_ pair: Pair, _ token: String) -> Task<Void, any Error> {
            Task {
                try await pair.service.watchTrustProfile(
                    WatchTrustProfileRequest(name: pair.profileName, resumeToken: token), pair.context(),
                    received.writer)
            }
        }
        var responses = received.responses.makeAsyncIterator()
        let first = watch(pair, "")
        let token = try #require(await responses.next()?.resumeToken)
        first.cancel()
        let restarted = pair.restarted()
        let second = watch(restarted, token)
        // Silent until something changes.
        while try await restarted.profile().evidenceCount == 1 { try await restarted.tell(kept(pair, 4)) }
        #expect(await responses.next()?.profile?.evidenceCount == 2)
        second.cancel()
        let third = watch(restarted, "of another database-1")
        #expect(await responses.next()?.profile?.evidenceCount == 2)
        third.cancel()
    }

    /// A question that needs the log and the state of one moment waits for the commit, not for a clock.
    @Test func verificationWaitsForACommitThatIsUnderWay() async throws {
        let pair = try await Pair(now: 60)
        _ = try await pair.profile()
        let event = kept(pair, 3)
        try await pair.host.runtime.database.write { try pair.service.apply(event, from: "relationships", in: $0) }
        async let verification = pair.verification()
        try await Task.sleep(for: .milliseconds(50))
        pair.service.applied([event])
        let answer = try await verification
        #expect(answer.equal && answer.evidenceCount == 1)
    }

    @Test func watchersAreCounted() async throws {
        let pair = try await Pair(now: 60)
        let name = try ResourceName(pair.relationship.name, "organizations", "relationships")
        var streams = try (0..<RelationshipScores.watchersPerRelationship).map { _ in
            try pair.service.scores.changes(of: name)
        }
        #expect(await reason { try pair.service.scores.changes(of: name) } == "TOO_MANY_WATCHERS")
        streams.removeLast()
        #expect(await reason { try pair.service.scores.changes(of: name) } == nil)
    }
}

/// A small generator that a seed can repeat (Steele, Lea & Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
