import FoundationEssentials
import Simulation
import Testing
import TrustModel

/// docs/domain.md §4.6, 9: the week of each planted case's alarm is pinned, so that no change of a detector goes unseen.
@Suite("The weeks of alarms")
struct AlarmWeekTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "alarm-weeks.csv")

    /// One line for each planted case that a detector should find: pair, kind, where it begins, and its first ALERT after that.
    private func lines() throws -> [String] {
        var parameters = Parameters.targets
        parameters.seed = 20_266
        parameters.pairs = 600
        let organization = Organization(parameters)
        var lines = ["pair,kind,start,alert"]
        for number in 0..<organization.pairCount {
            let pair = organization.pair(number)
            let alarms = try Ledger(Diary(of: pair), from: OrganizationTests.start).alarms(acknowledging: true)
            for planting in pair.plantings {
                guard case .detector = planting.kind.source else { continue }
                let first = alarms.first { $0.source == planting.kind.source && $0.week >= planting.start }
                let alert = first.map { week($0.week) } ?? "none"
                lines.append("\(number),\(planting.kind.rawValue),\(week(planting.start)),\(alert)")
            }
        }
        return lines
    }

    /// To a hundredth.
    private func week(_ week: Double) -> String {
        let hundredths = Int((week * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10)"
    }

    @Test("Each planted case raises its alarm in the week that is written down; ALARM_WEEKS=write writes it anew")
    func pinned() throws {
        let found = try lines()
        #expect(found.count > 80)
        if ProcessInfo.processInfo.environment["ALARM_WEEKS"] == "write" {
            try Data((found.joined(separator: "\n") + "\n").utf8).write(to: Self.file)
        }
        let text = String(decoding: try Data(contentsOf: Self.file), as: UTF8.self)
        let written = text.split(separator: "\n").map(String.init)
        #expect(found.count == written.count)
        for (one, other) in zip(found, written) { #expect(one == other) }
    }
}
