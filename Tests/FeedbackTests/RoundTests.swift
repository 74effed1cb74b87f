import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("A round")
struct RoundTests {
    static let now = Pair.monday
    static let name = "organizations/acme/people/sam/rounds/01931f5e-0000-7000-8000-000000000001"

    static func person(_ number: Int) -> String { "organizations/acme/people/rater-\(number)" }

    static func words(_ change: (inout Round) -> Void = { _ in }) -> Round {
        var words = Round(
            kind: .threeSixty, programme: "organizations/acme/programmes/lead",
            questions: [
                .init(form: .rating, text: "Keeps promises"),
                .init(form: .openText, text: "What should they go on doing?"),
            ])
        change(&words)
        return words
    }

    static func open(least: Int32 = 5, _ change: (inout Round) -> Void = { _ in }) throws -> Round {
        try Round.open(words(change), named: name, least: least, at: now)
    }

    @Test("opens with what the caller may say, and with defaults for the rest")
    func defaults() throws {
        let round = try Self.open { $0.raters = [Self.person(1)] }
        #expect(round.state == .open)
        #expect(try round.subject == "organizations/acme/people/sam")
        #expect(round.minRaters == 5)
        #expect(round.closeTime == Self.now.adding(days: 14).timestamp)
        #expect(round.raters == [Self.person(1)])
        let hostile = try Self.open {
            $0.name = "another"
            $0.state = .closed
            $0.sharedWith = ["organizations/acme/relationships/r"]
        }
        #expect(hostile.name == Self.name && hostile.state == .open && hostile.sharedWith.isEmpty)
    }

    @Test(
        "min_raters can be raised, never lowered, neither below 5 nor below what the programme asks for",
        arguments: [(0, 5, 5), (5, 5, 5), (8, 5, 8), (0, 7, 7), (7, 7, 7), (50, 5, 50), (0, 0, 5)]
            as [(Int32, Int32, Int32)])
    func minimum(asked: Int32, least: Int32, is expected: Int32) throws {
        #expect(try Self.open(least: least) { $0.minRaters = asked }.minRaters == expected)
    }

