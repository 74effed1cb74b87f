/// Deadlines of calls that came without one (docs/domain.md §6.0).
struct Timeouts: Sendable {
    /// Of a unary call whose HTTP rule is a GET, all attempts together.
    var read = Duration.seconds(2)
    /// Of any other unary call, all attempts together.
    var write = Duration.seconds(5)
    /// Of each call that a view makes for one section.
    var section = Duration.seconds(1)

    /// Nil for streams.
    subscript(rpc: RPCTraits) -> Duration? {
        rpc.isUnary ? rpc.isRead ? read : write : nil
    }
}
