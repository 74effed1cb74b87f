import Testing

@testable import Storage

@Suite struct PageTokenTests {
    private let key = [UInt8](repeating: 7, count: 32)

    @Test func aTokenOpensForItsOwnArgumentsAndFitsIntoAUrl() throws {
        let seed = freshSeed("aTokenOpensForItsOwnArgumentsAndFitsIntoAUrl")
        var random = SeededGenerator(state: seed)
        let sealer = try PageTokenSealer(key: key)
        for length in Array(0...70) + [PageTokenSealer.positionLimit] {
            let position = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let token = try sealer.seal(position, arguments: [1, 2])
            #expect(token.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil, "seed \(seed)")
            #expect(try sealer.open(token, arguments: [1, 2]) == position, "seed \(seed)")
        }
    }

    @Test func anyReplicaWithTheKeyOpensIt() throws {
        let token = try PageTokenSealer(key: key).seal([1], arguments: [])
        #expect(try PageTokenSealer(key: key).open(token, arguments: []) == [1])
    }

    @Test func otherArgumentsOrAnotherKeyAreRefused() throws {
        let sealer = try PageTokenSealer(key: key)
        let token = try sealer.seal([1, 2, 3], arguments: [1])
        #expect(throws: StorageError.pageToken) { try sealer.open(token, arguments: [2]) }
        #expect(throws: StorageError.pageToken) { try sealer.open(token, arguments: []) }
        let foreign = try PageTokenSealer(key: [UInt8](repeating: 8, count: 32))
        #expect(throws: StorageError.pageToken) { try foreign.open(token, arguments: [1]) }
    }

    @Test func aTokenChangedInAnyPlaceIsRefused() throws {
        let sealer = try PageTokenSealer(key: key)
        // 33 + 3 bytes are 48 characters without spare bits, so every character counts.
        let token = Array(try sealer.seal([1, 2, 3], arguments: [1]).utf8)
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(throws: StorageError.pageToken, "character \(index)") {
                try sealer.open(String(decoding: changed, as: UTF8.self), arguments: [1])
            }
        }
        for length in 0..<token.count {
            #expect(throws: StorageError.pageToken) {
                try sealer.open(String(decoding: token.prefix(length), as: UTF8.self), arguments: [1])
            }
        }
    }

    @Test(arguments: [
        "", "A", "====", "AQ==", "a b", "ä", "\u{0}", "AAAA+AAA", "AAAA/AAA", String(repeating: "A", count: 5000),
    ])
    func whatIsNoTokenIsRefused(_ text: String) throws {
        let sealer = try PageTokenSealer(key: key)
        #expect(throws: StorageError.pageToken) { try sealer.open(text, arguments: []) }
    }

    @Test func shortKeysAndLongPositionsAreRefused() throws {
        #expect(throws: StorageError.self) { try PageTokenSealer(key: [UInt8](repeating: 1, count: 31)) }
        let sealer = try PageTokenSealer(key: key)
        #expect(throws: StorageError.self) {
            try sealer.seal([UInt8](repeating: 1, count: PageTokenSealer.positionLimit + 1), arguments: [])
        }
    }
}
