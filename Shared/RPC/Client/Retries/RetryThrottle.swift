import Synchronization

/// Keeps clients from burying a server that fails under repeated calls (gRFC A6, "Throttling Retry Attempts and Hedged
/// RPCs").
public struct RetryThrottling: Sendable, Hashable {
    /// Above 0, at most 1000.
    public var maxTokens: Double
    /// What an answered call gives back; above 0, three decimals count.
    public var tokenRatio: Double

    /// A bucket of `maxTokens`, to which each success adds `tokenRatio`.
    public init(maxTokens: Double, tokenRatio: Double) {
        self.maxTokens = maxTokens
        self.tokenRatio = tokenRatio
    }
}

/// The tokens of one channel: each failure takes one, and while no more than half are left nothing is repeated.
/// Counted in thousandths, since that is what a ratio may have.
final class RetryThrottle: Sendable {
    private let most: Int
    private let ratio: Int
    private let tokens: Atomic<Int>

    init(_ throttling: RetryThrottling) {
        most = Int(throttling.maxTokens * 1000)
        ratio = Int(throttling.tokenRatio * 1000)
        tokens = Atomic(most)
    }

    func succeeded() { change(by: ratio) }

    func failed() { change(by: -1000) }

    var allowsAnother: Bool { tokens.load(ordering: .relaxed) > most / 2 }

    private func change(by amount: Int) {
        var old = tokens.load(ordering: .relaxed)
        while true {
            let new = min(max(old + amount, 0), most)
            let (exchanged, original) = tokens.weakCompareExchange(
                expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }
}
