import Testing

@testable import TrustModel

@Suite struct StateHashTests {
    private func bytes(_ history: RandomLog, at days: Double = 200) throws -> [UInt8] {
        try Replay.stateHashInput(of: history.log, start: history.start, policy: history.policy, asOf: day(days))
    }

    @Test func arrivalChangesNothingEvidenceChangesAll() throws {
        var random = seeded()
        for _ in 0..<500 {
            let history = try RandomLog(&random, count: 40)
            var other = history
            other.evidence.shuffle(using: &random)
            other.evidence.append(other.evidence[0])
            #expect(try bytes(other) == bytes(history))
            var factory = EventFactory()
            other.evidence.append(try factory.make(.commitmentKept, on: 100))
            #expect(try bytes(other) != bytes(history))
            // What does not count yet is not named.
            other = history
            other.evidence.append(try factory.make(.commitmentKept, on: 201))
            #expect(try bytes(other) == bytes(history))
        }
    }

    @Test func layout() throws {
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 1)
        let log = EvidenceLog(evidence: [missed], repairs: [Repair(evidence: missed.id, acceptedAt: day(2))])
        let bytes = try Replay.stateHashInput(of: log, start: origin, policy: .standard, asOf: day(3))
        var expected: [UInt8] = [1, 0, 0, 0, 10] + Array("standard-1".utf8) + [0, 0, 0, 1] + missed.id.bytes
        func word(_ value: UInt64) -> [UInt8] { stride(from: 56, through: 0, by: -8).map { UInt8(value >> $0 & 255) } }
        expected += word(UInt64(missed.occurredAt.microseconds))
        for input in [0.0, 1, 1] { expected += word(input.bitPattern) }
        for factor: UInt64 in [1_000_000_000_000, 350_000_000_000, 1_000_000_000_000] { expected += word(factor) }
        #expect(bytes == expected)
    }

    @Test func aRepairShows() throws {
        var random = seeded()
        var history = try RandomLog(&random, count: 10, links: false)
        var factory = EventFactory()
        let missed = try factory.make(.commitmentMissed, on: 100)
        history.evidence.append(missed)
        let before = try bytes(history)
        history.repairs.append(Repair(evidence: missed.id, acceptedAt: day(150)))
        #expect(try bytes(history) != before)
        #expect(try bytes(history, at: 149) != bytes(history, at: 150))
    }
}
