import Protobuf
import RPC
import Schema
import ServiceKit
import Standard
import Storage
import Testing

@testable import Feedback

/// Everything that one could put together to find out who said what.
@Suite("Nobody links a rater with a response")
struct RoundAnonymityTests {
    /// All that anybody but the rater can read of a round, in the bytes that go over the wire.
    private func visible(_ round: Round, at table: RoundTable) async throws -> [[UInt8]] {
        var answers: [[UInt8]] = []
        for caller in [table.subject, table.admin, table.coach, table.by(5)] {
            answers.append(try await table.service.getRound(.init(name: round.name), caller).serialized())
        }
        for caller in [table.subject, table.admin, table.coach] {
            answers.append(try await table.result(round, by: caller).serialized())
        }
        for order in ["", "update_time desc"] {
            answers.append(
                try await table.service.listRounds(
                    .init(parent: RoundTable.person("sam"), pageSize: 1, orderBy: order), table.subject
                ).serialized())
        }
        answers.append(
            try await table.service.listRoundsToAnswer(.init(parent: RoundTable.rater(5)), table.by(5)).serialized())
        return answers + (try await table.host.events().map { $0.serialized() })
    }

    @Test("while it is open, one response more or less, changed or taken back, changes nothing that others can read")
    func counts() async throws {
        let table = try await RoundTable()
        _ = try await table.open(about: "pat")
        let round = try await table.share(try await table.open())
        let before = try await visible(round, at: table)
        for rater in 0..<6 {
            try await table.respond(round, by: rater, keep: "a", stop: "b")
            #expect(try await visible(round, at: table) == before, "after \(rater + 1) responses")
        }
        try await table.respond(round, by: 3, 1)
        _ = try await table.service.declineRound(.init(name: round.name), table.by(2))
        #expect(try await visible(round, at: table) == before)
    }

