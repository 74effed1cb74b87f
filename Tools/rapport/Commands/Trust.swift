import ArgumentParser
import Protobuf
import RPC
import Schema
import Standard

/// Questions about trust, answered in words.
struct Trust: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How far one can rely on the other, why that changed, and what would change it.",
        discussion: """
            A relationship is named by its resource name or, in the demo, by its short name: case-study, strong, new, \
            mentoring. A day is 2026-11-19, an instant 2026-11-19T14:30:00Z, and day:87 counts from the demo's day 0.

            Examples:
              rapport trust profile case-study --as coachee
              rapport trust explain case-study --as coachee --from day:31 --to day:38
              rapport trust what-if case-study commitment.kept pulse.honest=5 --as coachee
            """,
        subcommands: [
            TrustProfileCommand.self, TrustExplainCommand.self, TrustWhatIfCommand.self, TrustAlertsCommand.self,
        ],
        defaultSubcommand: TrustProfileCommand.self)
}

/// What the questions have in common.
struct TrustQuestion: ParsableArguments {
    @Argument(help: "A short name of the demo or a resource name.")
    var relationship: String

    @OptionGroup var gateway: GatewayOptions

    @Flag(help: "Print the answer as JSON, for scripts.")
    var json = false

    /// Calls, and prints what comes: JSON as it is, else the text.
    func ask(_ body: (Asked) async throws -> (json: [any Message], text: [String])) async throws {
        let home = Home.standard
        let file = try DemoFile.load(from: home)
        let channel = try gateway.channel(file)
        let asked = Asked(
            client: TrustServiceClient(channel), options: try await gateway.callOptions(home),
            name: try file.relationship(relationship), title: file.title(of: relationship),
            dayZero: CalendarDay(file.dayZero))
        do {
            let answer = try await body(asked)
            if json {
                let mapping = JSONMapping(.schema, options: .init(isPretty: true))
                for message in answer.json { Console.say(String(decoding: try mapping.json(message), as: UTF8.self)) }
            } else {
                for line in answer.text { Console.say(line) }
            }
            await channel.close(grace: .zero)
        } catch let error as RPCError {
            Console.complain(ErrorText(error).text)
            throw ExitCode.failure
        }
    }
}

/// A question, resolved.
struct Asked: Sendable {
    let client: TrustServiceClient
    let options: CallOptions
    let name: String
    let title: String
    let dayZero: CalendarDay?
}

struct TrustProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile",
        abstract: "The profile at an instant, with the main reasons of the week before.",
        discussion: """
            Examples:
              rapport trust profile case-study --as coachee
              rapport trust profile case-study --as coach --at day:87
              rapport trust profile case-study --as coachee --at day:171 --json
            """)

    @OptionGroup var question: TrustQuestion

    @Option(help: "The instant; up to 400 days ahead. Default: now.")
    var at: Moment?

    func run() async throws {
        try await question.ask { asked in
            let instant = try at?.timestamp(dayZero: asked.dayZero) ?? .now
            let profile = try await asked.client.getProfileAt(
                GetProfileAtRequest(name: "\(asked.name)/trustProfile", asOf: instant), options: asked.options)
            var explanation: Explanation?
            do {
                explanation = try await asked.client.explainChange(
                    ExplainChangeRequest(name: asked.name, from: instant.adding(days: -7), to: instant),
                    options: asked.options)
            } catch let error as RPCError where error.reason == "AS_OF_BEFORE_START" {
                // In the first week there is nothing to compare with.
            }
            return ([profile], ProfileText(title: asked.title, profile: profile, explanation: explanation).lines)
        }
    }
}

struct TrustExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Why the score changed between two instants; the lines add up to the change.",
        discussion: """
            Examples:
              rapport trust explain case-study --as coachee
              rapport trust explain case-study --as coachee --from day:31 --to day:38
            """)

    @OptionGroup var question: TrustQuestion

    @Option(help: "Default: seven days before --to.")
    var from: Moment?

    @Option(help: "Default: now.")
    var to: Moment?

    func run() async throws {
        try await question.ask { asked in
            let end = try to?.timestamp(dayZero: asked.dayZero) ?? .now
            let begin = try from?.timestamp(dayZero: asked.dayZero) ?? end.adding(days: -7)
            let explanation = try await asked.client.explainChange(
                ExplainChangeRequest(name: asked.name, from: begin, to: end), options: asked.options)
            let profile = try await asked.client.getProfileAt(
                GetProfileAtRequest(name: "\(asked.name)/trustProfile", asOf: end), options: asked.options)
            let text = ExplanationText(
                title: asked.title, explanation: explanation, numberShown: profile.numberShown)
            return ([explanation], text.lines)
        }
    }
}

struct TrustWhatIfCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "what-if",
        abstract: "What the profile would be if these things happened; writes nothing, shows it to nobody else.",
        discussion: """
            A thing is a kind of evidence, with =VALUE for ratings (1 to 5), goal.gas (-2 to 2) and \
            commitment.kept_late (days).

            Examples:
              rapport trust what-if case-study commitment.missed --as coachee
              rapport trust what-if case-study commitment.kept pulse.honest=5 --as coachee --at day:87
            """)

    @OptionGroup var question: TrustQuestion

    @Argument(help: "KIND or KIND=VALUE, at most 50.")
    var events: [String]

    @Option(help: "When they happen. Default: now.")
    var at: Moment?

    func validate() throws {
        for event in events where HypotheticalEvent(argument: event) == nil {
            throw ValidationError("\(event): KIND or KIND=VALUE is needed, for example pulse.honest=5")
        }
    }

    func run() async throws {
        try await question.ask { asked in
            let hypotheses = events.compactMap(HypotheticalEvent.init(argument:))
            let response = try await asked.client.whatIf(
                WhatIfRequest(name: asked.name, events: hypotheses, asOf: try at?.timestamp(dayZero: asked.dayZero)),
                options: asked.options)
            return ([response], WhatIfText(title: asked.title, events: hypotheses, response: response).lines)
        }
    }
}

extension DemoFile {
    /// What the texts call a relationship.
    func title(of relationship: String) -> String {
        let alias = titles[relationship] == nil ? relationships.first { $0.value == relationship }?.key : relationship
        return alias.flatMap { titles[$0] } ?? relationship
    }
}
