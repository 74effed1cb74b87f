/// A stretch of every day, in UTC.
public struct Hours: Codable, Hashable, Sendable {
    private static let day = 1440

    /// Minute of the day, 0 to 1439.
    public let start: Int
    /// Minutes, 0 to 1440; the stretch may go on behind midnight.
    public let length: Int

    /// - Parameters:
    ///   - start: minute of the local day.
    ///   - length: minutes, held to 0 to 1440.
    ///   - offset: minutes by which local time is ahead of UTC.
    public init(start: Int, length: Int, offset: Int = 0) {
        let minute = (start - offset) % Self.day
        self.start = minute < 0 ? minute + Self.day : minute
        self.length = min(max(length, 0), Self.day)
    }

    /// Minutes a day that lie in both.
    public func overlap(_ other: Hours) -> Int {
        // Yesterday's and tomorrow's stretch of the other one may reach into today's.
        var minutes = 0
        for shift in [-Self.day, 0, Self.day] {
            let first = max(start, other.start + shift)
            let last = min(start + length, other.start + shift + other.length)
            minutes += max(0, last - first)
        }
        return min(minutes, min(length, other.length))
    }
}
