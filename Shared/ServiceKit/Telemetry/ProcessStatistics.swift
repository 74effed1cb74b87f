import FoundationEssentials
import Glibc

/// What Linux knows of this process (proc(5)), under the names that Prometheus' own clients use.
struct ProcessStatistics: Sendable {
    /// What stays the same.
    struct Constants: Sendable {
        let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let pageBytes = Double(max(1, sysconf(Int32(_SC_PAGESIZE))))
        /// The system's start, in seconds since 1970.
        let bootTime: Double

        init() {
            let line = ProcessStatistics.text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }
            bootTime = line.flatMap { Double($0.dropFirst(6)) } ?? 0
        }
    }

    let cpuSeconds: Double
    /// Seconds since 1970.
    let startTime: Double
    let residentBytes: Double
    let virtualBytes: Double
    let threads: Double
    let openFiles: Int
    let maxFiles: Double

    init(_ constants: Constants) {
        // The name of the program may hold blanks and parentheses: fields count from behind it (the third is first).
        let stat = ProcessStatistics.text("/proc/self/stat")
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ").dropFirst()
        let numbers = fields.map { Double($0) ?? 0 }
        func field(_ number: Int) -> Double { number - 3 < numbers.count ? numbers[number - 3] : 0 }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        cpuSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        threads = field(20)
        startTime = constants.bootTime + field(22) / constants.ticksPerSecond
        virtualBytes = field(23)
        residentBytes = field(24) * constants.pageBytes
        openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        maxFiles = Double(limit.rlim_cur)
    }

    func write(service: String, to text: inout MetricFamilies) {
        text.family("rapport_build_info", .gauge, "Always 1; its labels say what runs.") {
            $0.sample(1, ["service": service, "version": Version.current])
        }
        text.value("process_cpu_seconds_total", .counter, "User and system time.", cpuSeconds)
        text.value("process_start_time_seconds", .gauge, "Since 1970.", startTime)
        text.value("process_resident_memory_bytes", .gauge, "Memory in use.", residentBytes)
        text.value("process_virtual_memory_bytes", .gauge, "Memory mapped.", virtualBytes)
        text.value("process_threads", .gauge, "Threads of the process.", threads)
        text.value("process_open_fds", .gauge, "Open file descriptors.", Double(openFiles))
        text.value("process_max_fds", .gauge, "File descriptors that may be open.", maxFiles)
    }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
