import Schema
import ServiceKit

/// How pulses went, for the one who answered and for the one whom they are about (docs/domain.md §3.18, rules 19 and 20).
extension PulseTrend {
    /// No mean of fewer: it would tell the single answer.
    static let minimumAnswers = 4
    /// The trustee learns of answers at the end of each such span since the start of the relationship.
    static let releaseDays = 28

    /// The author's own: each answer for itself, SELF_ONLY included.
    /// - Parameter pulses: in order of time.
    static func own(_ pulses: [Pulse]) -> [PulseTrend] {
        byItem(pulses) { answers in
            answers.map { PulsePoint(time: $0.createTime, mean: Double($0.value), answers: 1) }
        }
    }

    /// What the trustee may see. An answer is part of one point only, so that no difference of two points tells one.
    /// Answers that are too few at the end of a span wait for the next.
    static func released(_ pulses: [Pulse], since start: Instant, at now: Instant) throws -> [PulseTrend] {
        let span = Int64(releaseDays) * Instant.microsecondsPerDay
        return try byItem(pulses.filter { $0.scope == .shared }) { answers in
            var points: [PulsePoint] = []
            var waiting: [Int32] = []
            var end: Instant?
            func release() {
                guard let end, end <= now, waiting.count >= minimumAnswers else { return }
                let mean = Double(waiting.reduce(0, +)) / Double(waiting.count)
                points.append(PulsePoint(time: end.timestamp, mean: mean, answers: Int32(waiting.count)))
                waiting = []
            }
            for answer in answers {
                let since = try Check.instant(answer.createTime, "create_time") - start
                let spanEnd = start.adding(microseconds: (max(0, since) / span + 1) * span)
                if spanEnd != end { release() }
                end = spanEnd
                waiting.append(answer.value)
            }
            release()
            return points
        }
    }

    private static func byItem(
        _ pulses: [Pulse], _ points: ([Pulse]) throws -> [PulsePoint]
    ) rethrows -> [PulseTrend] {
        try Dictionary(grouping: pulses, by: \.item).sorted { $0.key.rawValue < $1.key.rawValue }.compactMap {
            let points = try points($0.value)
            return points.isEmpty ? nil : PulseTrend(item: $0.key, points: points)
        }
    }
}
