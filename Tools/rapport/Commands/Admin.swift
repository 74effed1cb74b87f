import ArgumentParser
import RPC
import Schema

/// What an operator asks the services (docs/operations.md, "Admin").
struct Admin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask the services how they and their databases do.",
        discussion: """
            The services answer on their own ports, to tokens with the role operator. They are found by RAPPORT_RELATIONSHIPS, \
            RAPPORT_FEEDBACK, RAPPORT_GOALS and RAPPORT_TRUST, by the suite that runs here, or at 127.0.0.1:8081 to 8084. \
            A command ends with code 1 when a service cannot be asked or something does not hold.

            Examples:
              rapport admin status
              rapport admin lag --service trust-scoring
              rapport admin verify --json
              RAPPORT_TOKEN=… rapport admin replay --address 10.0.0.7:8084 --service trust-scoring
            """,
        subcommands: [
            AdminStatus.self, AdminLag.self, AdminDue.self, AdminVerify.self, AdminReplay.self,
        ],
        defaultSubcommand: AdminStatus.self)
}

struct AdminStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Version, age, size, and whether the service still stores.")

    @OptionGroup var admin: AdminOptions

    func run() async throws {
        try await admin.statuses(AdminText.status)
    }
}

struct AdminLag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lag", abstract: "How far each service has followed the events of the others.")

    @OptionGroup var admin: AdminOptions

    func run() async throws {
        try await admin.statuses(AdminText.lag)
    }
}

struct AdminDue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "due", abstract: "What time is to do, and whether anything is late.",
        discussion: "overdue is 0 in a healthy service; held are duties of paused relationships and of running imports."
    )

    @OptionGroup var admin: AdminOptions

    func run() async throws {
        try await admin.statuses(AdminText.due)
    }
}

struct AdminVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read each database and every event, beside the requests that go on.",
        discussion:
            "SQLite's own check, positions of events without a gap, each event readable. Large files take a while.")

    @OptionGroup var admin: AdminOptions

    func run() async throws {
        try await admin.each(timeout: nil) { program, client, options in
            let report = try await client.verifyIntegrity(VerifyIntegrityRequest(), options: options)
            if admin.json {
                try admin.say(report)
            } else {
                for line in AdminText.integrity(of: program.rawValue, report) { Console.say(line) }
            }
            return report.problems.isEmpty
        }
    }
}

struct AdminReplay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Fold the evidence of every relationship anew and compare it with the running scores.",
        discussion: "Changes nothing. Progress goes to standard error, with --json every report to standard output.")

    @OptionGroup var admin: AdminOptions

    func run() async throws {
        try await admin.each(of: [.trustScoring], timeout: nil) { _, client, options in
            var last = ReplayProgress()
            for try await progress in try await client.verifyReplays(VerifyReplaysRequest(), options: options) {
                last = progress
                if admin.json {
                    try admin.say(progress)
                } else if progress.relationships < progress.relationshipsTotal {
                    Console.complain("\(progress.relationships) of \(progress.relationshipsTotal) relationships …")
                }
            }
            if !admin.json { for line in AdminText.replay(last) { Console.say(line) } }
            return last.differentCount == 0
        }
    }
}
