import FoundationEssentials
import Schema
import Testing

@testable import TrustScoring

/// docs/domain.md §1 A1: tips keyed to component and challenge, with a link to the evidence.
@Suite struct TipTests {
    private static let challenges = Schema.Challenge.allCases.filter { $0 != .unspecified }
    private static let practices = Monitor.Kind.allCases.filter { $0 != .unspecified }
    private static let all = challenges.map(\.tip) + practices.map(\.tip)

    private func told(_ events: (Pair) -> [Event], from source: String = "relationships") async throws -> [Alert] {
        let pair = try await Pair(now: 90)
        try await pair.tell(events(pair), from: source)
        return try await pair.service.listAlerts(
            ListAlertsRequest(parent: pair.relationship.name), pair.context(coach)
        ).alerts
    }

    @Test("A1: each alert has one tip id, that of its challenge and of a component; so has each watch")
    func eachAlertHasOneTip() async throws {
        let missed = { (pair: Pair, count: Int) in
            (1...count).map { pair.facts.commitment("commitment.missed.v1", "c\($0)", at: day(Double($0))) }
        }
        let signals = [
            try await told { missed($0, 3) },
            try await told { missed($0, 5) },
            try await told(
                { pair in
                    (1...6).map {
                        pair.facts.feedback("feedback.delivered.v1", .criticismOnly, "f\($0)", at: day(Double($0)))
                    }
                }, from: "feedback"),
            try await told { pair in
                [3.0, 10, 17].map { pair.facts.decision("decision.unexplained.v1", "d\($0)", at: day($0)) }
            },
            try await told { pair in
                [
                    pair.facts.event(
                        "transparency.broken.v1",
                        .transparencyBroken(TransparencyBroken(rule: .changedInSilence, subject: "n1")), at: day(1),
                        by: .trustee)
                ]
            },
        ]
        #expect(signals.map(\.count) == [1, 1, 1, 1, 1])
        #expect(signals.joined().map(\.level) == [.watch, .alert, .alert, .alert, .alert])
        #expect(
            signals.joined().map { $0.tip?.id } == [
                "inconsistent-behaviour.reliability", "inconsistent-behaviour.reliability",
                "overemphasis-on-criticism.empathy", "lack-of-transparency.integrity", "lack-of-transparency.integrity",
            ])
    }

    @Test("A1: each reminder that is due has one tip id, and no other has any") func eachReminderHasOneTip()
        async throws
    {
        let pair = try await Pair(now: 200)
        try await pair.tell([20.0, 27, 34].map { pair.facts.held("s\($0)", start: day($0)) })
        let monitors = try await pair.service.listMonitors(
            ListMonitorsRequest(parent: pair.relationship.name, asOf: day(35).timestamp), pair.context()
        ).monitors
        #expect(monitors.contains { $0.status == .due } && monitors.contains { $0.status == .fine })
        for monitor in monitors {
            #expect(monitor.tip == (monitor.status == .due ? monitor.kind.tip : nil))
        }
    }

    @Test("A1: no two causes share a tip, and each tip names its component")
    func aTipHasOneCause() {
        #expect(Set(Self.all.map(\.id)).count == Self.challenges.count + Self.practices.count)
        let words: [Schema.Component: String] = [
            .reliability: "reliability", .integrity: "integrity", .competence: "competence", .empathy: "empathy",
        ]
        for tip in Self.all {
            #expect(tip.id.hasSuffix("." + (words[tip.component] ?? "none")))
            #expect(!tip.text.isEmpty && tip.text.count <= 300, "\(tip.id)")
        }
        #expect(Set(Self.all.map(\.component)).count == 4)
    }

    /// A paragraph that is not there, or an author whom the sources do not list, is no evidence.
    @Test("A1: what a tip rests on stands in docs/domain.md") func sourcesStandInTheSpecification() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try #require(FileManager.default.contents(atPath: "/\(root)/docs/domain.md"))
        let lines = String(decoding: file, as: UTF8.self).split(separator: "\n")
        let headings = lines.filter { $0.hasPrefix("### ") || $0.hasPrefix("## ") }
        for tip in Self.all {
            let parts = tip.source.split(separator: "; ")
            #expect(parts.first?.hasPrefix("docs/domain.md §") == true, "\(tip.id)")
            let paragraphs = (parts.first ?? "").split { $0 == " " || $0 == "," }.filter { $0.hasPrefix("§") }
            #expect(!paragraphs.isEmpty)
            for paragraph in paragraphs {
                #expect(headings.contains { $0.contains(" \(paragraph.dropFirst()) ") }, "\(tip.id): \(paragraph)")
            }
            for published in parts.dropFirst() {
                let author = published.prefix { $0.isLetter }
                let lists = lines.filter { $0.hasPrefix("Psychology:") || $0.hasPrefix("Statistics:") }
                #expect(lists.contains { $0.contains(author) }, "\(tip.id): \(author)")
            }
        }
    }
}