    @Test("after the close nothing changes any more, whoever tries")
    func afterClose() async throws {
        let table = try await RoundTable()
        let round = try await table.share(try await table.open())
        for rater in 0..<5 { try await table.respond(round, by: rater) }
        _ = try await table.close(round)
        let before = try await visible(round, at: table)
        #expect(await refusal { try await table.respond(round, by: 5) } == "FAILED_PRECONDITION WRONG_STATE")
        #expect(
            await refusal { try await table.service.declineRound(.init(name: round.name), table.by(0)) }
                == "FAILED_PRECONDITION WRONG_STATE")
        #expect(
            await refusal {
                try await table.service.nominateRater(
                    .init(name: round.name, rater: RoundTable.rater(9)), table.subject)
            } == "FAILED_PRECONDITION WRONG_STATE")
        #expect(try await visible(round, at: table) == before)
    }

    @Test("names of texts: stable for a viewer; no two questions, viewers or rounds share one")
    func identifiers() async throws {
        let table = try await RoundTable()
        var all: [String] = []
        for _ in 0..<2 {
            let round = try await table.share(try await table.open(raters: 0..<12))
            for rater in 0..<12 { try await table.respond(round, by: rater, keep: "same", stop: "same") }
            _ = try await table.close(round)
            for caller in [table.subject, table.coach] {
                for question in [Int32(2), 3] {
                    let texts = try await table.texts(round, question: question, by: caller)
                    #expect(texts.count == 12)
                    #expect(try await table.texts(round, question: question, by: caller) == texts)
                    all += texts.map(\.id)
                }
            }
            try await table.host.advance(days: 28)
        }
        #expect(Set(all).count == all.count && all.count == 96)
        #expect(all.allSatisfy { $0.count == 32 })
        // After a restart a viewer still reads the same ones.
        let round = try #require(
            try await table.service.listRounds(.init(parent: RoundTable.person("sam")), table.subject).rounds.first)
        let before = try await table.texts(round, question: 2)
        #expect(try await table.restarted().texts(round, question: 2) == before)
    }

    @Test(
        "order: of two texts, which comes first says nothing for another question, another viewer, or of who was first")
    func order() async throws {
        let table = try await RoundTable()
        let raters = 12
        // Pairs of raters that stand in the same order in both lists.
        var agreements: [String: Int] = [:]
        let rounds = 20
        for _ in 0..<rounds {
            let round = try await table.share(try await table.open(raters: 0..<raters))
            for rater in 0..<raters {
                try await table.respond(round, by: rater, keep: "keep \(rater)", stop: "stop \(rater)")
            }
            _ = try await table.close(round)
            func places(_ question: Int32, _ caller: ServerContext) async throws -> [Int] {
                let order = try await table.texts(round, question: question, by: caller)
                    .map { Int($0.text.split(separator: " ")[1]) ?? -1 }
                return (0..<raters).map { order.firstIndex(of: $0) ?? -1 }
            }
            let own = try await places(2, table.subject)
            let comparisons = [
                ("question", try await places(3, table.subject)), ("viewer", try await places(2, table.coach)),
                ("arrival", Array(0..<raters)),
            ]
            for (name, other) in comparisons {
                for first in 0..<raters {
                    for second in 0..<first where (own[first] < own[second]) == (other[first] < other[second]) {
                        agreements[name, default: 0] += 1
                    }
                }
            }
            try await table.host.advance(days: 28)
        }
        // Kendall's τ of two random orders has a standard deviation of 0.21 for 12, of 0.048 for the mean of 20.
        let pairs = Double(rounds * raters * (raters - 1) / 2)
        for (name, count) in agreements {
            let tau = 2 * Double(count) / pairs - 1
            #expect(abs(tau) < 0.25, "\(name): τ = \(tau)")
        }
        #expect(agreements.count == 3)
    }

    @Test("times: no message of a response or a result has one")
    func times() throws {
        var seen: Set<String> = []
        func walk(_ name: String) {
            guard seen.insert(name).inserted, let message = DescriptorPool.schema.messages[name] else { return }
            for field in message.fields {
                #expect(field.typeName != "google.protobuf.Timestamp", "\(name).\(field.name)")
                walk(field.typeName)
            }
        }
        walk(RoundResult.fullName)
        walk(RoundResponse.fullName)
        #expect(seen.count >= 8)
        for message in [SubmitRoundResponseRequest.fullName, DeclineRoundRequest.fullName] {
            let fields = DescriptorPool.schema.messages[message]?.fields.map(\.name) ?? []
            #expect(!fields.isEmpty && fields.allSatisfy { !["request_id", "occurred_at"].contains($0) })
        }
    }

    @Test("the files of an open round: no word, no rating in clear, no order of arrival, no note of a request")
    func openFiles() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        let name = Array(RoundTable.rater(3).utf8)
        func count() throws -> Int { try table.host.storedBytes().ranges(of: name).count }
        let (before, requests) = (try count(), try await table.rows("storage_request"))
        for rater in [3, 1, 2] { try await table.respond(round, by: rater, keep: "Sam sings at meetings") }
        let bytes = try table.host.storedBytes()
        #expect(!bytes.contains(Array("Sam sings".utf8)))
        #expect(try count() == before, "the name of a rater who has responded")
        #expect(try await table.rows("storage_request") == requests)
        #expect(try await table.rows("storage_outbox") == 0)
        let slots = try await table.host.runtime.database.read { snapshot in
            try snapshot.query("SELECT slot FROM round_response").map { try $0.blob(0) }
        }
        #expect(Set(slots).count == 3)
        await #expect(throws: StorageError.self, "no number of the row that ascends") {
            try await table.host.runtime.database.read { try $0.query("SELECT rowid FROM round_response").count }
        }
    }

    @Test("after the close nothing is left of responses, and of the result only what may be told")
    func closedFiles() async throws {
        let table = try await RoundTable()
        let round = try await table.open(raters: 0..<12)
        // Ten answer the first text, nine the second.
        for rater in 0..<12 {
            try await table.respond(
                round, by: rater, Int32(rater % 5 + 1), keep: rater < 10 ? "keep \(rater)" : nil,
                stop: rater < 9 ? "Never sing" : nil)
        }
        _ = try await table.close(round)
        #expect(try await table.rows("round_response") == 0)
        #expect(try await table.rows("round_rater") == 0)
        let bytes = try table.host.storedBytes()
        let (told, untold) = (bytes.contains(Array("keep 7".utf8)), bytes.contains(Array("Never sing".utf8)))
        #expect(!told, "what may be told lies encrypted")
        #expect(!untold, "nine texts are not told, and not kept")
        let kept = try await table.host.runtime.database.read { [secret = table.host.runtime.secret] snapshot in
            try RoundStore(round: round.name, secret: secret).result(in: snapshot)
        }
        let release = try #require(kept?.release)
        #expect(release.questions.map(\.outcome)[2] == .suppressed(.init(reason: .tooFewTexts)))
        guard case .ratings(let ratings)? = release.questions.first?.outcome else { return }
        #expect(ratings.spread == .distributionSuppressed(.init(reason: .smallGroup)))
    }

    @Test("who has the files alone cannot try raters one by one: the hash needs the secret beside them")
    func secret() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        try await table.respond(round, by: 1, keep: "words")
        let right = RoundStore(round: round.name, secret: table.host.runtime.secret)
        let wrong = RoundStore(round: round.name, secret: try ServiceSecret(Array(repeating: 9, count: 32)))
        let database = table.host.runtime.database
        let rater = RoundTable.rater(1)
        #expect(try await database.read { try right.response(of: rater, in: $0) }?.answers.count == 2)
        #expect(try await database.read { try wrong.response(of: rater, in: $0) } == nil)
        #expect(try await database.read { try right.response(of: RoundTable.rater(2), in: $0) } == nil)
        // A service that has lost it must not let a second answer of the same rater in beside the first.
        let response = RoundResponse(answers: [.init(question: 1, value: .rating(1))])
        #expect(
            await refusal { try await database.write { try wrong.put(response, of: rater, in: $0) } }
                == "FAILED_PRECONDITION WRONG_STATE")
        // And closes the round without what it cannot read.
        #expect(try await database.write { try wrong.take(in: $0) }.isEmpty)
        #expect(try await table.rows("round_response") == 0)
    }
}

extension [UInt8] {
    fileprivate func contains(_ other: [UInt8]) -> Bool { firstRange(of: other) != nil }
}
