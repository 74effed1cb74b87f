import Glibc
import Synchronization

/// So many callers at once, each of which asks again as soon as it is answered (a closed loop).
struct Load: Sendable {
    let client: Client
    let inFlight: Int

    /// What a caller is told before each request.
    struct Turn: Sendable {
        /// 0, 1, 2 …: each number once among all callers, so that requests spread evenly.
        let number: Int
        let random: UInt64

        func pick<T>(of all: [T]) -> T { all[Int(random % UInt64(all.count))] }
    }

    struct Burst<T: Sendable>: Sendable {
        let seconds: Double
        /// Milliseconds.
        let times: Percentiles
        let answers: [T]
        /// Of this program, in seconds.
        let driverCPU: Double

        var count: Int { times.count }
        var perSecond: Double { Double(count) / seconds }
    }

    func run<T: Sendable>(
        seconds: Double, _ call: @Sendable @escaping (Turn) async throws -> T
    ) async throws -> Burst<T> {
        let end = ContinuousClock.now + .seconds(seconds)
        return try await run(while: { _ in ContinuousClock.now < end }, call)
    }

    /// One request each for 0 ..< count.
    @discardableResult
    func run<T: Sendable>(
        count: Int, _ call: @Sendable @escaping (Turn) async throws -> T
    ) async throws -> Burst<T> {
        try await run(while: { $0 < count }, call)
    }

    /// The first call that fails ends the load, and is what it throws.
    func run<T: Sendable>(
        while goesOn: @Sendable @escaping (_ number: Int) -> Bool, _ call: @Sendable @escaping (Turn) async throws -> T
    ) async throws -> Burst<T> {
        let numbers = Counter()
        let cpu = Self.cpuSeconds()
        let began = ContinuousClock.now
        let (times, answers) = try await withThrowingTaskGroup(of: ([Double], [T]).self) { group in
            for caller in 0..<inFlight {
                let executor = client.executors[caller % client.executors.count]
                group.addTask(executorPreference: executor) {
                    var random = SplitMix64(state: UInt64(caller))
                    var times: [Double] = []
                    var answers: [T] = []
                    while true {
                        let number = numbers.next()
                        guard goesOn(number) else { return (times, answers) }
                        let asked = ContinuousClock.now
                        answers.append(try await call(Turn(number: number, random: random.next())))
                        times.append((ContinuousClock.now - asked).inMilliseconds)
                    }
                }
            }
            return try await group.reduce(into: ([Double](), [T]())) { all, one in
                all.0 += one.0
                all.1 += one.1
            }
        }
        let seconds = (ContinuousClock.now - began).inSeconds
        return Burst(
            seconds: seconds, times: Percentiles(times), answers: answers, driverCPU: Self.cpuSeconds() - cpu)
    }

    /// Of this process, user and system.
    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}

private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
