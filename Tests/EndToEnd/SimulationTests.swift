import Schema
import Simulation
import Testing
import TrustModel

@testable import rapport

extension EndToEnd {
    @Suite("A synthetic organisation goes through the gateway")
    struct SimulationTests {
        @Test(
            "What the services raise is what the model raises on the same acts, alarm by alarm; a second run has nothing to do"
        )
        func alarms() async throws {
            let suite = try await Shared.suite.running()
            let pair = try suite.client()
            let parameters = try #require(Parameters.presets.first { $0.name == "tiny" }).parameters
            let folder = SimulationFolder(path: "\(suite.home.path)/simulation")
            let dayZero = CalendarDay(containing: .now) + (-7 * parameters.weeks - 14)
            let description = try folder.prepare(parameters, organization: "organizations/tiny", dayZero: dayZero)
            let organization = try SimulatedOrganization(description)
            let mint = try await TokenMint(home: suite.home)
            func load() async throws {
                try await OrganizationLoader(
                    organization: organization, folder: folder, channel: pair.channel, mint: mint, concurrency: 4,
                    report: { _ in }
                ).load()
            }
            try await load()
            let loaded = folder.loaded()
            #expect(loaded.count == parameters.pairs)
            try await load()
            #expect(folder.loaded() == loaded)

            let expected = try (0..<parameters.pairs).map { number in
                let made = organization.organization
                let ledger = try Ledger(
                    Diary(of: made.pair(number)),
                    from: TrustModel.Instant(microseconds: 1_704_067_200_000_000))
                return ledger.alarms(acknowledging: false)
            }
            #expect(expected.contains { !$0.isEmpty }, "something is planted and found")
            let reader = AlarmReader(organization: organization, channel: pair.channel, mint: mint, concurrency: 4)
            for (number, alarms) in expected.enumerated() {
                try await self.eventually("\(alarms) of pair \(number)") {
                    let read = try await reader.alarms(of: loaded.filter { $0.key == number }, report: { _ in })[0]
                        .alarms
                    let raised = read.filter { $0.source != .contactGap && $0.source != .rule }
                        .filter { $0.week < Double(parameters.weeks) }
                    return raised.count == alarms.count
                        && zip(raised.sorted { $0.week < $1.week }, alarms).allSatisfy {
                            $0.source == $1.source && abs($0.week - $1.week) < 0.05
                        }
                }
            }
        }

        @Test("Labels that were changed after the fact are refused")
        func sealed() async throws {
            let home = try await Shared.suite.running().home
            let folder = SimulationFolder(path: "\(home.path)/sealed")
            let parameters = try #require(Parameters.presets.first { $0.name == "tiny" }).parameters
            var description = try folder.prepare(
                parameters, organization: "organizations/sealed", dayZero: CalendarDay(number: 20_000))
            #expect(!(try folder.labels(description)).isEmpty)
            description.labelsHash = String(description.labelsHash.reversed())
            #expect(throws: Failure.self) { try folder.labels(description) }
            var other = parameters
            other.seed = 2
            #expect(throws: Failure.self) {
                try folder.prepare(other, organization: "organizations/sealed", dayZero: CalendarDay(number: 20_000))
            }
        }

        private func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
            let end = ContinuousClock.now + RunningSuite.patience
            while ContinuousClock.now < end {
                if try await holds() { return }
                try await Task.sleep(for: .milliseconds(100))
            }
            Issue.record("waited in vain for \(what)")
        }
    }
}
