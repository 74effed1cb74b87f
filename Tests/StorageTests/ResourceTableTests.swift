import Testing

@testable import Storage

@Suite struct ResourceTableTests {
    private let goals = ResourceTable(
        "goal", sortColumns: [ResourceTable.SortColumn("due"), ResourceTable.SortColumn("weight", indexed: false)])

    private func withGoals(_ body: (Database) async throws -> Void) async throws {
        try await withDatabase([Migration(version: 1, name: "goals", statements: goals.statements)], body: body)
    }

    private func goal(
        _ id: Key, parent: Key = "r1", organization: Key = "acme", state: Int64 = 1, due: Value = nil
    ) -> ResourceRow {
        ResourceRow(
            organization: organization, parent: parent, id: id, state: state, sort: [due, 2], body: Array("\(id)".utf8))
    }

    private func insert(_ resources: [ResourceRow], in database: Database) async throws {
        let goals = goals
        try await database.write { transaction in
            for resource in resources { try goals.insert(resource, in: transaction) }
        }
    }

    @Test func aResourceComesBackAsItWasStored() async throws {
        try await withGoals { database in
            let goals = goals
            var expected = goal(.id(Identifier(high: 1, low: 2)), state: 4, due: 77)
            try await insert([expected], in: database)
            expected.revision = 1
            let id = expected.id
            #expect(try await database.read { try goals.get("acme", "r1", id, in: $0) } == expected)
            #expect(try await database.read { try goals.get("acme", "r2", id, in: $0) } == nil)
            #expect(try await database.read { try goals.get("globex", "r1", id, in: $0) } == nil)
        }
    }

    @Test func aSecondResourceOfTheSameNameIsRefused() async throws {
        try await withGoals { database in
            try await insert([goal("a")], in: database)
            await #expect(throws: StorageError.alreadyExists) { try await insert([goal("a")], in: database) }
            try await insert([goal("a", parent: "r2"), goal("a", organization: "globex")], in: database)
        }
    }

