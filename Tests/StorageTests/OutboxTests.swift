import Testing

@testable import Storage

@Suite struct OutboxTests {
    private func append(_ payloads: UInt8..., to database: Database) async throws {
        for payload in payloads { try await database.write { try $0.outbox.append([payload]) } }
    }

    private func events(_ batch: OutboxBatch?) throws -> [OutboxEvent] {
        guard case .events(let events, _) = try #require(batch) else {
            Issue.record("\(String(describing: batch)) instead of events")
            return []
        }
        return events
    }

    @Test func positionsCountUpInTheOrderOfCommits() async throws {
        try await withDatabase { database in
            let positions = try await withThrowingTaskGroup(of: (UInt8, Int64).self) { group in
                for payload in UInt8(0)..<200 {
                    group.addTask { (payload, try await database.write { try $0.outbox.append([payload]) }) }
                }
                return try await group.reduce(into: [Int64: UInt8]()) { $0[$1.1] = $1.0 }
            }
            let stored = try events(try await database.outbox.read(after: nil, limit: 1000))
            #expect(stored.map(\.position) == Array(1...200))
            #expect(stored.allSatisfy { positions[$0.position] == $0.payload[0] })
        }
    }

    @Test func aChangeThatFailsPublishesNothing() async throws {
        try await withDatabase { database in
            try await append(1, to: database)
            await #expect(throws: CancellationError.self) {
                try await database.write { transaction in
                    try transaction.outbox.append([2])
                    throw CancellationError()
                }
            }
            try await append(3, to: database)
            let stored = try events(try await database.outbox.read(after: nil))
            #expect(stored.map(\.payload) == [[1], [3]])
            #expect(stored.map(\.position) == [1, 2])
        }
    }

    @Test func aReaderGoesOnWhereItStopped() async throws {
        try await withDatabase { database in
            try await append(1, 2, 3, 4, 5, to: database)
            var seen: [UInt8] = []
            var cursor: Cursor?
            while case .events(let events, let next) = try await database.outbox.read(after: cursor, limit: 2),
                !events.isEmpty
            {
                seen += events.map { $0.payload[0] }
                cursor = next
            }
            #expect(seen == [1, 2, 3, 4, 5])
            #expect(cursor == Cursor(epoch: database.epoch, position: 5))
            #expect(try await database.read { try $0.outboxEnd() } == cursor)
        }
    }

    @Test func aCursorThatDoesNotFitMeansRebuild() async throws {
        try await withDatabase { database in
            try await append(1, 2, 3, to: database)
            let start = Cursor(epoch: database.epoch, position: 0)
            let other = Cursor(epoch: Identifier(high: 1, low: 1), position: 2)
            #expect(try await database.outbox.read(after: other) == .rebuild(from: start))
            let beyond = Cursor(epoch: database.epoch, position: 4)
            #expect(try await database.outbox.read(after: beyond) == .rebuild(from: start))
            let end = Cursor(epoch: database.epoch, position: 3)
            #expect(try await database.outbox.read(after: end) == .events([], next: end))
        }
    }

    @Test func whoMissedPrunedEventsRebuildsAndOthersGoOn() async throws {
        try await withDatabase { database in
            try await append(1, 2, 3, 4, 5, to: database)
            #expect(try await database.write { try $0.outbox.prune(through: 3, limit: 2) } == 2)
            #expect(try await database.write { try $0.outbox.prune(through: 3) } == 1)
            #expect(try await database.write { try $0.outbox.prune(through: 3) } == 0)
            let three = Cursor(epoch: database.epoch, position: 3)
            #expect(
                try await database.outbox.read(after: Cursor(epoch: database.epoch, position: 2))
                    == .rebuild(from: three))
            #expect(try events(try await database.outbox.read(after: three)).map(\.position) == [4, 5])
            #expect(try events(try await database.outbox.read(after: nil)).map(\.position) == [4, 5])

            try await database.write { try $0.outbox.prune(through: 100) }
            let end = Cursor(epoch: database.epoch, position: 5)
            #expect(try await database.outbox.read(after: end) == .events([], next: end))
            try await append(6, to: database)
            #expect(try events(try await database.outbox.read(after: end)).map(\.position) == [6])
        }
    }

    @Test func positionsGoOnAfterARestart() async throws {
        try await withPath { path in
            let first = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            try await append(1, 2, to: first)
            try await first.write { try $0.outbox.prune(through: 2) }
            await first.close()
            let second = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            #expect(second.epoch == first.epoch)
            try await append(3, to: second)
            let cursor = Cursor(epoch: first.epoch, position: 2)
            #expect(try events(try await second.outbox.read(after: cursor)).map(\.position) == [3])
            await second.close()
        }
    }

    @Test func aTailSeesEachCommitAsItHappens() async throws {
        try await withDatabase { database in
            try await append(1, 2, to: database)
            let (payloads, seen) = AsyncStream.makeStream(of: [[UInt8]].self)
            let reader = Task {
                for try await case .events(let events, _) in database.outbox.tail(after: nil) {
                    seen.yield(events.map(\.payload))
                }
            }
            var batches = payloads.makeAsyncIterator()
            #expect(await batches.next() == [[1], [2]])
            for payload in UInt8(3)...20 {
                try await append(payload, to: database)
                #expect(await batches.next() == [[payload]])
            }
            reader.cancel()
            _ = await reader.result
        }
    }

    @Test func tailsMissNothingWhileManyWrite() async throws {
        try await withDatabase { database in
            let readers = (1...3).map { limit in
                Task {
                    var seen: [Int64] = []
                    for try await batch in database.outbox.tail(after: nil, limit: limit * 7) {
                        guard case .events(let events, _) = batch else { break }
                        seen += events.map(\.position)
                        if seen.count == 600 { break }
                    }
                    return seen
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { for _ in 0..<30 { try await database.write { try $0.outbox.append([0]) } } }
                }
                try await group.waitForAll()
            }
            for reader in readers { #expect(try await reader.value == Array(1...600)) }
            await eventually { database.positions.listeners == 0 }
        }
    }

    @Test func aTailEndsAfterARebuild() async throws {
        try await withDatabase { (database: Database) async throws in
            var tail = database.outbox.tail(after: Cursor(epoch: database.epoch, position: 9)).makeAsyncIterator()
            #expect(try await tail.next() == .rebuild(from: Cursor(epoch: database.epoch, position: 0)))
            #expect(try await tail.next() == nil)
        }
    }

    @Test func aTailEndsWithItsTaskAndWithTheDatabase() async throws {
        try await withDatabase { database in
            let cancelled = Task { try await collect(database) }
            let closed = Task { try await collect(database) }
            await eventually { database.positions.listeners == 2 }
            cancelled.cancel()
            do {
                #expect(try await cancelled.value == 0)
            } catch {
                // Cancelled before its first read rather than while it waited.
                #expect(error is CancellationError)
            }
            await eventually { database.positions.listeners == 1 }
            await database.close()
            do {
                #expect(try await closed.value == 0)
            } catch {
                #expect(error as? StorageError == .closed)
            }
        }
    }

    private func collect(_ database: Database) async throws -> Int {
        var count = 0
        for try await _ in database.outbox.tail(after: nil) { count += 1 }
        return count
    }

    @Test func watchTellsTheNewestPositionAtOnce() async throws {
        try await withDatabase { database in
            try await append(1, 2, to: database)
            var watch = database.outbox.watch().makeAsyncIterator()
            #expect(await watch.next() == 2)
            try await append(3, 4, 5, to: database)
            #expect(await watch.next() == 5)
        }
    }

    @Test func sizesAreBounded() async throws {
        try await withDatabase { database in
            await #expect(throws: StorageError.self) {
                try await database.write { try $0.outbox.append([UInt8](repeating: 0, count: Limits.payload + 1)) }
            }
            try await database.write { try $0.outbox.append([UInt8](repeating: 0, count: Limits.payload)) }
            for limit in [0, -1, Limits.rows + 1] {
                await #expect(throws: StorageError.self) { try await database.outbox.read(after: nil, limit: limit) }
            }
        }
    }

    @Test func aCursorIsTwentyFourBytes() throws {
        let cursor = Cursor(epoch: Identifier(high: 0x0102_0304_0506_0708, low: 9), position: 258)
        #expect(cursor.bytes == [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 2])
        #expect(Cursor(bytes: cursor.bytes) == cursor)
        #expect(Cursor(bytes: cursor.bytes.dropLast()) == nil)
        #expect(Cursor(bytes: cursor.bytes + [0]) == nil)
        #expect(Cursor(bytes: [UInt8](repeating: 255, count: 24)) == nil)
    }
}

