import Logging
import NIOConcurrencyHelpers
import NIOCore

/// The WARN lines of protective actions, of which each kind may write a few a minute: the log must not be the next
/// target. What was left out is told by the next line of the kind.
public final class WarningLog: Sendable {
    /// Lines of one kind in one window.
    public static let limit = 10
    /// In which so many of a kind are written.
    public static let window = TimeAmount.seconds(60)
    /// Kinds told apart; they are ours, and what is beyond shares one count.
    static let kindLimit = 100

    private struct Kind {
        var since: NIODeadline
        var lines = 0
        var left = 0
    }

    /// Where the lines go.
    public let logger: Logger
    private let kinds = NIOLockedValueBox<[String: Kind]>([:])

    /// Warnings to a logger.
    public init(_ logger: Logger) {
        self.logger = logger
    }

    /// - Parameters:
    ///   - message: the kind, without anything from the peer.
    ///   - peer: its address.
    ///   - count: what was counted when the limit fired.
    public func warn(
        _ message: String, peer: String, count: Int, _ more: Logger.Metadata = [:], now: NIODeadline = .now()
    ) {
        guard let left = admit(message, now) else { return }
        var metadata = more
        metadata["peer"] = "\(peer)"
        metadata["count"] = "\(count)"
        if left > 0 { metadata["left_out"] = "\(left)" }
        logger.warning("\(message)", metadata: metadata)
    }

    /// Lines left out since the last one; nil when this one is left out as well.
    private func admit(_ message: String, _ now: NIODeadline) -> Int? {
        kinds.withLockedValue { kinds in
            let name = kinds[message] == nil && kinds.count >= Self.kindLimit ? "" : message
            var kind = kinds[name] ?? Kind(since: now)
            defer { kinds[name] = kind }
            if now - kind.since >= Self.window {
                kind.since = now
                kind.lines = 0
            }
            guard kind.lines < Self.limit else {
                kind.left += 1
                return nil
            }
            kind.lines += 1
            defer { kind.left = 0 }
            return kind.left
        }
    }
}
