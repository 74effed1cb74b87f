import NIOCore
import NIOEmbedded
import Standard
import Testing

@testable import RPC

/// What a server has sent before its status is read after it, in the reader's own time.
@Suite struct LateReadingTests {
    private let script = ScriptedChannel()

    /// Reads a call that has ended.
    /// - Returns: the messages, and the error that came after them; nil when the reader still waits.
    private func read(_ bytes: ByteBuffer...) -> (messages: Int, error: RPCError?)? {
        let call = ClientCall(
            "t.S/M", CallOptions(), request: framed(StringValue().serialized()), takesOneResponse: false,
            on: script.channel)
        call.start()
        let stream = script.attempts.succeed().streams[0]
        stream.begin()
        for bytes in bytes { stream.delegate?.received(bytes) }
        stream.delegate?.receivedEnd(trailers: ["grpc-status": "0"])
        let outcome = NIOLoopBoundBox<(Int, RPCError?)?>(nil, eventLoop: script.loop)
        _ = Task.immediateDetached(executorPreference: LoopExecutor(eventLoop: script.loop)) {
            var messages = 0
            do throws(RPCError) {
                while try await call.nextResponse() != nil { messages += 1 }
                outcome.value = (messages, nil)
            } catch {
                outcome.value = (messages, error)
            }
        }
        script.loop.run()
        return outcome.value
    }

    @Test func `messages are there after the status`() throws {
        let message = framed(StringValue(value: "a").serialized())
        let outcome = try #require(read(message, message))
        #expect(outcome.messages == 2)
        #expect(outcome.error == nil)
    }

    /// Found by fuzzing: the reader waited for ever.
    @Test func `a malformed message after a good one ends the reading`() throws {
        let outcome = try #require(
            read(framed(StringValue(value: "a").serialized()), ByteBuffer(bytes: [0x61, 0, 0, 0, 3])))
        #expect(outcome.messages == 1)
        #expect(outcome.error?.code == .internal)
    }
}