    @Test(
        "min_raters out of its range is refused",
        arguments: [(4, 5), (1, 5), (-1, 5), (6, 7), (51, 5), (4, 0)] as [(Int32, Int32)])
    func minimumOut(asked: Int32, least: Int32) async {
        #expect(
            await refusal { try Self.open(least: least) { $0.minRaters = asked } } == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test("a programme whose groups are larger than a round can be is refused, not crashed into")
    func hugeProgramme() async {
        #expect(await refusal { try Self.open(least: 51) } == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(
            await refusal { try Self.open(least: 1000) { $0.minRaters = 1000 } } == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test(
        "what breaks a limit is refused",
        arguments: [
            { $0.kind = .unspecified },
            { $0.kind = .unrecognized(9) },
            { $0.questions = [] },
            { $0.questions = Array(repeating: .init(form: .rating, text: "x"), count: 21) },
            { $0.questions = Array(repeating: .init(form: .openText, text: "x"), count: 6) },
            { $0.questions = [.init(form: .unspecified, text: "x")] },
            { $0.questions = [.init(form: .rating, text: "")] },
            { $0.questions = [.init(form: .rating, text: "  ")] },
            { $0.questions = [.init(form: .rating, text: String(repeating: "x", count: 501))] },
            { $0.closeTime = Pair.monday.timestamp },
            { $0.closeTime = Pair.monday.adding(microseconds: 90 * Instant.microsecondsPerDay + 1).timestamp },
            { $0.raters = ["organizations/acme/people/sam"] },
            { $0.raters = ["organizations/globex/people/rater-1"] },
        ] as [@Sendable (inout Round) -> Void])
    func limits(change: @Sendable (inout Round) -> Void) async {
        #expect(await refusal { try Self.open(change) } == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test("what just keeps to them is taken")
    func withinLimits() throws {
        _ = try Self.open {
            $0.questions =
                Array(repeating: .init(form: .rating, text: String(repeating: "x", count: 500)), count: 15)
                + Array(repeating: .init(form: .openText, text: "x"), count: 5)
            $0.closeTime = Self.now.adding(days: 90).timestamp
            $0.raters = (0..<50).map(Self.person)
        }
    }

    @Test("asks each person once, at most fifty, and no longer than it is open")
    func nominations() async throws {
        var round = try Self.open { $0.raters = (0..<49).map(Self.person) }
        try round.nominate(Self.person(3), at: Self.now)
        #expect(round.raters.count == 49)
        try round.nominate(Self.person(49), at: Self.now)
        #expect(
            await refusal { try round.nominate(Self.person(50), at: Self.now) } == "RESOURCE_EXHAUSTED CAPACITY_FULL")
        #expect(await refusal { try round.nominate("bob", at: Self.now) } == "INVALID_ARGUMENT BAD_NAME")
        let late = Self.now.adding(days: 14)
        try round.nominate(Self.person(7), at: late)
        #expect(
            await refusal { try round.nominate(Self.person(7), at: late.adding(microseconds: 1)) }
                == "FAILED_PRECONDITION WRONG_STATE")
        try round.close(at: Self.now)
        #expect(await refusal { try round.nominate(Self.person(7), at: Self.now) } == "FAILED_PRECONDITION WRONG_STATE")
        #expect(await refusal { try round.close(at: Self.now) } == "FAILED_PRECONDITION WRONG_STATE")
        #expect(round.endTime == Self.now.timestamp)
    }

    @Test("is shared with at most ten coaches, each once, and recalled from each")
    func sharing() async throws {
        var round = try Self.open()
        for pair in 0..<10 { try round.share(with: "r\(pair)", at: Self.now) }
        try round.share(with: "r3", at: Self.now)
        #expect(round.sharedWith.count == 10)
        #expect(await refusal { try round.share(with: "r10", at: Self.now) } == "RESOURCE_EXHAUSTED CAPACITY_FULL")
        round.recall(from: "r3", at: Self.now)
        round.recall(from: "unknown", at: Self.now)
        #expect(round.sharedWith.count == 9 && !round.sharedWith.contains("r3"))
    }
}

@Suite("A response to a round")
struct RoundResponseTests {
    static let questions: [Round.Question] = [
        .init(form: .rating, text: "a"), .init(form: .openText, text: "b"), .init(form: .rating, text: "c"),
    ]

    @Test("answers some questions, each once, in their form")
    func valid() throws {
        try RoundResponse(answers: [.init(question: 3, value: .rating(5)), .init(question: 2, value: .text("Asks"))])
            .check(against: Self.questions)
        try RoundResponse(answers: [.init(question: 1, value: .rating(1))]).check(against: Self.questions)
        try RoundResponse(answers: [.init(question: 2, value: .text(String(repeating: "x", count: 1000)))])
            .check(against: Self.questions)
    }

    @Test(
        "is refused otherwise",
        arguments: [
            [],
            [.init(question: 0, value: .rating(3))],
            [.init(question: 4, value: .rating(3))],
            [.init(question: -1, value: .rating(3))],
            [.init(question: 1, value: .rating(0))],
            [.init(question: 1, value: .rating(6))],
            [.init(question: 1)],
            [.init(question: 1, value: .text("good"))],
            [.init(question: 2, value: .rating(3))],
            [.init(question: 2, value: .text(""))],
            [.init(question: 2, value: .text(" \n"))],
            [.init(question: 2, value: .text(String(repeating: "x", count: 1001)))],
            // One character of 5001 bytes.
            [.init(question: 2, value: .text("e" + String(repeating: "\u{301}", count: 2500)))],
            [.init(question: 1, value: .rating(3)), .init(question: 1, value: .rating(4))],
            Array(repeating: .init(question: 1, value: .rating(3)), count: 4),
        ] as [[RoundAnswer]])
    func invalid(answers: [RoundAnswer]) async {
        #expect(
            await refusal { try RoundResponse(answers: answers).check(against: Self.questions) }
                == "INVALID_ARGUMENT INVALID_FIELD")
    }
}
