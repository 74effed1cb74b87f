import Standard
import Testing

@testable import Protobuf

/// protobuf-c must never see bytes that it cannot take.
@Suite struct WireScanTests {
    private func decode<M: Message>(_ bytes: [UInt8], as type: M.Type, limits: DecodingLimits = .default) throws -> M {
        try M(serialized: bytes, limits: limits)
    }

    /// HttpRule holds HttpRules in field 11.
    private func nested(_ depth: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 1..<depth {
            var outer = WireWriter()
            outer.field(11, bytes)
            bytes = outer.bytes
        }
        return bytes
    }

    @Test func messagesNestOneHundredDeepAndNoDeeper() throws {
        #expect(throws: Never.self) { try decode(nested(100), as: HttpRule.self) }
        #expect(throws: DecodingError.tooDeep(limit: 100)) { try decode(nested(101), as: HttpRule.self) }
        #expect(throws: DecodingError.tooDeep(limit: 100)) { try decode(nested(10_000), as: HttpRule.self) }
    }

    @Test func fourMebibytesOfEmptySubmessagesAreRefused() {
        let bytes = [UInt8](repeating: 0, count: 4 << 20).enumerated().map { $0.offset % 2 == 0 ? UInt8(0x0a) : 0 }
        #expect(throws: DecodingError.tooMuchMemory(limit: Arena.defaultLimit)) {
            try decode(bytes, as: BadRequest.self)
        }
        #expect(throws: DecodingError.tooManyElements(limit: 1000)) {
            try decode(bytes, as: BadRequest.self, limits: DecodingLimits(elements: 1000))
        }
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc3], [0x80],
        ] as [[UInt8]])
    func stringsAreUTF8(_ text: [UInt8]) {
        #expect(throws: DecodingError.invalidUTF8(field: 1)) {
            try decode([0x0a, UInt8(text.count)] + text, as: ErrorInfo.self)
        }
    }

    @Test func stringsHoldNoNUL() {
        #expect(throws: DecodingError.nulInString(field: 1)) {
            try decode([0x0a, 3, 0x61, 0, 0x62], as: ErrorInfo.self)
        }
    }

    @Test func bytesMayHoldAnything() throws {
        let bytes: [UInt8] = [0, 0xff, 0, 0xc0]
        #expect(try decode([0x12, 4] + bytes, as: ProtobufAny.self).value == bytes)
    }

    @Test(
        arguments: [
            [0x00, 0x01],  // field number 0
            [0x02, 0x00],
            [0x80, 0x80, 0x80, 0x80, 0x10, 0x00],  // field number 2^29
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],  // more than 64 bits
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],  // eleven bytes
        ] as [[UInt8]])
    func malformedTagsAreRefused(_ bytes: [UInt8]) {
        #expect(throws: DecodingError.malformedTag) { try decode(bytes, as: ErrorInfo.self) }
    }

    @Test(arguments: [0x0b, 0x0c, 0x0e, 0x0f, 0x9b] as [UInt8])
    func groupsAndUnknownWireTypesAreRefused(_ tag: UInt8) {
        #expect(throws: DecodingError.self) { try decode([tag, 0x06, 0x0c], as: ErrorInfo.self) }
    }

    @Test func knownFieldsHaveTheirOwnWireType() {
        #expect(throws: DecodingError.unexpectedWireType(field: 1)) { try decode([0x08, 1], as: ErrorInfo.self) }
        #expect(throws: DecodingError.unexpectedWireType(field: 3)) { try decode([0x18, 1], as: ErrorInfo.self) }
        #expect(throws: DecodingError.unexpectedWireType(field: 1)) { try decode([0x0a, 1, 5], as: RPCStatus.self) }
        #expect(throws: DecodingError.unexpectedWireType(field: 1)) {
            try decode([0x0d, 0, 0, 0, 0], as: RPCStatus.self)
        }
    }

    @Test func aMessageCutAtAnyByteIsAnErrorOrAShorterMessage() throws {
        let whole = ServerReflectionResponse(
            validHost: "example",
            originalRequest: ServerReflectionRequest(host: "h", messageRequest: .listServices("*")),
            messageResponse: .allExtensionNumbersResponse(
                ExtensionNumberResponse(baseTypeName: "t", extensionNumber: [1, 300, 70_000])))
        let bytes = whole.serialized()
        #expect(try decode(bytes, as: ServerReflectionResponse.self) == whole)
        var errors = 0
        for count in 0..<bytes.count {
            do {
                #expect(try decode([UInt8](bytes.prefix(count)), as: ServerReflectionResponse.self) != whole)
            } catch {
                errors += 1
            }
        }
        // Only between top-level fields is the rest still a message: nothing, one field, two fields.
        #expect(errors == bytes.count - 3)
    }

    @Test func listsOfNumbersComePackedOrNot() throws {
        let packed: [UInt8] = [0x12, 4, 1, 0xac, 0x02, 3]
        let single: [UInt8] = [0x10, 1, 0x10, 0xac, 0x02, 0x10, 3]
        #expect(try decode(packed, as: ExtensionNumberResponse.self).extensionNumber == [1, 300, 3])
        #expect(try decode(single, as: ExtensionNumberResponse.self).extensionNumber == [1, 300, 3])
        #expect(try decode(packed + single, as: ExtensionNumberResponse.self).extensionNumber.count == 6)
        #expect(throws: DecodingError.truncated) { try decode([0x12, 2, 1, 0x80], as: ExtensionNumberResponse.self) }
    }

    @Test func packedElementsCount() {
        #expect(throws: DecodingError.tooManyElements(limit: 1000)) {
            try decode(
                [0x12, 0xe9, 0x07] + [UInt8](repeating: 1, count: 1001), as: ExtensionNumberResponse.self,
                limits: DecodingLimits(elements: 1000))
        }
    }

    @Test func unknownFieldsAreSkipped() throws {
        let unknown: [UInt8] = [
            0x98, 0x06, 0x05, 0xa2, 0x06, 2, 1, 2, 0xad, 0x06, 1, 2, 3, 4, 0xb1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8,
        ]
        #expect(try decode(unknown + [0x0a, 1, 0x61], as: ErrorInfo.self) == ErrorInfo(reason: "a"))
        #expect(throws: DecodingError.truncated) { try decode([0xa2, 0x06, 9, 1], as: ErrorInfo.self) }
    }

    @Test func randomBytesNeverHarm() {
        var random = SeededGenerator("randomBytesNeverHarm")
        var messages = 0
        for _ in 0..<50_000 {
            let bytes = random.bytes(upTo: 40)
            if (try? decode(bytes, as: ServerReflectionResponse.self)) != nil { messages += 1 }
            if let rule = try? decode(bytes, as: HttpRule.self) {
                messages += 1
                #expect((try? decode(rule.serialized(), as: HttpRule.self)) == rule)
            }
        }
        #expect(messages > 0)
    }
}
