/// How long to wait between attempts to connect: 1 s, growing by 1.6 up to 120 s, each ±20 %
/// (gRPC doc/connection-backoff.md).
public struct Backoff: Sendable {
    public var initial: Duration = .seconds(1)
    public var multiplier = 1.6
    public var jitter = 0.2
    public var maximum: Duration = .seconds(120)

    public init() {}

    /// The delay after `failures` attempts in a row, at least one.
    func delay(after failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var delay = initial
        for _ in 1..<max(failures, 1) where delay < maximum { delay = delay * multiplier }
        let factor = Double.random(in: (1 - jitter)...(1 + jitter), using: &generator)
        return min(delay, maximum) * factor
    }
}
