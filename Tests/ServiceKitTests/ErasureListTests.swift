import FoundationEssentials
import Glibc
import Schema
import Testing

@testable import ServiceKit

/// docs/domain.md §6.10: what a backup does not hold.
@Suite struct ErasureListTests {
    private let list = ErasureList(
        path: FileManager.default.temporaryDirectory.appending(path: "erasures-\(UUID())").path)
    private let names = (1...3).map { "organizations/acme/people/p\($0)/erasures/e\($0)" }

    private func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: list.path))
    }

    @Test func whatWasAddedIsThereInOrderAndOnce() throws {
        #expect(try list.names().isEmpty)
        try list.add([names[1]])
        try list.add([names[0], names[1]])
        try list.add([])
        #expect(try list.names() == [names[1], names[0]])
        var status = stat()
        #expect(stat(list.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func aLineThatACrashHasCutSpoilsNoOther() throws {
        try write("\(names[0])\n\(names[1].prefix(24))")
        #expect(try list.names() == [names[0]])
        try list.add([names[2]])
        #expect(try list.names() == [names[0], names[2]])
    }

    @Test func whatCannotBeWrittenIsSaid() {
        let nowhere = ErasureList(path: "/nowhere/at/all")
        #expect(throws: ErasureList.Failure.self) { try nowhere.add(names) }
    }

    @Test func whatCannotBeReadIsNotTakenForNothing() throws {
        try FileManager.default.createDirectory(atPath: list.path, withIntermediateDirectories: false)
        #expect(throws: ErasureList.Failure.self) { try list.names() }
    }

    @Test func aFileThatIsTooLargeIsSaid() throws {
        try write(String(repeating: "x", count: ErasureList.maximumBytes + 1))
        #expect(throws: ErasureList.Failure.self) { try list.names() }
    }
}

@Suite struct ParcelTests {
    private func item(_ bytes: Int) -> PersonalItem {
        PersonalItem(type: "x", json: String(repeating: "x", count: bytes))
    }

    @Test func aPageOfLongTextsIsSeveralMessages() {
        #expect([PersonalItem]().parcels.isEmpty)
        #expect(Array(repeating: item(10), count: 100).parcels.map(\.count) == [100])
        let long = Array(repeating: item(100_000), count: 10)
        #expect(long.parcels.map(\.count) == [3, 3, 3, 1])
        #expect(long.parcels.flatMap(\.self) == long)
    }
}
