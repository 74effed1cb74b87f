import ArgumentParser
import Glibc
import HTTP
import Logging
import NIOPosix
import RPC

/// An honest client with a clock: how long its calls take beside whatever else the server has to do.
struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Call at a fixed rate; prints calls, failures, and p50 and p99 in microseconds.")

    @Option var serverPort: Int
    @Option(help: "Calls a second, sent when they are due, whether or not earlier ones were answered.")
    var rate = 300
    @Option(help: "Seconds.")
    var seconds = 3.0

    func run() async throws {
        let channel = Channel(
            .tcp(host: "127.0.0.1", port: serverPort), group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() })
        try await channel.connect()
        let request = SimpleRequest(responseSize: 100, payload: Payload(body: [UInt8](repeating: 1, count: 100)))
        @Sendable func call() async -> Bool {
            let answer: SimpleResponse? = try? await channel.unary(
                "grpc.testing.TestService/UnaryCall", request, CallOptions(timeout: .seconds(10)))
            return answer?.payload?.body.count == 100
        }
        for _ in 0..<50 { _ = await call() }
        let clock = ContinuousClock()
        let start = clock.now
        let count = Int(seconds * Double(rate))
        let times = await withTaskGroup(of: Duration?.self) { calls in
            for index in 0..<count {
                // Each call is a task of its own: one that is late delays no other.
                let due = start + .microseconds(index * 1_000_000 / rate)
                try? await clock.sleep(until: due, tolerance: .zero)
                let sent = clock.now
                calls.addTask { await call() ? clock.now - sent : nil }
            }
            return await calls.reduce(into: []) { $0.append($1) }
        }
        await channel.close(grace: .zero)
        let sorted = times.compactMap(\.self).map { Int($0 / .microseconds(1)) }.sorted()
        func quantile(_ share: Double) -> Int {
            sorted.isEmpty ? -1 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
        print("calls \(count) failed \(count - sorted.count) p50 \(quantile(0.5)) p99 \(quantile(0.99))")
    }
}
