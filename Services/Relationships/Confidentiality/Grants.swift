import Schema
import ServiceKit
import Storage

/// Which items are shared with whom, and which relationships are opened to whom, found by the item.
enum Grants {
    static let statements = [
        """
        CREATE TABLE shared_item (
            resource TEXT NOT NULL, person TEXT NOT NULL, request TEXT NOT NULL, expiry INTEGER NOT NULL,
            PRIMARY KEY (resource, person, request)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE open_glass (
            relationship TEXT NOT NULL, person TEXT NOT NULL, break_glass_case TEXT NOT NULL, expiry INTEGER NOT NULL,
            silence INTEGER NOT NULL, PRIMARY KEY (relationship, person, break_glass_case)
        ) STRICT, WITHOUT ROWID
        """,
    ]
}

struct OwnGrants: GrantSource {
    func grants(
        of name: String, to person: String?, at now: Instant, in snapshot: Snapshot
    ) throws -> [ViewingGrant] {
        let relationship = try ResourceName.relationship(of: name).text
        let who: Value = person.map { .text($0) } ?? .null
        let shared = try snapshot.query(
            """
            SELECT person, request, expiry FROM shared_item
            WHERE resource = ?1 AND expiry > ?2 AND (?3 IS NULL OR person = ?3) ORDER BY person, request
            """, [.text(name), .integer(now.microseconds), who]
        ).map { row in
            ViewingGrant(
                person: try row.text(0), right: .shared, source: try row.text(1),
                expiry: Instant(microseconds: try row.int64(2)))
        }
        let opened = try snapshot.query(
            """
            SELECT person, break_glass_case, expiry, silence FROM open_glass
            WHERE relationship = ?1 AND expiry > ?2 AND (?3 IS NULL OR person = ?3) ORDER BY person, break_glass_case
            """, [.text(relationship), .integer(now.microseconds), who]
        ).map { row in
            let silence = try row.int64(3)
            return ViewingGrant(
                person: try row.text(0), right: .breakGlass, source: try row.text(1),
                expiry: Instant(microseconds: try row.int64(2)),
                silence: silence == 0 ? nil : Instant(microseconds: silence))
        }
        return shared + opened
    }
}

extension Change {
    func release(_ resource: String, by request: SharingRequest) throws {
        try transaction.execute(
            "INSERT INTO shared_item (resource, person, request, expiry) VALUES (?, ?, ?, ?)",
            [
                .text(resource), .text(request.recipient), .text(request.name),
                .integer(try Check.instant(request.expireTime, "expire_time").microseconds),
            ])
    }

    /// - Parameter resource: nil for all that the request has released.
    func takeBack(_ resource: String?, by request: SharingRequest) throws {
        for resource in resource.map({ [$0] }) ?? request.items.map(\.resource) {
            try transaction.execute(
                "DELETE FROM shared_item WHERE resource = ? AND person = ? AND request = ?",
                [.text(resource), .text(request.recipient), .text(request.name)])
        }
    }

    func open(_ glass: BreakGlassCase) throws {
        try transaction.execute(
            "INSERT INTO open_glass (relationship, person, break_glass_case, expiry, silence) VALUES (?, ?, ?, ?, ?)",
            [
                .text(relationship.name), .text(glass.requester), .text(glass.name),
                .integer(try Check.instant(glass.expireTime, "expire_time").microseconds),
                .integer(try glass.silenceEndTime.map { try Instant($0).microseconds } ?? 0),
            ])
    }

    func shut(_ glass: BreakGlassCase) throws {
        try transaction.execute(
            "DELETE FROM open_glass WHERE relationship = ? AND person = ? AND break_glass_case = ?",
            [.text(relationship.name), .text(glass.requester), .text(glass.name)])
    }
}
