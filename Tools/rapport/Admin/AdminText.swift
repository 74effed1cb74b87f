import Protobuf
import Schema
import Standard

/// What services say of themselves, in tables for a person.
enum AdminText {
    static func status(_ all: [ServiceStatus]) -> [String] {
        var table = TextTable(
            ("service", .left), ("version", .left), ("up for", .right), ("events", .right), ("database", .right),
            ("queued", .right), ("writable", .left))
        for one in all {
            table.rows.append([
                one.service, one.version, age(of: one.startTime, at: one.time), "\(one.outboxPosition)",
                Format.bytes(one.databaseBytes), "\(one.queuedWrites)", one.writable ? "yes" : "NO: start it anew",
            ])
        }
        return table.lines
    }

    static func lag(_ all: [ServiceStatus]) -> [String] {
        var table = TextTable(
            ("service", .left), ("follows", .left), ("applied", .right), ("newest", .right), ("behind", .right),
            ("connected", .left), ("last batch", .right))
        for one in all {
            for consumer in one.consumers {
                table.rows.append([
                    one.service, consumer.source, consumer.cursor.map { "\($0.position)" } ?? "-",
                    "\(consumer.newestPosition)", "\(consumer.lag)", consumer.connected ? "yes" : "NO",
                    consumer.lastBatchTime.map { "\(age(of: $0, at: one.time)) ago" } ?? "-",
                ])
            }
        }
        return table.lines
    }

    static func due(_ all: [ServiceStatus]) -> [String] {
        var table = TextTable(
            ("service", .left), ("overdue", .right), ("oldest", .left), ("next", .left), ("scheduled", .right),
            ("held", .right))
        for one in all {
            let work = one.dueWork ?? DueWork()
            table.rows.append([
                one.service, "\(work.overdue)", work.oldestOverdueTime.map(text) ?? "-",
                work.nextTime.map(text) ?? "-", "\(work.scheduled)", "\(work.held)",
            ])
        }
        return table.lines
    }

    static func integrity(of service: String, _ report: IntegrityReport) -> [String] {
        let read = "\(report.events) events and \(Format.bytes(report.databaseBytes)) read"
        guard !report.problems.isEmpty else { return ["\(service): holds; \(read)"] }
        return ["\(service): DOES NOT HOLD; \(read)"] + report.problems.map { "  \($0)" }
    }

    static func replay(_ progress: ReplayProgress) -> [String] {
        let verdict =
            progress.differentCount == 0
            ? "as the running states" : "\(progress.differentCount) DIFFER from their running states"
        var lines = [
            "\(progress.relationships) relationships, \(progress.evidenceCount) pieces of evidence folded anew: \(verdict); "
                + "largest difference of R or S \(progress.largestDifference)"
        ]
        lines += progress.different.map { "  \($0)" }
        if progress.unsettledCount > 0 {
            lines.append("\(progress.unsettledCount) changed meanwhile and were left out: ask again")
        }
        return lines
    }

    private static func age(of time: Timestamp?, at now: Timestamp?) -> String {
        guard let time, let now else { return "-" }
        return Format.age(seconds: max(0, now.seconds - time.seconds))
    }

    private static func text(_ time: Timestamp) -> String {
        TimestampText.text(seconds: time.seconds, nanos: 0) ?? "-"
    }
}
