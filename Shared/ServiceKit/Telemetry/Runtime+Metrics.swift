import Storage

extension Runtime {
    /// The database, the events and what time has still to do.
    @Sendable func write(to text: inout MetricFamilies) async {
        writeStorage(to: &text)
        writeConsumers(to: &text)
        text.value(
            "rapport_requests_purged_total", .counter, "Request ids forgotten for their age.",
            Double(purgedRequests.load(ordering: .relaxed)))
        // A database that no longer answers must not hide the rest.
        let now = clock.now
        let late = now.microseconds - Administration.dueGrace
        guard let backlog = try? await database.read({ try $0.dueBacklog(at: late) }) else { return }
        text.value("rapport_due_overdue", .gauge, "Duties that are more than a second late.", Double(backlog.overdue))
        text.value(
            "rapport_due_oldest_overdue_seconds", .gauge, "Since the oldest of them should have fired; 0 without one.",
            backlog.oldest.map { Double(now.microseconds - $0) / 1e6 } ?? 0)
        text.value("rapport_due_scheduled", .gauge, "Duties that wait for the wall clock.", Double(backlog.scheduled))
        text.value(
            "rapport_due_held", .gauge, "Duties of paused and of importing relationships.", Double(backlog.held))
    }

    private func writeStorage(to text: inout MetricFamilies) {
        let statistics = database.statistics
        text.value("rapport_storage_writes_total", .counter, "Writes that are durable.", Double(statistics.writes))
        text.family("rapport_storage_commit_writes", .histogram, "Writes that one commit carried.") { family in
            family.histogram(
                bounds: WriteStatistics.bounds.map(Double.init), counts: statistics.groups.map(UInt64.init),
                sum: Double(statistics.writes))
        }
        text.value(
            "rapport_storage_waiting_writes", .gauge, "Writes that wait for the disk.", Double(statistics.waiting))
        text.value(
            "rapport_storage_writable", .gauge, "0 once a commit has failed on the disk.", database.isWritable ? 1 : 0)
        text.value("rapport_storage_bytes", .gauge, "The database and its journals.", Double(database.fileBytes))
        text.value(
            "rapport_outbox_position", .gauge, "Position of the newest event.", Double(database.outbox.position))
    }

    private func writeConsumers(to text: inout MetricFamilies) {
        let now = clock.now
        let consumers = consumers.withLock { $0 }.sorted { $0.key < $1.key }
        func family(_ name: String, _ help: String, _ value: (ConsumerProgress) -> Double?) {
            text.family(name, .gauge, help) { family in
                for (source, progress) in consumers {
                    if let value = value(progress) { family.sample(value, ["source": source]) }
                }
            }
        }
        family("rapport_consumer_position", "Events of the source up to here are applied.") {
            Double($0.cursor?.position ?? 0)
        }
        family("rapport_consumer_lag_events", "Events that the source had when last heard of, not applied yet.") {
            Double($0.lag)
        }
        family("rapport_consumer_last_batch_seconds", "Since the last batch; absent before the first since the start.")
        { $0.lastBatch.map { Double(now - $0) / 1e6 } }
        family("rapport_consumer_connected", "1 while the source's stream is open and has answered.") {
            $0.isConnected ? 1 : 0
        }
    }
}
