import Compression
import HTTP
import NIOCore
import Standard

@testable import RPC

/// A service whose requests say what is to be answered: words, one after the other.
///
/// `fail:CODE` refuses with that code at the end; `wait` waits for ever first; `time` answers the milliseconds that are
/// left; `headers` answers the caller's x-conformance-test; `silent` gives nothing. Anything else is given back. What a
/// stream answers is each word of its requests.
enum Conformance {
    static let service = "conformance.v1.ConformanceService"

    static let methods: [Method] = [
        .unary(service, "Unary", unary),
        .unary(service, "IdempotentUnary", unary).withoutSideEffects,
        .serverStreaming(service, "ServerStream") { (request: StringValue, context, responses) in
            try await answer([request.value], context, responses)
        },
        .clientStreaming(service, "ClientStream") { (requests: RequestStream<StringValue>, context) in
            var texts: [String] = []
            for try await request in requests { texts.append(request.value) }
            return StringValue(value: try await words(of: texts, context).joined(separator: " "))
        },
        .bidirectionalStreaming(service, "BidiStream") {
            (requests: RequestStream<StringValue>, context, responses: ResponseWriter<StringValue>) in
            for try await request in requests { try await answer([request.value], context, responses) }
        },
        .bidirectionalStreaming(service, "HalfDuplex") {
            (requests: RequestStream<StringValue>, context, responses: ResponseWriter<StringValue>) in
            var texts: [String] = []
            for try await request in requests { texts.append(request.value) }
            try await answer(texts, context, responses)
        },
    ]

    @Sendable private static func unary(_ request: StringValue, _ context: ServerContext) async throws -> StringValue {
        StringValue(value: try await words(of: [request.value], context).joined(separator: " "))
    }

    private static func answer(
        _ texts: [String], _ context: ServerContext, _ responses: ResponseWriter<StringValue>
    ) async throws {
        dress(context)
        for word in texts.flatMap({ $0.split(separator: " ") }) {
            if let answer = try await self.word(word, context) { try await responses.write(StringValue(value: answer)) }
        }
    }

    private static func words(of texts: [String], _ context: ServerContext) async throws -> [String] {
        dress(context)
        var answers: [String] = []
        for word in texts.flatMap({ $0.split(separator: " ", omittingEmptySubsequences: true) }) {
            if let answer = try await self.word(word, context) { answers.append(answer) }
        }
        return answers
    }

    /// Metadata of the answer, each name twice.
    private static func dress(_ context: ServerContext) {
        guard context.initialMetadata.isEmpty else { return }
        context.initialMetadata = ["x-custom-header": "foo", "X-Custom-Header": "bar"]
        context.initialMetadata.add("x-custom-bin", bytes: [0, 255])
        context.trailingMetadata = ["x-custom-trailer": "bing", "X-Custom-Trailer": "quux"]
    }

    private static func word(_ word: Substring, _ context: ServerContext) async throws -> String? {
        switch word {
        case "silent": return nil
        case "wait":
            try await Waiter<Void>().value()
            return nil
        case "time":
            return String((context.deadline?.remaining.clampedNanoseconds ?? -1_000_000) / 1_000_000)
        case "headers":
            let bytes = context.metadata.bytes("x-conformance-bin").map { "\($0)" }
            return (context.metadata.values("x-conformance-test") + bytes).joined(separator: ",")
        case _ where word.hasPrefix("fail:"):
            let code = StatusCode.allCases.first { $0.name == word.dropFirst(5) } ?? .ok
            throw RPCError(code, "no: ☺ and 😈\n").retrying(after: .seconds(3))
        default: return String(word)
        }
    }
}
