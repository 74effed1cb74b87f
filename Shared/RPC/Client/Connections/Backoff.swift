/// How long to wait between attempts to connect: 1 s, growing by 1.6 up to 120 s, each ±20 %
/// (gRPC doc/connection-backoff.md).
public struct Backoff: Sendable {
    /// After the first failure.
    public var initial: Duration = .seconds(1)
    /// By which each further pause is longer.
    public var multiplier = 1.6
    /// Share by which a pause is longer or shorter by chance, 0 … 1.
    public var jitter = 0.2
    /// No pause is longer, but for the jitter.
    public var maximum: Duration = .seconds(120)

    /// gRPC's figures (grpc doc/connection-backoff.md).
    public init() {}

    /// The delay after `failures` attempts in a row, at least one.
    func delay(after failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var delay = initial
        for _ in 1..<max(failures, 1) where delay < maximum { delay = delay * multiplier }
        let factor = Double.random(in: (1 - jitter)...(1 + jitter), using: &generator)
        return min(delay, maximum) * factor
    }
}
