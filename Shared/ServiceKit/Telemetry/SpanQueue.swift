import RPC
import Synchronization

/// Spans between the event loops that end them and the exporter. When it is full the newest are dropped, and counted.
final class SpanQueue: SpanRecorder {
    /// As OpenTelemetry's batch span processor has it.
    static let limit = 2048
    static let batchSize = 512

    private struct State {
        var spans: [Span] = []
        var dropped: UInt64 = 0
    }

    private let state = Mutex(State())
    /// Told when a batch is full.
    private let onBatch: @Sendable () -> Void

    init(onBatch: @escaping @Sendable () -> Void) { self.onBatch = onBatch }

    func record(_ span: Span) {
        let isBatch = state.withLock { state in
            guard state.spans.count < Self.limit else {
                state.dropped += 1
                return false
            }
            state.spans.append(span)
            return state.spans.count == Self.batchSize
        }
        if isBatch { onBatch() }
    }

    /// The oldest spans, at most a batch.
    func take() -> [Span] {
        state.withLock { state in
            let batch = Array(state.spans.prefix(Self.batchSize))
            state.spans.removeFirst(batch.count)
            return batch
        }
    }

    var dropped: UInt64 { state.withLock { $0.dropped } }
}
