import Standard
import Testing

@testable import Protobuf

/// Swift values, protobuf-c's structs and wire bytes hold the same.
@Suite struct RoundTripTests {
    @Test func randomMessagesComeBackAsTheyWere() throws {
        var random = SeededGenerator("randomMessagesComeBackAsTheyWere")
        for _ in 0..<2000 {
            var metadata: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...5, using: &random) { metadata[random.text()] = random.text(upTo: 40) }
            try check(ErrorInfo(reason: random.text(), domain: random.text(), metadata: metadata))
            var statuses: [String: HealthCheckResponse] = [:]
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                statuses[random.text()] = HealthCheckResponse(
                    status: .init(rawValue: .random(in: -2...5, using: &random)))
            }
            try check(HealthListResponse(statuses: statuses))
            try check(reflection(&random))
            try check(FileDescriptorResponse(fileDescriptorProto: (0..<3).map { _ in random.bytes(upTo: 400) }))
            try check(Int64Value(value: .random(in: .min ... .max, using: &random)))
            try check(UInt64Value(value: .random(in: .min ... .max, using: &random)))
            try check(DoubleValue(value: Double(bitPattern: .random(in: 0...UInt64(0x7fe) << 52, using: &random))))
            try check(FieldMask(paths: (0..<Int.random(in: 0...5, using: &random)).map { _ in random.text() }))
        }
    }

    private func check<M: Message>(_ message: M, _ location: SourceLocation = #_sourceLocation) throws {
        let bytes = message.serialized()
        #expect(try M(serialized: bytes) == message, sourceLocation: location)
        // Maps are sorted: equal messages have equal bytes.
        #expect(try M(serialized: bytes).serialized() == bytes, sourceLocation: location)
    }

    private func reflection(_ random: inout SeededGenerator) -> ServerReflectionResponse {
        var message = ServerReflectionResponse(validHost: random.text())
        if Bool.random(using: &random) {
            message.originalRequest = ServerReflectionRequest(
                host: random.text(),
                messageRequest: [
                    nil, .fileByFilename(random.text()), .listServices(""),
                    .fileContainingExtension(ExtensionRequest(containingType: random.text(), extensionNumber: -1)),
                ].randomElement(using: &random) ?? nil)
        }
        message.messageResponse =
            [
                nil, .errorResponse(ErrorResponse(errorCode: 5, errorMessage: random.text())),
                .listServicesResponse(
                    ListServiceResponse(service: [ServiceResponse(name: random.text()), ServiceResponse()])),
                .allExtensionNumbersResponse(ExtensionNumberResponse(extensionNumber: [.min, -1, 0, 1, .max])),
            ].randomElement(using: &random) ?? nil
        return message
    }

    @Test func aOneofKnowsWhichMemberIsSetEvenWhenItIsEmpty() throws {
        let empty = ServerReflectionRequest(messageRequest: .listServices(""))
        #expect(empty.serialized() == [0x3a, 0])
        #expect(try ServerReflectionRequest(serialized: [0x3a, 0]) == empty)
        #expect(try ServerReflectionRequest(serialized: []).messageRequest == nil)
        // The last member on the wire counts.
        let both: [UInt8] = [0x3a, 1, 0x61, 0x1a, 1, 0x62]
        #expect(try ServerReflectionRequest(serialized: both).messageRequest == .fileByFilename("b"))
    }

    @Test func anUnknownEnumValueSurvives() throws {
        let message = try HealthCheckResponse(serialized: [0x08, 42])
        #expect(message.status == .unrecognized(42))
        #expect(message.serialized() == [0x08, 42])
        #expect(HealthCheckResponse(status: .init(rawValue: -1)).serialized().count == 11)
    }

    @Test func defaultsTakeNoBytes() {
        #expect(ErrorInfo().serialized() == [])
        #expect(HealthCheckResponse(status: .unknown).serialized() == [])
        #expect(ServerReflectionResponse(originalRequest: .init()).serialized() == [0x12, 0])
    }

    @Test func aLaterMapEntryWins() throws {
        let entry: (UInt8) -> [UInt8] = { [0x1a, 6, 0x0a, 1, 0x6b, 0x12, 1, $0] }
        #expect(try ErrorInfo(serialized: entry(0x61) + entry(0x62)).metadata == ["k": "b"])
        // A key or a value that is missing is its default.
        #expect(try ErrorInfo(serialized: [0x1a, 0]).metadata == ["": ""])
        #expect(try HealthListResponse(serialized: [0x0a, 3, 0x0a, 1, 0x6b]).statuses == ["k": HealthCheckResponse()])
    }

    @Test func aMessageGivenTwiceIsMerged() throws {
        let message = try ServerReflectionResponse(serialized: [0x12, 3, 0x0a, 1, 0x61, 0x12, 2, 0x3a, 0])
        #expect(message.originalRequest == ServerReflectionRequest(host: "a", messageRequest: .listServices("")))
    }
}

