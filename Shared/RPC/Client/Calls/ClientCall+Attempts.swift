import Compression
import HTTP
import NIOCore

// The attempts of a call: when another one is made, and what they receive.
extension ClientCall {
    func startAttempt() {
        let attempt = CallAttempt(self, number: started)
        started += 1
        attempts.append(attempt)
        channel.submit(attempt)
    }

    private func startAttempt(after delay: Duration) {
        nextAttempt = channel.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.clampedNanoseconds)) {
            self.nextAttempt = nil
            guard self.outcome == nil else { return }
            self.channel.counts?.repeated(self.number, .retry)
            self.startAttempt()
        }
    }

    /// The call stays with this attempt, and the others end.
    func commit(to attempt: CallAttempt) {
        guard !isCommitted else { return }
        isCommitted = true
        nextAttempt?.cancel()
        nextAttempt = nil
        if attempts.count > 1 {
            let others = attempts.filter { $0 !== attempt }
            attempts = [attempt]
            for other in others { other.cancel(as: .cancelled) }
        }
        channel.keptBytes -= requests.keptBytes
        requests.forget(before: attempt.sent)
    }

    /// An attempt has ended without an answer.
    func failed(_ attempt: CallAttempt, _ error: RPCError, isUnprocessed: Bool, pushBack: PushBack?) {
        guard outcome == nil else { return }
        guard !isCommitted else { return end(.failure(error), discarding: true) }
        attempts.removeAll { $0 === attempt }
        if isUnprocessed, !hasRetriedTransparently {
            // Once, and not counted (gRFC A6, "Transparent Retries"), after the transport has told everybody what
            // happened to it.
            hasRetriedTransparently = true
            channel.counts?.repeated(number, .transparent)
            let again = CallAttempt(self, number: attempt.number, isTransparent: true)
            attempts.append(again)
            return channel.eventLoop.assumeIsolated().execute {
                if self.outcome == nil { self.channel.submit(again) }
            }
        }
        switch config?.attempts {
        case .retry(let policy): retry(policy, after: error, pushBack)
        case .hedging(let policy): hedge(policy, after: error, pushBack)
        case nil: end(.failure(error), discarding: true)
        }
    }

    /// gRFC A6, "Retry Policy" and "Pushback".
    private func retry(_ policy: RetryPolicy, after error: RPCError, _ pushBack: PushBack?) {
        let isRetryable = policy.retryableCodes.contains(error.code)
        if isRetryable || pushBack == .stop { channel.throttle?.failed() }
        guard isRetryable, pushBack != .stop, started < policy.maxAttempts, channel.throttle?.allowsAnother ?? true
        else { return end(.failure(error), discarding: true) }
        if case .after(let delay) = pushBack {
            retriesSincePushBack = 0
            startAttempt(after: delay)
        } else {
            retriesSincePushBack += 1
            var generator = SystemRandomNumberGenerator()
            startAttempt(after: policy.delay(before: retriesSincePushBack, using: &generator))
        }
    }

    /// gRFC A6, "Hedging Policy".
    private func hedge(_ policy: HedgingPolicy, after error: RPCError, _ pushBack: PushBack?) {
        let isFatal = !policy.nonFatalCodes.contains(error.code)
        if !isFatal || pushBack == .stop { channel.throttle?.failed() }
        guard !isFatal else { return end(.failure(error), discarding: true) }
        if pushBack == .stop { hedgesNoMore = true }
        nextAttempt?.cancel()
        nextAttempt = nil
        if case .after(let delay) = pushBack { hedge(policy, after: delay) } else { hedge(policy, after: .zero) }
        if attempts.isEmpty, nextAttempt == nil { end(.failure(error), discarding: true) }
    }

    /// Starts the other attempts one after another, the next one in `delay`.
    func hedge(_ policy: HedgingPolicy, after delay: Duration) {
        var delay = delay
        while started < policy.maxAttempts, !hedgesNoMore, !isCommitted, outcome == nil,
            channel.throttle?.allowsAnother ?? true
        {
            guard delay <= .zero else {
                nextAttempt = channel.eventLoop.assumeIsolated()
                    .scheduleTask(in: .nanoseconds(delay.clampedNanoseconds)) {
                        self.nextAttempt = nil
                        self.hedge(policy, after: .zero)
                    }
                return
            }
            channel.counts?.repeated(number, .hedge)
            startAttempt()
            delay = policy.delay
        }
    }

    // MARK: What an attempt receives

    /// The server begins to answer.
    func received(_ head: ResponseHead, on attempt: CallAttempt) {
        guard outcome == nil else { return }
        commit(to: attempt)
        self.head = head
        switch MessageEncoding(wire: head.headers.value(of: "grpc-encoding")) {
        case .identity: break
        case .coding(let coding): inbox.coding = coding
        case .unknown(let name):
            return abort(RPCError(.internal, "grpc-encoding \(name.prefix(32)) is not known here"))
        }
        let record = inbox.coding == nil ? nil : options.record
        // A single response is taken only when the attempt is over.
        let span = response == nil ? attempt.span : nil
        if record != nil || span != nil {
            inbox.onTake = { isCompressed, byteCount in
                record?.receivedCompressed = isCompressed
                span?.receivedMessage(byteCount)
            }
        }
        let metadata = Metadata(received: head.headers)
        options.record?.initialMetadata = metadata
        for waiter in headWaiters { waiter.resolve(.success(metadata)) }
        headWaiters = []
    }

    func received(_ bytes: ByteBuffer) {
        guard outcome == nil else { return }
        do throws(FramingError) {
            try inbox.append(bytes)
            try inbox.serve()
            returnCredit()
        } catch {
            abort(responseError(error))
        }
    }

    func receivedEnd(_ trailers: Headers, _ outcome: StatusTrailers.Outcome, on attempt: CallAttempt) {
        guard self.outcome == nil else { return }
        commit(to: attempt)
        if outcome == .success { channel.throttle?.succeeded() }
        recordTrailers(Metadata(received: trailers))
        end(outcome, discarding: false)
    }
}
