import Schema
import ServiceKit
import Storage
import TrustModel

/// Where one detector of a relationship stands between two facts: the signal that stands, and when the last ones were
/// raised.
struct AlertRecord {
    let challenge: TrustModel.Challenge
    var course: AlertCourse
    /// The signal that stands.
    var alert: Alert?

    static func read(
        _ challenge: TrustModel.Challenge, of relationship: ResourceName, in snapshot: Snapshot
    ) throws -> AlertRecord {
        let row = try snapshot.first(
            """
            SELECT alert, last_watch, last_alert FROM alert_course
            WHERE organization = ? AND relationship = ? AND challenge = ?
            """, relationship.scope + [.integer(Int64(challenge.rawValue))])
        let id = try row?.text(0) ?? ""
        let alert = id.isEmpty ? nil : try AlertTable.alerts.find(relationship.child("alerts", id).text, in: snapshot)
        return AlertRecord(
            challenge: challenge,
            course: AlertCourse(
                signal: try alert.flatMap { try AlertCourse.Signal($0) },
                lastWatch: try row?.optionalInt64(1).map(Instant.init(microseconds:)),
                lastAlert: try row?.optionalInt64(2).map(Instant.init(microseconds:))),
            alert: alert.flatMap { $0.stands ? $0 : nil })
    }

    func write(of relationship: ResourceName, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO alert_course (organization, relationship, challenge, alert, last_watch, last_alert)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (organization, relationship, challenge) DO UPDATE SET alert = excluded.alert,
                last_watch = excluded.last_watch, last_alert = excluded.last_alert
            """,
            relationship.scope + [
                .integer(Int64(challenge.rawValue)),
                .text(try alert.map { try ResourceName($0.name, "organizations", "relationships", "alerts").id } ?? ""),
                Value(course.lastWatch?.microseconds), Value(course.lastAlert?.microseconds),
            ])
    }
}
