/// The events of an outbox as they commit: batches, never empty.
///
/// Ends after `.rebuild`, when the database closes, or when the reading task is cancelled. It reads only as fast as it
/// is asked.
public struct OutboxTail: AsyncSequence, Sendable {
    public typealias Element = OutboxBatch

    let outbox: Outbox
    let cursor: Cursor?
    let scope: String?
    let limit: Int

    public func makeAsyncIterator() -> Iterator {
        Iterator(
            outbox: outbox, cursor: cursor, scope: scope, limit: limit,
            commits: outbox.watch(scope: scope).makeAsyncIterator())
    }

    public struct Iterator: AsyncIteratorProtocol {
        let outbox: Outbox
        var cursor: Cursor?
        let scope: String?
        let limit: Int
        var commits: LatestValues<Int64>.Iterator
        var ended = false

        public mutating func next() async throws -> OutboxBatch? {
            while !ended {
                let batch = try await outbox.read(after: cursor, scope: scope, limit: limit)
                switch batch {
                case .rebuild:
                    ended = true
                    return batch
                case .events(let events, let next):
                    cursor = next
                    if !events.isEmpty { return batch }
                    ended = await !commit(after: next.position)
                }
            }
            return nil
        }

        /// False when the database closed or the task was cancelled. The listener was there before the read, so a
        /// commit since then has left its mark.
        private mutating func commit(after position: Int64) async -> Bool {
            while let newest = await commits.next() {
                if newest > position { return true }
            }
            return false
        }
    }
}
