import Synchronization
import Testing

@testable import Storage

@Suite struct GroupCommitTests {
    @Test func writesThatWaitTogetherShareOneCommit() async throws {
        try await withDatabase { database in
            let before = database.commits
            let (gate, done) = await database.occupyWriter()
            let writes = (1...100).map { number in Task { try await database.insert(number) } }
            await eventually { database.queuedWrites == 100 }
            gate.open()
            try await done.value
            for write in writes { try await write.value }
            #expect(database.commits - before == 2)
            #expect(database.statistics.commits == database.commits && database.statistics.writes >= 100)
            // One commit of the write that blocked the disk, one of the hundred.
            #expect(database.statistics.groups[WriteStatistics.bounds.firstIndex(of: 128) ?? 0] == 1)
            #expect(try await database.numbers() == Array(1...100))
        }
    }

    @Test func aGroupIsNeverLargerThanItsLimit() async throws {
        var configuration = DatabaseConfiguration()
        configuration.groupLimit = 4
        try await withDatabase(itemMigrations, configuration) { database in
            let before = database.commits
            let (gate, done) = await database.occupyWriter()
            let writes = (1...10).map { number in Task { try await database.insert(number) } }
            await eventually { database.queuedWrites == 10 }
            gate.open()
            try await done.value
            for write in writes { try await write.value }
            #expect(database.commits - before == 1 + 3)
        }
    }

    @Test func moreWaitingWritesThanTheLimitAreRefused() async throws {
        var configuration = DatabaseConfiguration()
        configuration.waitingWrites = 3
        try await withDatabase(itemMigrations, configuration) { database in
            let (gate, done) = await database.occupyWriter()
            let writes = (1...3).map { number in Task { try await database.insert(number) } }
            await eventually { database.queuedWrites == 3 }
            await #expect(throws: StorageError.overloaded) { try await database.insert(4) }
            gate.open()
            try await done.value
            for write in writes { try await write.value }
            #expect(try await database.numbers() == [1, 2, 3])
            try await database.insert(4)
        }
    }

    @Test func aBodyThatThrowsChangesNothingAndHarmsNoOther() async throws {
        struct Refused: Error, Equatable { let number: Int }
        try await withDatabase { database in
            let (gate, done) = await database.occupyWriter()
            let writes = (1...30).map { number in
                Task {
                    try await database.write { transaction in
                        try transaction.execute("INSERT INTO item (number) VALUES (?)", [Value(number)])
                        try transaction.outbox.append([UInt8(number)])
                        if number % 3 == 0 { throw Refused(number: number) }
                    }
                }
            }
            await eventually { database.queuedWrites == 30 }
            gate.open()
            try await done.value
            for (index, write) in writes.enumerated() {
                let number = index + 1
                if number % 3 == 0 {
                    await #expect(throws: Refused(number: number)) { try await write.value }
                } else {
                    try await write.value
                }
            }
            let kept = (1...30).filter { $0 % 3 != 0 }
            #expect(try await database.numbers() == kept.map(Int64.init))
            guard case .events(let events, _) = try await database.outbox.read(after: nil) else {
                Issue.record("the outbox asks for a rebuild")
                return
            }
            #expect(events.map(\.position) == Array(1...20))
            #expect(events.map { Int($0.payload[0]) }.sorted() == kept)
        }
    }

