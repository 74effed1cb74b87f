import RPC
import Standard

extension TestCases {
    func customMetadata() async throws {
        let initial = "test_initial_metadata_value"
        let trailing: [UInt8] = [0xab, 0xab, 0xab]
        var options = CallOptions()
        options.metadata.add(TestServer.echoInitial, initial)
        options.metadata.add(TestServer.echoTrailing, bytes: trailing)

        let record = CallRecord()
        options.record = record
        let request = SimpleRequest(responseSize: 314_159, payload: Self.zeros(271_828))
        try expectEqual(try await service.unaryCall(request, options: options).payload, Self.zeros(314_159))
        try expectEqual(record.initialMetadata?[TestServer.echoInitial], initial)
        try expectEqual(record.trailingMetadata?.bytes(TestServer.echoTrailing), [trailing])

        let call = try await service.fullDuplexCall(options: options)
        try await call.requests.write(
            StreamingOutputCallRequest(
                responseParameters: [ResponseParameters(size: 314_159)], payload: Self.zeros(271_828)))
        call.requests.finish()
        var count = 0
        for try await response in call.responses {
            try expectEqual(response.payload?.body.count, 314_159)
            count += 1
        }
        try expectEqual(count, 1)
        try expectEqual(try await call.responses.initialMetadata[TestServer.echoInitial], initial)
        try expectEqual(call.responses.trailingMetadata.bytes(TestServer.echoTrailing), [trailing])
    }

    func statusCodeAndMessage() async throws {
        let status = EchoStatus(code: 2, message: "test status message")
        let unary = try await Self.failure { _ = try await service.unaryCall(SimpleRequest(responseStatus: status)) }
        try expectEqual(unary.code, .unknown)
        try expectEqual(unary.message, status.message)

        let streaming = try await Self.failure {
            let call = try await service.fullDuplexCall()
            try await call.requests.write(StreamingOutputCallRequest(responseStatus: status))
            call.requests.finish()
            for try await _ in call.responses {}
        }
        try expectEqual(streaming.code, .unknown)
        try expectEqual(streaming.message, status.message)
    }

    /// White space and characters beyond the first plane.
    func specialStatusMessage() async throws {
        let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
        let request = SimpleRequest(responseStatus: EchoStatus(code: 2, message: text))
        let error = try await Self.failure { _ = try await service.unaryCall(request) }
        try expectEqual(error.code, .unknown)
        try expectEqual(error.message, text)
    }

    func unimplementedMethod() async throws {
        let error = try await Self.failure { _ = try await service.unimplementedCall(ProtobufEmpty()) }
        try expectEqual(error.code, .unimplemented)
    }

    func unimplementedService() async throws {
        let error = try await Self.failure {
            _ = try await UnimplementedServiceClient(channel).unimplementedCall(ProtobufEmpty())
        }
        try expectEqual(error.code, .unimplemented)
    }
}
