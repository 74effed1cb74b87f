import ArgumentParser

/// The command line of the suite.
@main
struct Rapport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rapport",
        abstract: "Trust between a coach and a coachee, with its reasons: run it, fill it, ask it.",
        discussion: """
            rapport up                                            start everything and load the demo
            rapport trust profile case-study --as coachee         how far the coachee can rely on the coach
            rapport call --list                                   every call that the gateway takes
            rapport admin lag                                     how far each service has followed the others

            Everything lies in .rapport of the working directory, or where RAPPORT_HOME points.
            """,
        subcommands: [
            Up.self, Demo.self, Token.self, Call.self, Trust.self, Admin.self, Simulate.self, Evaluate.self,
            Verify.self,
        ])
}
