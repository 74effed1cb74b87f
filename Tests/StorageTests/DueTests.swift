import Testing

@testable import Storage

@Suite struct DueTests {
    private func duty(_ key: Key, due: Int64, scope: String = "", organization: Key = "acme", kind: String = "grace")
        -> Duty
    {
        Duty(
            organization: organization, scope: scope, key: key, kind: kind, due: due,
            payload: [UInt8(truncatingIfNeeded: due)])
    }

    private func schedule(_ duties: Duty..., in database: Database) async throws {
        try await database.write { transaction in
            for duty in duties { try transaction.due.schedule(duty) }
        }
    }

    private func claim(_ instant: Int64, limit: Int = 100, in database: Database) async throws -> [Key] {
        try await database.write { try $0.due.claim(upTo: instant, limit: limit).map(\.key) }
    }

    @Test func dutiesFireInOrderOnceAndNotBeforeTheirInstant() async throws {
        try await withDatabase { database in
            try await schedule(
                duty("late", due: 300), duty("b", due: 100), duty("a", due: 100), duty("first", due: 50), in: database)
            #expect(try await claim(49, in: database) == [])
            #expect(try await claim(100, limit: 2, in: database) == ["first", "b"])
            #expect(try await claim(100, in: database) == ["a"])
            #expect(try await claim(299, in: database) == [])
            #expect(try await database.read { try $0.nextDue() } == 300)
            #expect(try await claim(300, in: database) == ["late"])
            #expect(try await database.read { try $0.nextDue() } == nil)
        }
    }

    @Test func aDutyIsFoundUntilItFires() async throws {
        try await withDatabase { database in
            try await schedule(
                duty("a", due: 100, scope: "r"), duty("a", due: 200, scope: "r", organization: "globex"), in: database)
            func due(_ scope: String = "r", _ key: Key = "a", kind: String = "grace") async throws -> Int64? {
                try await database.write { try $0.due.find(organization: "acme", scope: scope, key: key, kind: kind) }
            }
            #expect(try await due() == 100)
            #expect(try await due("s") == nil)
            #expect(try await due("r", "b") == nil)
            #expect(try await due(kind: "other") == nil)
            try await database.write { try $0.due.shift(organization: "acme", scope: "r", by: 50) }
            #expect(try await due() == 150)
            #expect(try await claim(150, in: database) == ["a"])
            #expect(try await due() == nil)
        }
    }

    @Test func aClaimedDutyCarriesWhatWasScheduled() async throws {
        try await withDatabase { database in
            var expected = duty(
                .id(Identifier(high: 3, low: 4)), due: 5, scope: "r", organization: "acme", kind: "reveal")
            try await schedule(expected, in: database)
            expected.id = 1
            #expect(try await database.write { try $0.due.claim(upTo: 5, limit: 1) } == [expected])
        }
    }

