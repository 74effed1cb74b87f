import Compression
import RPC
import Standard

extension TestCases {
    func clientStreaming() async throws {
        let answer = try await service.streamingInputCall { requests in
            for size in Self.sizes.request {
                try await requests.write(StreamingInputCallRequest(payload: Self.zeros(size)))
            }
        }
        try expectEqual(answer.aggregatedPayloadSize, 74_922)
    }

    func clientCompressedStreaming() async throws {
        let refused = try await Self.failure {
            _ = try await service.streamingInputCall { requests in
                try await requests.write(
                    StreamingInputCallRequest(payload: Self.zeros(27_182), expectCompressed: BoolValue(value: true)))
            }
        }
        try expectEqual(refused.code, .invalidArgument)
        var options = CallOptions()
        options.requestCoding = .gzip
        let answer = try await service.streamingInputCall(options: options) { requests in
            for (size, compresses) in [(27_182, true), (45_904, false)] {
                try await requests.write(
                    StreamingInputCallRequest(
                        payload: Self.zeros(size), expectCompressed: BoolValue(value: compresses)),
                    compresses: compresses)
            }
        }
        try expectEqual(answer.aggregatedPayloadSize, 73_086)
    }

    func serverStreaming() async throws {
        let request = StreamingOutputCallRequest(
            responseParameters: Self.sizes.response.map { ResponseParameters(size: $0) })
        var sizes: [Int32] = []
        for try await response in try await service.streamingOutputCall(request) {
            sizes.append(Int32(response.payload?.body.count ?? 0))
        }
        try expectEqual(sizes, Self.sizes.response)
    }

    func serverCompressedStreaming() async throws {
        let wanted: [(size: Int32, compressed: Bool)] = [(31_415, true), (92_653, false)]
        let record = CallRecord()
        var options = CallOptions()
        options.record = record
        let request = StreamingOutputCallRequest(
            responseParameters: wanted.map {
                ResponseParameters(size: $0.size, compressed: BoolValue(value: $0.compressed))
            })
        var count = 0
        for try await response in try await service.streamingOutputCall(request, options: options) {
            try expect(count < wanted.count, "more than \(wanted.count) answers")
            try expectEqual(response.payload?.body.count, Int(wanted[count].size))
            try expectEqual(record.receivedCompressed, wanted[count].compressed)
            count += 1
        }
        try expectEqual(count, wanted.count)
    }

    func pingPong() async throws {
        let call = try await service.fullDuplexCall()
        var answers = call.responses.makeAsyncIterator()
        for (request, response) in zip(Self.sizes.request, Self.sizes.response) {
            try await call.requests.write(
                StreamingOutputCallRequest(
                    responseParameters: [ResponseParameters(size: response)], payload: Self.zeros(request)))
            try expectEqual(try await answers.next()?.payload?.body.count, Int(response))
        }
        call.requests.finish()
        try expectEqual(try await answers.next(), nil)
    }

    func emptyStream() async throws {
        let call = try await service.fullDuplexCall()
        call.requests.finish()
        var answers = call.responses.makeAsyncIterator()
        try expectEqual(try await answers.next(), nil)
    }

    func cancelAfterBegin() async throws {
        // A stream that is cancelled before it has sent anything.
        let task = Task {
            try await service.streamingInputCall { _ in try await Task.sleep(for: .seconds(60)) }
        }
        try await channel.connect()
        task.cancel()
        let result = await task.result
        switch result {
        case .success: throw Disappointment(description: "the call was not cancelled")
        case .failure(let error as RPCError): try expectEqual(error.code, .cancelled)
        case .failure(let error): try expect(error is CancellationError, "\(error)")
        }
    }

    func cancelAfterFirstResponse() async throws {
        let call = try await service.fullDuplexCall()
        try await call.requests.write(
            StreamingOutputCallRequest(
                responseParameters: [ResponseParameters(size: 31_415)], payload: Self.zeros(27_182)))
        var answers = call.responses.makeAsyncIterator()
        try expectEqual(try await answers.next()?.payload?.body.count, 31_415)
        call.responses.cancel()
        let error = try await Self.failure { _ = try await answers.next() }
        try expectEqual(error.code, .cancelled)
    }

    func timeoutOnSleepingServer() async throws {
        let error = try await Self.failure {
            let call = try await service.fullDuplexCall(options: CallOptions(timeout: .milliseconds(1)))
            try? await call.requests.write(
                StreamingOutputCallRequest(
                    responseParameters: [ResponseParameters(size: 31_415, intervalUs: 500_000)],
                    payload: Self.zeros(27_182)))
            for try await _ in call.responses {}
        }
        try expectEqual(error.code, .deadlineExceeded)
    }
}
