import FoundationEssentials
import Testing

@testable import Storage
@testable import StorageCrashWriter

@Suite struct CrashTests {
    /// kill -9 at 20 random instants, one life of the file after the other.
    @Test func everyAnsweredWriteOutlivesAKillAndNoneIsHalfThere() async throws {
        let seed = freshSeed("everyAnsweredWriteOutlivesAKillAndNoneIsHalfThere")
        var random = SeededGenerator(state: seed)
        try await withPath { path in
            var answered: Set<Int64> = []
            for round in 1...20 {
                let child = try ChildProcess(["write", path, "\(Int.random(in: 1...48, using: &random))"])
                try await eventually { try child.output().contains("\n") }
                try await Task.sleep(for: .microseconds(Int.random(in: 0...60_000, using: &random)))
                child.kill()
                #expect(try await child.end() == 9)
                answered.formUnion(try child.output().split(separator: "\n").compactMap { Int64($0) })

                let database = try await Database.open(path, migrations: CrashWriter.migrations, logger: quiet)
                let (left, right, torn, check) = try await database.read { snapshot in
                    (
                        try snapshot.query("SELECT number FROM left_half").map { try $0.int64(0) },
                        try snapshot.query("SELECT number FROM right_half").map { try $0.int64(0) },
                        try snapshot.query("SELECT 1 FROM left_half WHERE length(filler) != 100").count,
                        try snapshot.first("SELECT integrity_check FROM pragma_integrity_check")?.text(0)
                    )
                }
                var published: [Int64] = []
                for try await batch in database.outbox.tail(after: nil, limit: 10_000) {
                    guard case .events(let events, let next) = batch else { break }
                    published += events.compactMap { Int64(String(decoding: $0.payload, as: UTF8.self)) }
                    let end = try await database.read { try $0.outboxEnd() }
                    if next == end { break }
                }
                #expect(answered.isSubset(of: left), "round \(round), seed \(seed)")
                #expect(Set(left) == Set(right), "round \(round), seed \(seed)")
                #expect(Set(left) == Set(published) && left.count == published.count, "round \(round), seed \(seed)")
                #expect(torn == 0 && check == "ok", "round \(round), seed \(seed)")
                await database.close()
            }
            #expect(answered.count >= 20)
            print("20 kills, \(answered.count) answered writes, none lost")
        }
    }

    /// A limit on the size of files makes write(2) fail in the middle of a COMMIT, as a failing disk would.
    @Test func afterAFailedCommitNothingMoreIsAcceptedAndNothingAnsweredIsLost() async throws {
        try await withPath { path in
            let child = try ChildProcess(["full", path, "400000"])
            #expect(try await child.end() == 0)
            let lines = try child.output().split(separator: "\n")
            #expect(lines.last == "errors unwritable, unwritable, unwritable")
            let answered = lines.dropLast().compactMap { Int64($0) }
            #expect(!answered.isEmpty)
            let database = try await Database.open(path, migrations: CrashWriter.migrations, logger: quiet)
            let (left, right) = try await database.read { snapshot in
                (
                    try snapshot.query("SELECT number FROM left_half ORDER BY number").map { try $0.int64(0) },
                    try snapshot.query("SELECT number FROM right_half ORDER BY number").map { try $0.int64(0) }
                )
            }
            #expect(left == right)
            #expect(left.starts(with: answered))
            // The write that failed in COMMIT may be there or not, the refused ones after it may not.
            #expect(left.count <= answered.count + 1)
            await database.close()
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace")))
    func theDiskIsSyncedBetweenAWriteAndItsAnswer() async throws {
        try await withPath { path in
            let trace = path + ".trace"
            let child = try ChildProcess(
                ["once", path], tracer: ["/usr/bin/strace", "-f", "-e", "trace=fdatasync,fsync,write", "-o", trace])
            try #require(try await child.end() == 0)
            let calls = String(decoding: try Data(contentsOf: URL(filePath: trace)), as: UTF8.self).split(
                separator: "\n")
            let writing = try #require(calls.firstIndex { $0.contains("writing") })
            let answered = try #require(calls.firstIndex { $0.contains("answered") })
            #expect(calls[writing..<answered].contains { $0.contains("fdatasync(") || $0.contains("fsync(") })
        }
    }
}
