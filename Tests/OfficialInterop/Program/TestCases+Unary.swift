import Compression
import RPC
import Standard

extension TestCases {
    func emptyUnary() async throws {
        try expectEqual(try await service.emptyCall(ProtobufEmpty()), ProtobufEmpty())
    }

    /// The answer may come from a proxy; without one between, it is the same as another.
    func cacheableUnary() async throws {
        var options = CallOptions()
        options.metadata.add("x-user-ip", "1.2.3.4")
        let request = SimpleRequest(payload: Payload(body: Array("1763".utf8)))
        let first = try await service.cacheableUnaryCall(request, options: options)
        try expectEqual(try await service.cacheableUnaryCall(request, options: options).payload, first.payload)
    }

    func largeUnary() async throws {
        let request = SimpleRequest(responseSize: 314_159, payload: Self.zeros(271_828))
        try expectEqual(try await service.unaryCall(request).payload, Self.zeros(314_159))
    }

    /// First a probe: a server that knows no compressed messages would let what is flagged wrongly pass.
    func clientCompressedUnary() async throws {
        let request = SimpleRequest(
            responseSize: 314_159, payload: Self.zeros(271_828), expectCompressed: BoolValue(value: true))
        let refused = try await Self.failure { _ = try await service.unaryCall(request) }
        try expectEqual(refused.code, .invalidArgument)
        for compresses in [true, false] {
            var request = request
            request.expectCompressed = BoolValue(value: compresses)
            var options = CallOptions()
            options.requestCoding = compresses ? .gzip : nil
            try expectEqual(try await service.unaryCall(request, options: options).payload, Self.zeros(314_159))
        }
    }

    func serverCompressedUnary() async throws {
        for compresses in [true, false] {
            let record = CallRecord()
            var options = CallOptions()
            options.record = record
            let request = SimpleRequest(
                responseSize: 314_159, payload: Self.zeros(271_828), responseCompressed: BoolValue(value: compresses))
            try expectEqual(try await service.unaryCall(request, options: options).payload, Self.zeros(314_159))
            try expectEqual(record.receivedCompressed, compresses)
        }
    }

    /// The same large call many times: over one channel, or over a new one each time.
    func soak(channels: Bool) async throws {
        let request = SimpleRequest(responseSize: 314_159, payload: Self.zeros(271_828))
        for _ in 0..<10 {
            let channel = channels ? another() : channel
            let answer = try await TestServiceClient(channel).unaryCall(
                request, options: CallOptions(timeout: .seconds(5)))
            try expectEqual(answer.payload, Self.zeros(314_159))
            if channels { await channel.close() }
        }
    }
}
