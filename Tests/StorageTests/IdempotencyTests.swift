import Testing

@testable import Storage

@Suite struct IdempotencyTests {
    private let hour: Int64 = 3_600_000_000
    private let key = RequestKey(organization: "acme", caller: "people/maya", id: Identifier(high: 1, low: 2))

    private func lookup(
        _ key: RequestKey, _ request: [UInt8] = [1], method: String = "Create", at instant: Int64, in database: Database
    ) async throws -> RequestOutcome {
        try await database.write { try $0.idempotency.lookup(key, method: method, request: request, at: instant) }
    }

    private func record(_ key: RequestKey, _ resource: String = "goals/1", at instant: Int64, in database: Database)
        async throws
    {
        try await database.write {
            try $0.idempotency.record(
                key, method: "Create", request: [1], resource: resource, revision: 3, at: instant)
        }
    }

    @Test func aRepeatedRequestNamesWhatTheFirstOneMade() async throws {
        try await withDatabase { database in
            #expect(try await lookup(key, at: 0, in: database) == .new)
            try await record(key, at: 0, in: database)
            #expect(try await lookup(key, at: 1, in: database) == .replay(resource: "goals/1", revision: 3))
        }
    }

    @Test func theSameIdWithAnotherBodyOrMethodIsReuse() async throws {
        try await withDatabase { database in
            try await record(key, at: 0, in: database)
            #expect(try await lookup(key, [2], at: 1, in: database) == .reused)
            #expect(try await lookup(key, [], at: 1, in: database) == .reused)
            #expect(try await lookup(key, method: "Delete", at: 1, in: database) == .reused)
        }
    }

    @Test func theIdBelongsToItsCallerAndOrganisation() async throws {
        try await withDatabase { database in
            try await record(key, at: 0, in: database)
            var other = key
            other.caller = "people/otto"
            #expect(try await lookup(other, at: 1, in: database) == .new)
            other = key
            other.organization = "globex"
            #expect(try await lookup(other, at: 1, in: database) == .new)
            // The parts may not run together: "ac" + "mepeople/maya" is somebody else.
            other = RequestKey(organization: "ac", caller: "mepeople/maya", id: key.id)
            #expect(try await lookup(other, at: 1, in: database) == .new)
        }
    }

    @Test(arguments: [0, 1, 1_800_000_000, 3_599_999_999, 1_790_000_000_123_456, -5_000_000])
    func aRequestIsRememberedForTwentyFourHours(_ start: Int64) async throws {
        try await withDatabase { database in
            try await record(key, at: start, in: database)
            for later in [0, 1, hour, 23 * hour, 24 * hour - 1] {
                let outcome = try await lookup(key, at: start + later, in: database)
                #expect(outcome == .replay(resource: "goals/1", revision: 3), "after \(later) µs")
            }
            #expect(try await lookup(key, at: start + 24 * hour, in: database) == .new)
            try await record(key, "goals/2", at: start + 24 * hour, in: database)
            let second = try await lookup(key, at: start + 25 * hour, in: database)
            #expect(second == .replay(resource: "goals/2", revision: 3))
        }
    }

    @Test func whatARequestChangedAndItsMemoryCommitTogether() async throws {
        try await withDatabase { (database: Database) async throws in
            let key = key
            await #expect(throws: CancellationError.self) {
                try await database.write { transaction in
                    try transaction.idempotency.record(
                        key, method: "Create", request: [1], resource: "goals/1", revision: 1, at: 0)
                    throw CancellationError()
                }
            }
            #expect(try await lookup(key, at: 0, in: database) == .new)
        }
    }

    @Test func concurrentCallsWithOneIdTakeEffectOnce() async throws {
        try await withDatabase { database in
            let key = key
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await database.write { transaction in
                            let outcome = try transaction.idempotency.lookup(key, method: "Create", request: [1], at: 5)
                            guard outcome == .new else { return }
                            try transaction.execute("INSERT INTO item (text) VALUES ('made')")
                            try transaction.idempotency.record(
                                key, method: "Create", request: [1], resource: "items/1", revision: 1, at: 5)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.numbers().count == 1)
        }
    }

    @Test func purgingForgetsOnlyWhatNoLookupAsks() async throws {
        try await withDatabase { database in
            for number in 0..<60 {
                var key = key
                key.id = Identifier(high: 0, low: UInt64(number))
                try await record(key, at: Int64(number) * hour, in: database)
            }
            let now = 59 * hour
            #expect(try await database.write { try $0.idempotency.purge(at: now, limit: 10) } == 10)
            #expect(try await database.write { try $0.idempotency.purge(at: now) } == 25)
            for number in 36..<60 {
                var key = key
                key.id = Identifier(high: 0, low: UInt64(number))
                #expect(try await lookup(key, at: now, in: database) == .replay(resource: "goals/1", revision: 3))
            }
        }
    }

    @Test func theTableShowsNeitherCallerNorRequest() async throws {
        try await withDatabase { database in
            try await record(key, at: 0, in: database)
            let row = try #require(
                try await database.read { try $0.first("SELECT key, fingerprint FROM storage_request") })
            #expect(try row.blob(0).count == 16)
            #expect(try row.blob(1).count == 32)
        }
    }

    @Test func eachDatabaseHashesWithItsOwnSecret() async throws {
        var fingerprints: Set<[UInt8]> = []
        for _ in 0..<2 {
            try await withDatabase { database in
                try await record(key, at: 0, in: database)
                let row = try await database.read { try $0.first("SELECT fingerprint FROM storage_request") }
                fingerprints.insert(try #require(row).blob(0))
            }
        }
        #expect(fingerprints.count == 2)
    }
}

@Suite struct SourcesTests {
    @Test func aSourceTakesEffectOnceForGood() async throws {
        try await withDatabase { database in
            try await database.write { transaction in
                #expect(try transaction.sources.resource(of: "supportActions/1", organization: "acme") == nil)
                try transaction.sources.record(
                    "supportActions/1", organization: "acme", resource: "commitments/9", revision: 1)
            }
            try await database.write { transaction in
                let made = try transaction.sources.resource(of: "supportActions/1", organization: "acme")
                #expect(made?.name == "commitments/9")
                #expect(made?.revision == 1)
                #expect(try transaction.sources.resource(of: "supportActions/1", organization: "globex") == nil)
            }
            await #expect(throws: StorageError.self) {
                try await database.write {
                    try $0.sources.record(
                        "supportActions/1", organization: "acme", resource: "commitments/10", revision: 1)
                }
            }
        }
    }
}
