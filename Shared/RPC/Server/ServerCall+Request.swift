import HTTP
import NIOCore

// The request of a call: its messages, in whichever codec they come, and the credit for them.
extension ServerCall {
    /// What is answered when a message cannot be read.
    @usableFromInline
    nonisolated var malformed: StatusCode { context.malformed }

    nonisolated(nonsending)
        func read(json message: ByteBuffer) async throws(RPCError) -> ByteBuffer
    {
        let (codec, type, mapping) = (codec, method.input, server.mapping)
        guard message.readableBytes > Codec.largestOnLoop else {
            return try codec.binary(message, type, by: mapping)
        }
        let result = await withTaskExecutorPreference(globalConcurrentExecutor) {
            Result { () throws(RPCError) in try codec.binary(message, type, by: mapping) }
        }
        return try result.get()
    }

    /// The next message of a streaming request, nil at its end. From any task.
    nonisolated(nonsending)
        func nextRequest() async throws(RPCError) -> ByteBuffer?
    {
        let next = Waiter<ByteBuffer?>()
        onLoop { $0.read(next) }
        guard let message = try await next.value() else { return nil }
        return codec == .proto ? message : try await read(json: message)
    }

    private func read(_ next: Waiter<ByteBuffer?>) {
        do throws(FramingError) {
            try inbox.wait(next)
            returnCredit()
        } catch {
            abort(requestError(error))
        }
    }

    /// Tells the exchange what the call holds, after anything has arrived, was taken or waits.
    func tellHeld() {
        let held = isEnded ? 0 : inbox.byteCount + outbox.byteCount + voice.heldBytes + (request?.readableBytes ?? 0)
        guard held != heldBytes else { return }
        heldBytes = held
        exchange.hold(held)
    }

    func returnCredit() {
        tellHeld()
        let credit = inbox.takeCredit()
        if credit > 0 { exchange.consume(credit) }
        let received = inbox.takeCount()
        if received > 0 { exchange.countMessages(sent: 0, received: received) }
    }

    private func takeSingleRequest() throws(FramingError) {
        switch (try inbox.take(), try inbox.take()) {
        case (.message(let message)?, .end(nil)?):
            request = message
            makeReady()
        case (.end(let error?)?, _), (.message?, .end(let error?)?):
            end(error)
        case (.message?, _):
            end(RPCError(.unimplemented, "\(method.path) takes one message, more were sent"))
        default:
            end(RPCError(.unimplemented, "\(method.path) takes one message, none was sent"))
        }
    }

    private func requestError(_ error: FramingError) -> RPCError {
        switch error {
        case .tooLarge(let length, let limit):
            RPCError(.resourceExhausted, "the message has \(length) bytes, \(limit) are allowed")
        case .illegalFlag(let flag):
            RPCError(.internal, "\(flag) is not a legal flag of a message")
        case .compressedWithoutEncoding:
            RPCError(.internal, "the message is flagged as compressed, but the head does not say how")
        case .corrupt(let coding):
            RPCError(malformed, "the message is not valid \(coding.rawValue)")
        case .notBase64:
            RPCError(malformed, "the body is not Base64")
        }
    }
}

extension ServerCall: ExchangeDelegate {
    @usableFromInline
    func received(_ bytes: ByteBuffer) {
        guard !isEnded else { return exchange.consume(bytes.readableBytes) }
        driver.burstBegan()
        do throws(FramingError) {
            let messages = try voice.read(bytes)
            // What a voice keeps back, or is less of once it is decoded, waits for nobody.
            let kept = bytes.readableBytes - messages.readableBytes
            if kept > 0 { exchange.consume(kept) }
            try inbox.append(messages)
            try inbox.serve()
            returnCredit()
        } catch {
            abort(requestError(error))
        }
    }

    @usableFromInline
    func receivedEnd(trailers: Headers) {
        guard !isEnded else { return }
        driver.burstBegan()
        do throws(FramingError) {
            if let messages = try voice.readEnd() { try inbox.append(messages) }
            inbox.finish(nil)
            try method.takesOneRequest ? takeSingleRequest() : inbox.serve()
            returnCredit()
        } catch {
            abort(requestError(error))
        }
    }

    @usableFromInline
    func becameWritable() {
        while !isEnded, exchange.isWritable, let message = outbox.popFirst() { send(message) }
        tellHeld()
    }

    @usableFromInline
    func cancelled(_ reason: ExchangeCancellation) {
        guard !isEnded else { return }
        guard reason != .shed else {
            return cancel(RPCError(.resourceExhausted, "the server holds too much for all its callers"))
        }
        cancel(RPCError(.cancelled, "the caller is gone: \(reason)"))
    }
}
