/// Sizes and times of one database. Every value has a default that suits a service on two to eight cores.
public struct DatabaseConfiguration: Sendable, Hashable {
    /// Connections that read at the same time, 1 to 64. Four keep two to eight cores busy; each costs up to 2 MiB of
    /// cache.
    public var readers = 4
    /// Writes that one COMMIT may carry, 1 to 10,000. Beyond 256 the sync's share of a write is below 1 %.
    public var groupLimit = 256
    /// Writes that may wait before `StorageError.overloaded`: one to three seconds of work on two cores.
    public var waitingWrites = 10_000
    /// Reads that may wait or run before `StorageError.overloaded`.
    public var waitingReads = 10_000
    /// Memory for pages that the writer has read, in KiB, 256 to 1,048,576; a reader has SQLite's 2 MiB. What does not
    /// fit is read again from the file for each write.
    public var writerCache = 16 * 1024
    /// Pages of the journal after which its content goes into the file, 100 to 1,000,000: 16 MiB on the disk. The more,
    /// the more often a page that is written again and again goes there only once.
    public var checkpointPages = 4096
    /// How long a statement waits for another process that writes to the same file.
    public var busyTimeout: Duration = .seconds(5)
    /// How long `open` waits while another process opens or migrates the file.
    public var openTimeout: Duration = .seconds(30)

    /// Wraps the keys of tables that are encrypted; needed where there are such tables.
    public var keyring: Keyring?

    public init() {}

    func check() throws {
        guard (1...64).contains(readers), (1...10_000).contains(groupLimit), (1...1_000_000).contains(waitingWrites),
            (1...1_000_000).contains(waitingReads), (256...1_048_576).contains(writerCache),
            (100...1_000_000).contains(checkpointPages), busyTimeout >= .zero, openTimeout >= .zero
        else {
            throw StorageError.invalid("a value of the database configuration is outside its range: \(self)")
        }
    }
}
