import Glibc
import Schema
import Testing

@testable import rapport

extension EndToEnd {
    @Suite("Crashes and restarts lose nothing")
    struct CrashTests {
        /// One kill -9 of each process while the demo is loading. `Tests/EndToEnd/kill-test` does it fifty times.
        @Test("Each process is killed during the load: it comes back, the load goes on and ends in the same figures")
        func killedWhileLoading() async throws {
            let suite = try RunningSuite()
            let facts = Story.caseStudy.days.reduce(0) { $0 + $1.facts.count }
            for (index, program) in ServiceProgram.allCases.enumerated() {
                let instant = facts * (index + 1) / (ServiceProgram.allCases.count + 1)
                try await suite.until("fact \(instant) is loaded") { try suite.facts >= instant }
                let pid = try #require(suite.pid(of: program))
                kill(pid, SIGKILL)
                try await suite.until("\(program.rawValue) is started again") { suite.pid(of: program) != pid }
            }
            try await suite.untilReady()
            for program in ServiceProgram.allCases {
                #expect(suite.output.contains("\(program.rawValue) was ended by signal 9"))
            }
            try await expectGoldenFigures(suite)

            let before = try suite.file
            try await suite.stop()
            try await suite.startAgain()
            let after = try suite.file
            #expect(!suite.output.contains("pieces of evidence"), "the demo was loaded again")
            #expect(after.relationships == before.relationships && after.progress == before.progress)
            try await expectGoldenFigures(suite)

            await suite.killUp()
            try await suite.startAgain()
            #expect(suite.output.contains("goals (pid") && suite.output.contains("left over"))
            try await expectGoldenFigures(suite)
            try await suite.stop()
        }

        private func expectGoldenFigures(_ suite: RunningSuite) async throws {
            let pair = try suite.client()
            #expect(abs(try await pair.profile(at: 87).score - GoldenWeek.finalScore) <= 1e-6)
            for golden in GoldenWeek.all {
                let profile = try await pair.profile(at: golden.day)
                #expect(profile.score.prints(as: golden.score), "\(golden)")
                #expect(profile.band == golden.band, "\(golden)")
            }
            #expect(try await pair.evidence().count == 61)
        }
    }
}
