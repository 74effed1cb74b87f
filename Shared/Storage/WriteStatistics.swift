/// Writes of one process since it opened its database.
public struct WriteStatistics: Sendable, Hashable {
    /// Upper bounds of the sizes of groups that are counted apart.
    public static let bounds = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    /// Writes that wait for the disk now.
    public let waiting: Int
    /// Writes that are durable.
    public let writes: Int
    /// Commits by their number of writes: up to each of `bounds`, then more.
    public let groups: [Int]

    public var commits: Int { groups.reduce(0, +) }
}
