import FoundationEssentials
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// All that a person may read and has written (docs/domain.md §6.5). Other services are in Tests/Interop.
@Suite struct DataExportTests {
    func ask(_ pair: Pair, by context: ServerContext? = nil) async throws -> DataExport {
        try await pair.service.exportData(ExportDataRequest(name: pair.coachee), context ?? pair.by(pair.coachee))
    }

    func get(_ pair: Pair, _ export: DataExport) async throws -> DataExport {
        try await pair.service.getDataExport(GetDataExportRequest(name: export.name), pair.officer)
    }

    /// Stands for the whole suite: the other services are not there.
    func gather(_ pair: Pair) async throws {
        try await RunningExport(runtime: pair.host.runtime, services: ["relationships"]).runAll()
    }

    func lines(_ pair: Pair, _ export: DataExport) async throws -> String {
        let store = ExportStore(try ResourceName(export.name, Tables.Form.dataExports))
        var all = ""
        var number = 0
        while let chunk = try await pair.host.runtime.database.read({ [number] in
            try store.chunk(after: number, in: $0)
        }) {
            all += String(decoding: chunk, as: UTF8.self)
            number += 1
        }
        return all
    }

    @Test func itHoldsWhatThePersonMayReadAndHasWritten() async throws {
        let pair = try await Pair.active()
        _ = try await pair.note(.`self`, "my own diary", by: pair.coachee)
        _ = try await pair.note(.pair, "said by the coach", by: pair.coach)
        _ = try await pair.note(.`self`, "the coach's diary", by: pair.coach)
        _ = try await pair.note(.sealed, "sealed between the two", by: pair.coachee)
        _ = try await pair.promise(pair.coach, due: day(3), at: day(-1))
        let export = try await ask(pair)
        #expect(export.state == .pending)
        try await gather(pair)
        let done = try await get(pair, export)
        #expect(done.state == .succeeded && done.progressPercent == 100)
        let text = try await lines(pair, export)
        #expect(text.utf8.count == done.sizeBytes && text.count { $0 == "\n" } == done.itemCount)
        for expected in [
            "my own diary", "said by the coach", "review the call", "coachee of acme", "win back the quota",
            #""type":"rapport.relationships.v1.Relationship""#, "export.requested",
        ] {
            #expect(text.contains(expected), "\(expected)")
        }
        for hidden in ["the coach's diary", "sealed between the two", "hr-coach\"", "coach of acme"] {
            #expect(!text.contains(hidden), "\(hidden)")
        }
    }

    @Test func itIsEncryptedWhereItLiesAndGoesWithItsTime() async throws {
        let pair = try await Pair.active()
        _ = try await pair.note(.pair, "looked for byte by byte", by: pair.coachee)
        let export = try await ask(pair)
        func keys() async throws -> Int64? {
            try await pair.host.runtime.database.read {
                try $0.first("SELECT count(*) FROM storage_key WHERE scope = ?", [.text("dataExports/\(export.id)")])?
                    .int64(0)
            }
        }
        try await gather(pair)
        #expect(try await keys() == 1)
        #expect(try await lines(pair, export).contains("looked for byte by byte"))
        #expect(try pair.host.storedBytes().firstRange(of: Array("looked for byte by byte".utf8)) == nil)
        try await pair.host.advance(days: 31)
        #expect(try await get(pair, export).state == .expired)
        #expect(try await lines(pair, export).isEmpty)
        #expect(try await keys() == 0)
    }

    // MARK: Size

    /// Two notes of 200 bytes and a little.
    @Test func moreThanFitsFailsAndLeavesNothing() async throws {
        let pair = try await Pair.active()
        for _ in 0..<2 { _ = try await pair.note(.pair, String(repeating: "x", count: 200), by: pair.coachee) }
        let export = try await ask(pair)
        try await RunningExport(runtime: pair.host.runtime, services: ["relationships"], maximumBytes: 400).runAll()
        let failed = try await get(pair, export)
        #expect(failed.state == .failed && failed.failureReason == "EXPORT_TOO_LARGE")
        #expect(failed.failureMessage.contains("400 bytes"))
        #expect(try await lines(pair, export).isEmpty)
        // It is over: another one may be asked for, and nothing of this one waits.
        _ = try await ask(pair)
        _ = try await ask(pair)
    }

    /// What waits in memory is a chunk and an item, beside the page that was read: never the export.
    @Test("A large export is stored piece by piece") func aLargeExport() async throws {
        let pair = try await Pair.active()
        let body = String(repeating: "long ", count: 4000)
        let first = try await pair.note(.pair, "first", by: pair.coachee)
        for batch in 0..<10 {
            try await pair.host.runtime.database.write { transaction in
                for number in 0..<100 {
                    var note = first
                    note.name = "\(pair.name)/notes/made-\(batch)-\(number)"
                    note.body = body
                    _ = try Tables.notes.insert(note, in: transaction)
                }
            }
        }
        let export = try await ask(pair)
        try await gather(pair)
        let done = try await get(pair, export)
        #expect(done.state == .succeeded && done.sizeBytes > 20_000_000 && done.itemCount > 1000)
        let store = ExportStore(try ResourceName(export.name, Tables.Form.dataExports))
        var sizes: [Int] = []
        while let chunk = try await pair.host.runtime.database.read({ [number = sizes.count] in
            try store.chunk(after: number, in: $0)
        }) {
            sizes.append(chunk.count)
            #expect(chunk.last == UInt8(ascii: "\n"), "whole lines")
        }
        #expect(sizes.reduce(0, +) == Int(done.sizeBytes))
        #expect(sizes.max() ?? 0 <= RunningExport.chunkBytes + body.utf8.count + 1000)
    }

    @Test func twoAtATime() async throws {
        let pair = try await Pair.active()
        let first = try await ask(pair)
        _ = try await ask(pair, by: pair.officer)
        #expect(await refusal { try await ask(pair) } == "CAPACITY_FULL")
        _ = try await pair.service.cancelDataExport(
            CancelDataExportRequest(name: first.name), pair.by(pair.coachee))
        _ = try await ask(pair)
        try await gather(pair)
        #expect(try await get(pair, first).state == .cancelled)
        #expect(try await lines(pair, first).isEmpty)
    }

    @Test func itIsAskedByThePersonOrAnOfficer() async throws {
        let pair = try await Pair.active()
        for context in [pair.by(pair.coach), pair.admin, pair.auditor] {
            #expect(await refusal { try await ask(pair, by: context) } == "NOT_PARTY")
        }
        _ = try await ask(pair, by: pair.host.context(person: pair.coachee, purpose: "privacy"))
    }

    @Test("A service that is down is asked again; a restart begins again") func aRestartBeginsAgain() async throws {
        let pair = try await Pair.active()
        let export = try await ask(pair)
        // No other service is configured.
        await #expect(throws: (any Error).self) { try await RunningExport(runtime: pair.host.runtime).runAll() }
        #expect(try await get(pair, export).state == .running)
        let host = try await pair.host.restarted()
        try await RunningExport(runtime: host.runtime, services: ["relationships"]).runAll()
        let done = try await host.service.getDataExport(GetDataExportRequest(name: export.name), pair.officer)
        #expect(done.state == .succeeded && done.itemCount > 0)
    }
}

extension DataExport {
    fileprivate var id: String { String(name.split(separator: "/").last ?? "") }
}