    @Test func aClaimWhoseEffectFailsLeavesTheDuty() async throws {
        try await withDatabase { database in
            try await schedule(duty("a", due: 1), in: database)
            await #expect(throws: CancellationError.self) {
                try await database.write { transaction in
                    #expect(try transaction.due.claim(upTo: 1, limit: 1).count == 1)
                    throw CancellationError()
                }
            }
            #expect(try await claim(1, in: database) == ["a"])
        }
    }

    @Test func schedulingAgainReplaces() async throws {
        try await withDatabase { database in
            try await schedule(duty("a", due: 1), duty("a", due: 7), duty("a", due: 1, kind: "other"), in: database)
            let claimed = try await database.write { try $0.due.claim(upTo: 10, limit: 10) }
            #expect(claimed.map(\.due) == [1, 7])
            #expect(claimed.map(\.kind) == ["other", "grace"])
            #expect(claimed.map(\.payload) == [[1], [7]])
        }
    }

    @Test func dutiesCanBeMovedAndCancelled() async throws {
        try await withDatabase { database in
            try await schedule(duty("a", due: 1), duty("b", due: 1), duty("c", due: 1, scope: "r"), in: database)
            let outcomes = try await database.write { transaction in
                [
                    try transaction.due.reschedule(organization: "acme", key: "a", kind: "grace", to: 9),
                    try transaction.due.reschedule(organization: "acme", key: "x", kind: "grace", to: 9),
                    try transaction.due.cancel(organization: "acme", key: "b", kind: "grace"),
                    try transaction.due.cancel(organization: "acme", key: "b", kind: "grace"),
                    try transaction.due.cancelAll(organization: "acme", scope: "r") == 1,
                ]
            }
            #expect(outcomes == [true, false, true, false, true])
            #expect(try await claim(8, in: database) == [])
            #expect(try await claim(9, in: database) == ["a"])
        }
    }

    @Test func aHeldScopeWaitsForItsOwnClock() async throws {
        try await withDatabase { database in
            try await schedule(duty("before", due: 1, scope: "r1"), duty("free", due: 2, scope: "r2"), in: database)
            try await database.write { try $0.due.hold(organization: "acme", scope: "r1") }
            try await schedule(duty("during", due: 3, scope: "r1"), in: database)
            #expect(try await database.read { try $0.nextDue() } == 2)
            #expect(try await claim(100, in: database) == ["free"])
            let own = try await database.write {
                try $0.due.claim(upTo: 1, organization: "acme", scope: "r1", limit: 10).map(\.key)
            }
            #expect(own == ["before"])
            try await database.write { try $0.due.release(organization: "acme", scope: "r1") }
            try await schedule(duty("after", due: 4, scope: "r1"), in: database)
            #expect(try await claim(100, in: database) == ["during", "after"])
        }
    }

    @Test func organisationsDoNotTouchEachOthersDuties() async throws {
        try await withDatabase { database in
            try await schedule(
                duty("a", due: 1, scope: "r"), duty("a", due: 1, scope: "r", organization: "globex"), in: database)
            try await database.write { transaction in
                try transaction.due.hold(organization: "acme", scope: "r")
                #expect(try transaction.due.claim(upTo: 9, organization: "initech", scope: "r", limit: 9).isEmpty)
                #expect(try !transaction.due.cancel(organization: "initech", scope: "r", key: "a", kind: "grace"))
            }
            let claimed = try await database.write { try $0.due.claim(upTo: 1, limit: 10).map(\.organization) }
            #expect(claimed == ["globex"])
            let own = try await database.write {
                try $0.due.claim(upTo: 1, organization: "acme", scope: "r", limit: 10).map(\.organization)
            }
            #expect(own == ["acme"])
        }
    }

    @Test func changesOfDutiesWakeWhoeverWaitsForThem() async throws {
        try await withDatabase { database in
            var changes = database.dueChanges().makeAsyncIterator()
            #expect(await changes.next() != nil)
            try await schedule(duty("a", due: 1), in: database)
            #expect(await changes.next() != nil)
            #expect(try await database.read { try $0.nextDue() } == 1)
        }
    }

    @Test func sizesAreBounded() async throws {
        try await withDatabase { database in
            let long = String(repeating: "x", count: Limits.text + 1)
            for wrong in [duty("a", due: 1, scope: long), duty(.text(long), due: 1), duty("a", due: 1, kind: long)] {
                await #expect(throws: StorageError.self) { try await schedule(wrong, in: database) }
            }
            for limit in [0, Limits.rows + 1] {
                await #expect(throws: StorageError.self) { try await claim(1, limit: limit, in: database) }
            }
        }
    }

    /// Random operations against a plain array that obeys the rules by construction.
    @Test func theTableBehavesAsTheRulesSay() async throws {
        let seed = freshSeed("theTableBehavesAsTheRulesSay")
        var random = SeededGenerator(state: seed)
        try await withDatabase { database in
            var model: [Duty] = []
            var held: Set<String> = []
            var scheduled: [String: Int] = [:]
            var order = 0
            for _ in 0..<1500 {
                let scope = "r\(Int.random(in: 0..<3, using: &random))"
                let key = "k\(Int.random(in: 0..<6, using: &random))"
                let instant = Int64.random(in: 0..<50, using: &random)
                let limit = Int.random(in: 1...4, using: &random)
                let place = scope + "/" + key
                func due(_ duties: [Duty]) -> [Duty] {
                    Array(
                        duties.filter { $0.due <= instant }
                            .sorted {
                                ($0.due, scheduled[$0.scope + "/\($0.key)"]!) < (
                                    $1.due, scheduled[$1.scope + "/\($1.key)"]!
                                )
                            }
                            .prefix(limit))
                }
                var expected: [Duty]?
                var claimed: [Duty] = []
                switch Int.random(in: 0..<7, using: &random) {
                case 0, 1:
                    let duty = duty(.text(key), due: instant, scope: scope)
                    try await schedule(duty, in: database)
                    if let index = model.firstIndex(where: { $0.scope == scope && $0.key == .text(key) }) {
                        model[index] = duty
                    } else {
                        model.append(duty)
                        order += 1
                        scheduled[place] = order
                    }
                case 2:
                    try await database.write {
                        try $0.due.cancel(organization: "acme", scope: scope, key: .text(key), kind: "grace")
                    }
                    model.removeAll { $0.scope == scope && $0.key == .text(key) }
                case 3:
                    try await database.write { try $0.due.hold(organization: "acme", scope: scope) }
                    held.insert(scope)
                case 4:
                    try await database.write { try $0.due.release(organization: "acme", scope: scope) }
                    held.remove(scope)
                case 5:
                    expected = due(model.filter { !held.contains($0.scope) })
                    claimed = try await database.write { try $0.due.claim(upTo: instant, limit: limit) }
                default:
                    expected = due(model.filter { $0.scope == scope })
                    claimed = try await database.write {
                        try $0.due.claim(upTo: instant, organization: "acme", scope: scope, limit: limit)
                    }
                }
                if let expected {
                    #expect(
                        claimed.map { "\($0.scope)/\($0.key) \($0.due)" }
                            == expected.map { "\($0.scope)/\($0.key) \($0.due)" }, "seed \(seed)")
                    model.removeAll { expected.contains($0) }
                }
                let next = try await database.read { try $0.nextDue() }
                #expect(next == model.filter { !held.contains($0.scope) }.map(\.due).min(), "seed \(seed)")
            }
        }
    }
}
