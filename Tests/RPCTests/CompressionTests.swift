import Compression
import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

/// Compressed messages (gRPC doc/compression.md), at both depths.
@Suite(.timeLimit(.minutes(1))) struct MessageCompressionTests {
    private static let long = String(repeating: "kept. ", count: 2000)

    private static let methods: [Method] = [
        // What came is answered, in the coding that the first word of the message asks for.
        .unary("t.S", "Echo") { (request: StringValue, context) in
            let wanted = request.value.split(separator: " ").first.map(String.init) ?? ""
            if wanted != "mirror" { context.responseCoding = ContentCoding(rawValue: wanted) }
            context.initialMetadata.add("x-came-compressed", "\(context.receivedCompressed)")
            return request
        },
        .bidirectionalStreaming("t.S", "Alternate") {
            (requests: RequestStream<StringValue>, context, responses: ResponseWriter<StringValue>) in
            context.responseCoding = .gzip
            var compresses = true
            for try await request in requests {
                try await responses.write(
                    StringValue(value: "\(context.receivedCompressed) \(request.value)"), compresses: compresses)
                compresses.toggle()
            }
        },
    ]

    private func echo(
        _ channel: RPC.Channel, _ wanted: String, _ coding: ContentCoding? = nil
    ) async throws -> CallRecord {
        let record = CallRecord()
        var options = CallOptions()
        options.requestCoding = coding
        options.record = record
        let text = "\(wanted) \(Self.long)"
        let answer: StringValue = try await channel.unary("t.S/Echo", StringValue(value: text), options)
        #expect(answer.value == text)
        return record
    }

    @Test(arguments: Depth.allCases, ContentCoding.allCases)
    func `each direction by itself`(_ depth: Depth, _ coding: ContentCoding) async throws {
        try await depth.serve(Self.methods) { channel in
            let upward = try await echo(channel, "identity", coding)
            #expect(upward.initialMetadata?["x-came-compressed"] == "true")
            #expect(!upward.receivedCompressed)
            let downward = try await echo(channel, coding.rawValue)
            #expect(downward.initialMetadata?["x-came-compressed"] == "false")
            #expect(downward.receivedCompressed)
        }
    }

    @Test(arguments: Depth.allCases) func `a server answers as it was asked, unless the handler says otherwise`(
        _ depth: Depth
    ) async throws {
        try await depth.serve(Self.methods) { channel in
            let mirrored = try await echo(channel, "mirror", .zstd)
            #expect(mirrored.receivedCompressed)
            let plain = try await echo(channel, "mirror")
            #expect(!plain.receivedCompressed)
        }
    }

    @Test(arguments: Depth.allCases) func `single messages may stay as they are`(_ depth: Depth) async throws {
        try await depth.serve(Self.methods) { channel in
            let record = CallRecord()
            var options = CallOptions()
            options.requestCoding = .deflate
            options.record = record
            let call: BidirectionalCall<StringValue, StringValue> = try await channel.bidirectionalStreaming(
                "t.S/Alternate", options)
            var answers = call.responses.makeAsyncIterator()
            for number in 0..<6 {
                try await call.requests.write(StringValue(value: Self.long), compresses: number < 3)
                #expect(try await answers.next()?.value == "\(number < 3) \(Self.long)")
                #expect(record.receivedCompressed == (number % 2 == 0))
            }
            call.requests.finish()
            #expect(try await answers.next() == nil)
        }
    }

    @Test(arguments: Depth.allCases) func `the limit holds for what was compressed`(_ depth: Depth) async throws {
        var serverOptions = ServerOptions()
        serverOptions.maxRequestBytes = 50_000
        try await depth.serve(Self.methods, options: serverOptions) { channel in
            let bomb = StringValue(value: "gzip " + String(repeating: "0", count: 60_000))
            var options = CallOptions()
            options.requestCoding = .gzip
            let request = await failure { let _: StringValue = try await channel.unary("t.S/Echo", bomb, options) }
            #expect(request?.code == .resourceExhausted)
            options.requestCoding = nil
            options.maxResponseBytes = 10_000
            let text = StringValue(value: "gzip " + String(repeating: "0", count: 40_000))
            let response = await failure { let _: StringValue = try await channel.unary("t.S/Echo", text, options) }
            #expect(response?.code == .resourceExhausted)
        }
    }

    @Test func `a peer that does not read a coding does not get it`() {
        for (header, taken) in [
            ("identity,gzip", true), (" deflate , gzip ", true), ("deflate", false), ("gzipped", false),
        ] {
            #expect(MessageEncoding.accepts(header, .gzip) == taken, "\(header)")
        }
        #expect(!MessageEncoding.accepts(nil, .gzip))
    }

    @Test func `what would not become smaller is sent as it is`() {
        let short = framed(Array("short".utf8))
        #expect(ContentCoding.gzip.compressed(framed: short) == short)
        var random = Seeded()
        let noise = framed((0..<1000).map { _ in UInt8.random(in: 0...255, using: &random) })
        #expect(ContentCoding.gzip.compressed(framed: noise) == noise, "seed \(random.seed)")
    }
}