/// Memory of one decoding has a bound and is given back in one piece.
@Suite struct ArenaTests {
    @Test func allocationsAreAlignedAndApart() {
        let arena = Arena()
        var last: UnsafeMutableRawPointer?
        for size in [1, 7, 16, 0, 33, 20_000, 1] {
            let memory = arena.require(size)
            #expect(Int(bitPattern: memory) % 16 == 0)
            #expect(memory != last)
            memory.initializeMemory(as: UInt8.self, repeating: 0xa5, count: size)
            last = memory
        }
    }

    @Test func nothingIsHadPastTheLimit() {
        let arena = Arena(limit: 100_000)
        #expect(arena.allocate(100_001) == nil)
        #expect(arena.allocate(.max) == nil)
        var count = 0
        while arena.allocate(1000) != nil, count < 1000 { count += 1 }
        #expect((80...120).contains(count))
    }

    @Test func aMessageThatNeedsTooMuchIsRefused() {
        let message = FileDescriptorResponse(fileDescriptorProto: [[UInt8](repeating: 1, count: 50_000)])
        #expect(throws: DecodingError.tooMuchMemory(limit: 10_000)) {
            try FileDescriptorResponse(serialized: message.serialized(), limits: DecodingLimits(memory: 10_000))
        }
    }

    @Test func aNestedUseDoesNotDisturbTheOuterOne() {
        Arena.withScratch(limit: 1 << 20) { outer in
            let memory = outer.string("outer")
            Arena.withScratch(limit: 1 << 20) { inner in
                #expect(inner !== outer)
                _ = inner.string("inner")
            }
            #expect(Reading.string(memory) == "outer")
        }
    }
}

/// A message field that is not repeated may come in parts: they are one (protobuf encoding guide, "Last One Wins").
@Suite struct MergingTests {
    private func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.field(number, content)
        return writer.bytes
    }

    private func request(host: String? = nil, _ rest: [UInt8] = []) -> [UInt8] {
        (host.map { field(1, Array($0.utf8)) } ?? []) + rest
    }

    @Test func theMembersOfAOneofThatAreSetWithinThePartsAreMergedToo() throws {
        // extension_request of message_request (a oneof) in original_request.
        let first = field(2, request(host: "a", field(5, field(1, Array("T".utf8)))))
        let second = field(2, request(host: "b", field(5, [0x10, 7])))
        let message = try ServerReflectionResponse(serialized: first + second)
        #expect(
            message.originalRequest
                == ServerReflectionRequest(
                    host: "b",
                    messageRequest: .fileContainingExtension(ExtensionRequest(containingType: "T", extensionNumber: 7)))
        )
    }

    @Test func anotherMemberOfTheOneofBetweenThePartsWins() throws {
        let type = field(5, field(1, Array("T".utf8)))
        let number = field(5, [0x10, 7])
        let symbol = field(4, Array("s".utf8))
        let last = try ServerReflectionRequest(serialized: type + symbol + number)
        #expect(
            last.messageRequest == .fileContainingExtension(ExtensionRequest(containingType: "", extensionNumber: 7)))
        let merged = try ServerReflectionRequest(serialized: type + number)
        #expect(
            merged.messageRequest == .fileContainingExtension(ExtensionRequest(containingType: "T", extensionNumber: 7))
        )
        let other = try ServerReflectionRequest(serialized: type + number + symbol)
        #expect(other.messageRequest == .fileContainingSymbol("s"))
    }

    @Test func whatIsMergedCountsTwice() {
        let part = field(2, request(host: String(repeating: "x", count: 1000)))
        let limits = DecodingLimits(memory: 2000)
        #expect(throws: DecodingError.tooMuchMemory(limit: 2000)) {
            try ServerReflectionResponse(serialized: part + part, limits: limits)
        }
        #expect(throws: Never.self) { try ServerReflectionResponse(serialized: part, limits: limits) }
    }
}