@Suite struct CheckpointTests {
    private let epoch = Identifier(high: 7, low: 7)

    private func cursor(_ position: Int64) -> Cursor { Cursor(epoch: epoch, position: position) }

    @Test func aCheckpointMovesWithTheChangeOrNotAtAll() async throws {
        try await withDatabase { database in
            let (one, two) = (cursor(1), cursor(2))
            try await database.write { transaction in
                try transaction.execute("INSERT INTO item (number) VALUES (1)")
                try transaction.advanceCheckpoint(of: "goals", from: nil, to: one)
            }
            await #expect(throws: CancellationError.self) {
                try await database.write { transaction in
                    try transaction.advanceCheckpoint(of: "goals", from: one, to: two)
                    throw CancellationError()
                }
            }
            #expect(try await database.read { try $0.checkpoint(of: "goals") } == one)
            #expect(try await database.read { try $0.checkpoint(of: "feedback") } == nil)
        }
    }

    @Test func twoConsumersOfOneBatchApplyItOnce() async throws {
        try await withDatabase { database in
            let (one, two) = (cursor(1), cursor(2))
            try await database.write { try $0.advanceCheckpoint(of: "goals", from: nil, to: one) }
            let applied = await withTaskGroup(of: Bool.self) { group in
                for number in 1...8 {
                    group.addTask {
                        do {
                            try await database.write { transaction in
                                try transaction.execute("INSERT INTO item (number) VALUES (?)", [Value(number)])
                                try transaction.advanceCheckpoint(of: "goals", from: one, to: two)
                            }
                            return true
                        } catch {
                            #expect(error as? StorageError == .checkpointMoved)
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(applied == 1)
            #expect(try await database.numbers().count == 1)
        }
    }

    @Test func aRebuildBeginsWithoutACheckpoint() async throws {
        try await withDatabase { database in
            let one = cursor(1)
            try await database.write { transaction in
                try transaction.advanceCheckpoint(of: "goals", from: nil, to: one)
                try transaction.removeCheckpoint(of: "goals")
                try transaction.advanceCheckpoint(of: "goals", from: nil, to: one)
            }
            await #expect(throws: StorageError.checkpointMoved) {
                try await database.write { try $0.advanceCheckpoint(of: "goals", from: nil, to: one) }
            }
        }
    }
}