    @Test func aPutNeedsTheRevisionThatWasRead() async throws {
        try await withGoals { database in
            let goals = goals
            try await insert([goal("a")], in: database)
            var changed = goal("a", state: 2, due: 5)
            changed.revision = 1
            let first = changed
            #expect(try await database.write { try goals.put(first, in: $0) } == 2)
            await #expect(throws: StorageError.revisionMismatch(stored: 2)) {
                try await database.write { try goals.put(first, in: $0) }
            }
            changed.revision = 2
            #expect(try await database.read { try goals.get("acme", "r1", "a", in: $0) } == changed)
            let missing = goal("missing")
            await #expect(throws: StorageError.notFound) { try await database.write { try goals.put(missing, in: $0) } }
        }
    }

    @Test func concurrentChangesOfOneRevisionSucceedOnce() async throws {
        try await withGoals { database in
            let goals = goals
            try await insert([goal("a")], in: database)
            let changes = (0..<10).map { state in
                var changed = goal("a", state: Int64(state))
                changed.revision = 1
                return changed
            }
            let done = await withTaskGroup(of: Bool.self) { group in
                for changed in changes {
                    group.addTask { (try? await database.write { try goals.put(changed, in: $0) }) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(done == 1)
        }
    }

    @Test func aDeletedResourceIsGone() async throws {
        try await withGoals { database in
            let goals = goals
            try await insert([goal("a"), goal("b")], in: database)
            #expect(try await database.write { try goals.delete("acme", "r1", "a", in: $0) })
            #expect(try await database.write { try !goals.delete("acme", "r1", "a", in: $0) })
            #expect(try await database.read { try goals.list("acme", "r1", limit: 9, in: $0).map(\.id) } == ["b"])
        }
    }

    @Test func pagesFollowEachOtherByIdWithoutGapOrRepeat() async throws {
        try await withGoals { database in
            let goals = goals
            let generator = IdentifierGenerator()
            let ids = (0..<53).map { _ in Key.id(generator.next(at: 1_000_000)) }
            try await insert(ids.shuffled().enumerated().map { goal($1, state: Int64($0 % 2)) }, in: database)
            try await insert([goal("other", parent: "r2")], in: database)
            var seen: [Key] = []
            while true {
                let last = seen.last
                let page = try await database.read { try goals.list("acme", "r1", after: last, limit: 10, in: $0) }
                seen += page.map(\.id)
                if page.count < 10 { break }
            }
            #expect(seen == ids)
            let even = try await database.read { try goals.list("acme", "r1", state: 0, limit: 100, in: $0) }
            let odd = try await database.read { try goals.list("acme", "r1", state: 1, limit: 100, in: $0) }
            #expect(even.count == 27 && odd.count == 26)
            #expect(even.allSatisfy { $0.state == 0 })
            let middle = even[12].id
            let rest = try await database.read {
                try goals.list("acme", "r1", state: 0, after: middle, limit: 100, in: $0)
            }
            #expect(rest == Array(even[13...]))
        }
    }

    @Test func theLatestAreThoseWithTheGreatestIds() async throws {
        try await withGoals { database in
            let goals = goals
            try await insert(["c", "a", "d", "b"].map { goal($0) } + [goal("e", parent: "r2")], in: database)
            let latest: (Int) async throws -> [Key] = { limit in
                try await database.read { try goals.latest("acme", "r1", limit: limit, in: $0).map(\.id) }
            }
            #expect(try await latest(3) == ["d", "c", "b"])
            #expect(try await latest(100) == ["d", "c", "b", "a"])
            await #expect(throws: StorageError.self) { _ = try await latest(0) }
        }
    }

    @Test func aSortedListCrossesParentsAndKeepsEqualValuesApart() async throws {
        try await withGoals { database in
            let goals = goals
            let resources = (0..<60).map { number in
                goal(
                    Key("g\(number / 3 + 10)"), parent: Key("r\(number % 3)"),
                    due: number == 59 ? nil : .integer(Int64(number % 4)))
            }
            try await insert(resources.shuffled(), in: database)
            try await insert([goal("foreign", organization: "globex", due: 1)], in: database)
            var seen: [ResourceRow] = []
            var after: SortedPosition?
            while true {
                let position = after
                let page = try await database.read {
                    try goals.list("acme", sortedBy: "due", after: position, limit: 7, in: $0)
                }
                seen += page
                guard page.count == 7, let last = page.last else { break }
                after = SortedPosition(value: last.sort[0], parent: last.parent, id: last.id)
            }
            #expect(seen.count == 59)
            #expect(Set(seen).count == 59)
            let dues = seen.map { if case .integer(let due) = $0.sort[0] { due } else { Int64.min } }
            #expect(dues == dues.sorted())
            let some = try await database.read {
                try goals.list("acme", sortedBy: "due", from: 1, through: 2, limit: 100, in: $0)
            }
            #expect(Set(some.map { $0.sort[0] }) == [1, 2])
            #expect(some.count == 30)
            for column in ["weight", "body", "due; DROP TABLE goal"] {
                await #expect(throws: StorageError.self) {
                    try await database.read { try goals.list("acme", sortedBy: column, limit: 1, in: $0) }
                }
            }
        }
    }

    /// The same ids planted in two organisations: no call for one shows or changes the other's.
    @Test func organisationsAreNeverCrossed() async throws {
        try await withGoals { database in
            let goals = goals
            let ids: [Key] = ["a", "b", .id(Identifier(high: 1, low: 1)), .id(Identifier(high: 2, low: 1))]
            for organization in ["acme", "globex"] as [Key] {
                try await insert(ids.map { goal($0, organization: organization, due: 1) }, in: database)
            }
            let before = try await database.read { try goals.list("globex", "r1", limit: 9, in: $0) }
            try await database.write { transaction in
                for id in ids.prefix(2) { try goals.delete("acme", "r1", id, in: transaction) }
                var changed = goal(ids[2], state: 9, due: 1)
                changed.revision = 1
                try goals.put(changed, in: transaction)
            }
            let lists = try await database.read { snapshot in
                [
                    try goals.list("acme", "r1", limit: 9, in: snapshot),
                    try goals.list("acme", "r1", state: 1, limit: 9, in: snapshot),
                    try goals.list("acme", sortedBy: "due", limit: 9, in: snapshot),
                ]
            }
            #expect(lists.map(\.count) == [2, 1, 2])
            #expect(lists.joined().allSatisfy { $0.organization == "acme" })
            #expect(try await database.read { try goals.list("globex", "r1", limit: 9, in: $0) } == before)
            let none = try await database.read { try goals.list("initech", "r1", limit: 9, in: $0) }
            #expect(none.isEmpty)
        }
    }

    @Test func eachVisitsEverything() async throws {
        try await withGoals { database in
            let goals = goals
            try await insert((0..<30).map { goal(Key("g\($0)"), organization: Key("o\($0 % 3)")) }, in: database)
            let ids = try await database.read { snapshot in
                var ids: [Key] = []
                try goals.each(in: snapshot) { ids.append($0.id) }
                return ids
            }
            #expect(ids == (0..<30).map { Key("g\($0)") })
        }
    }

    @Test func everyTableIsARowidTable() async throws {
        try await withGoals { database in
            let definitions = try await database.read {
                try $0.query("SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL").map {
                    try $0.text(0)
                }
            }
            #expect(definitions.count >= 8)
            #expect(!definitions.contains { $0.uppercased().contains("WITHOUT ROWID") })
        }
    }

    @Test func sizesAreBounded() async throws {
        try await withGoals { database in
            let goals = goals
            var large = goal("a")
            large.body = [UInt8](repeating: 1, count: Limits.payload + 1)
            var unsorted = goal("a")
            unsorted.sort = []
            let long = goal(.text(String(repeating: "x", count: Limits.text + 1)))
            for wrong in [large, unsorted, long] {
                await #expect(throws: StorageError.self) { try await insert([wrong], in: database) }
            }
            large.body.removeLast()
            try await insert([large], in: database)
            for limit in [0, Limits.rows + 1] {
                await #expect(throws: StorageError.self) {
                    try await database.read { try goals.list("acme", "r1", limit: limit, in: $0) }
                }
            }
        }
    }
}
