import Schema
import ServiceKit

/// How the trustee sees themselves with one trustor, on the scale of pulses (docs/domain.md §1 S30).
extension SelfRating {
    static let collections = ["organizations", "relationships", "selfRatings"]
    /// Of one relationship: one a week for nine years.
    static let maximum = 500

    /// - Throws: INVALID_ARGUMENT for a value out of 1...5.
    static func rated(_ values: SelfRating, named name: String, by author: String, at now: Instant) throws -> SelfRating
    {
        try Check.range(values.dependable, "self_rating.dependable", Pulse.values)
        try Check.range(values.honest, "self_rating.honest", Pulse.values)
        try Check.range(values.useful, "self_rating.useful", Pulse.values)
        try Check.range(values.understood, "self_rating.understood", Pulse.values)
        return SelfRating(
            name: name, author: author, dependable: values.dependable, honest: values.honest, useful: values.useful,
            understood: values.understood, createTime: now.timestamp)
    }
}
