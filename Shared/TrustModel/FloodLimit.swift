/// Nobody earns trust by repeating the same easy act in one day, or by vouching for themselves
/// (docs/domain.md §3.3, §3.11 I10 and I11).
enum FloodLimit {
    /// Mass that one kind of one person can add in one UTC day.
    static let dailyMass = 2.0

    /// Mass that self-reports can add to one component in one week of the relationship.
    static let weeklySelfReportMass = 1.0

    private struct Bucket {
        var kind: EvidenceKind
        var sourceID: String
        var mass: Double
    }

    private struct Week: Hashable {
        var component: Component
        var number: Int64
    }

    /// Sets `flood` of each event to the factor that scales its mass. `weighed` is in the order of time.
    static func apply(to weighed: inout [WeighedEvidence], in evidence: [Evidence], start: Instant) {
        var first = 0
        while first < weighed.count {
            let day = evidence[weighed[first].index].occurredAt.utcDay
            var end = first + 1
            while end < weighed.count, evidence[weighed[end].index].occurredAt.utcDay == day { end += 1 }
            limitDay(&weighed[first..<end], in: evidence)
            first = end
        }
        if weighed.contains(where: { evidence[$0.index].sourceClass == .selfReport }) {
            limitSelfReports(&weighed, in: evidence, start: start)
        }
    }

    private static func limitDay(_ day: inout ArraySlice<WeighedEvidence>, in evidence: [Evidence]) {
        // Nearly every day is calmer than the limit of a single bucket.
        guard day.reduce(0, { $0 + $1.mass }) > dailyMass else { return }
        var buckets: [Bucket] = []
        var bucketOf: [Int?] = []
        for weighed in day {
            let event = evidence[weighed.index]
            guard !event.isBreach else {
                bucketOf.append(nil)
                continue
            }
            if let known = buckets.firstIndex(where: { $0.kind == event.kind && $0.sourceID == event.sourceID }) {
                buckets[known].mass += weighed.mass
                bucketOf.append(known)
            } else {
                bucketOf.append(buckets.count)
                buckets.append(Bucket(kind: event.kind, sourceID: event.sourceID, mass: weighed.mass))
            }
        }
        for (index, bucket) in zip(day.indices, bucketOf) {
            guard let bucket else { continue }
            day[index].flood = min(1, dailyMass / buckets[bucket].mass)
        }
    }

    private static func limitSelfReports(
        _ weighed: inout [WeighedEvidence], in evidence: [Evidence], start: Instant
    ) {
        func week(_ index: Int) -> Week? {
            let event = evidence[weighed[index].index]
            guard event.sourceClass == .selfReport else { return nil }
            return Week(component: event.component, number: event.occurredAt.week(from: start))
        }
        var masses: [Week: Double] = [:]
        for index in weighed.indices {
            guard let week = week(index) else { continue }
            masses[week, default: 0] += weighed[index].mass * weighed[index].flood
        }
        for index in weighed.indices {
            guard let week = week(index), let mass = masses[week] else { continue }
            weighed[index].flood *= min(1, weeklySelfReportMass / mass)
        }
    }
}