    /// INSERT OR ROLLBACK ends the transaction that the whole group shares, as a full disk would.
    @Test func whenTheGroupAbortsEachWriteRunsAgainAlone() async throws {
        try await withDatabase { database in
            try await database.insert(50)
            let runs = Counter()
            let (gate, done) = await database.occupyWriter()
            let writes = (41...60).map { number in
                Task {
                    try await database.write { transaction in
                        runs.increment()
                        try transaction.execute("INSERT OR ROLLBACK INTO item (number) VALUES (?)", [Value(number)])
                    }
                }
            }
            await eventually { database.queuedWrites == 20 }
            gate.open()
            try await done.value
            for (index, write) in writes.enumerated() {
                if 41 + index == 50 {
                    await #expect(throws: StorageError.constraint("UNIQUE constraint failed: item.number")) {
                        try await write.value
                    }
                } else {
                    try await write.value
                }
            }
            #expect(runs.value > 20)
            #expect(try await database.numbers() == Array(41...60))
        }
    }

    @Test func aBodyThatHidesTheAbortIsNotAnsweredAsDone() async throws {
        try await withDatabase { database in
            try await database.insert(1)
            await #expect(throws: StorageError.self) {
                try await database.write { transaction in
                    try transaction.execute("INSERT INTO item (number) VALUES (2)")
                    _ = try? transaction.execute("INSERT OR ROLLBACK INTO item (number) VALUES (1)")
                }
            }
            #expect(try await database.numbers() == [1])
            try await database.insert(3)
        }
    }

    /// The foreign key is checked by COMMIT, so the savepoint of the bad write succeeds and the commit of the group
    /// fails.
    @Test func whenTheCommitFailsOnlyTheBadWriteFails() async throws {
        try await withDatabase { database in
            let (gate, done) = await database.occupyWriter()
            let writes = (1...10).map { number in
                Task {
                    try await database.write { transaction in
                        try transaction.execute("INSERT INTO item (number) VALUES (?)", [Value(number)])
                        let parent = number == 7 ? 700 : number
                        try transaction.execute("INSERT INTO child (item) VALUES (?)", [Value(parent)])
                    }
                }
            }
            await eventually { database.queuedWrites == 10 }
            gate.open()
            try await done.value
            for (index, write) in writes.enumerated() {
                if index + 1 == 7 {
                    await #expect(throws: StorageError.constraint("FOREIGN KEY constraint failed")) {
                        try await write.value
                    }
                } else {
                    try await write.value
                }
            }
            #expect(try await database.numbers() == [1, 2, 3, 4, 5, 6, 8, 9, 10])
        }
    }

    @Test func writesOfOneCallerKeepTheirOrder() async throws {
        try await withDatabase { database in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<8 {
                    group.addTask {
                        for step in 0..<50 { try await database.insert(caller * 1000 + step, "\(caller)") }
                    }
                }
                try await group.waitForAll()
            }
            let order = try await database.read {
                try $0.query("SELECT text, number FROM item ORDER BY number").map { try $0.int64(1) }
            }
            #expect(order.count == 400)
        }
    }

    @Test func aTaskCancelledBeforeTheCallAppliesNothing() async throws {
        try await withDatabase { (database: Database) async throws in
            let gate = Gate()
            let write = Task {
                await offloadWait(gate)
                try await database.insert(1)
            }
            write.cancel()
            gate.open()
            await #expect(throws: CancellationError.self) { try await write.value }
            #expect(try await database.numbers() == [])
        }
    }

    @Test func aTaskCancelledWhileItsWriteWaitsStillGetsTheOutcome() async throws {
        try await withDatabase { database in
            let (gate, done) = await database.occupyWriter()
            let writes = (1...10).map { number in Task { try await database.insert(number) } }
            await eventually { database.queuedWrites == 10 }
            for write in writes { write.cancel() }
            gate.open()
            try await done.value
            for write in writes { try await write.value }
            #expect(try await database.numbers() == Array(1...10))
        }
    }

    /// Random mixtures of good writes, refusals and aborts, compared with what the answers say.
    @Test func whatIsAnsweredIsWhatIsStored() async throws {
        struct Refused: Error {}
        let seed = freshSeed("whatIsAnsweredIsWhatIsStored")
        var random = SeededGenerator(state: seed)
        try await withDatabase { database in
            for _ in 0..<40 {
                let cases = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                    (number: Int.random(in: 1...500, using: &random), kind: Int.random(in: 0..<5, using: &random))
                }
                try await database.write { try $0.execute("DELETE FROM item") }
                let answered = await withTaskGroup(of: Int?.self) { group in
                    for (number, kind) in cases {
                        group.addTask {
                            try? await database.write { transaction in
                                let verb = kind == 0 ? "INSERT OR ROLLBACK" : "INSERT"
                                try transaction.execute("\(verb) INTO item (number) VALUES (?)", [Value(number)])
                                if kind == 1 { throw Refused() }
                                return number
                            }
                        }
                    }
                    return await group.reduce(into: [Int]()) { if let number = $1 { $0.append(number) } }
                }
                let stored = try await database.numbers().map(Int.init)
                #expect(answered.sorted() == stored, "seed \(seed)")
            }
        }
    }
}
