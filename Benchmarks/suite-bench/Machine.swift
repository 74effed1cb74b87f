import FoundationEssentials
import Glibc

/// What the figures were taken on, as Linux tells it (proc(5)).
struct Machine: Sendable {
    let facts: [(name: String, value: String)]

    init(directory: String) {
        let processor = Machine.field("model name", of: "/proc/cpuinfo") ?? "unknown processor"
        let kilobytes =
            Machine.field("MemTotal", of: "/proc/meminfo").flatMap { Double($0.prefix { $0.isNumber }) } ?? 0
        facts = [
            ("processor", processor),
            ("cores", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN))), shared by the services and this driver"),
            ("memory", "\(Format.fixed(kilobytes / 1_048_576, 1)) GiB"),
            ("kernel", "Linux \(Machine.text("/proc/sys/kernel/osrelease").trimmed)"),
            ("disk", "\(Machine.fileSystem(of: directory)), data in \(directory)"),
            ("load before", Machine.text("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")),
        ]
    }

    /// Seconds of all cores since the system's start: those in which somebody ran, other virtual machines too, and all.
    static func coreSeconds() -> (taken: Double, all: Double) {
        let line = text("/proc/stat").prefix { $0 != "\n" }
        // user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
        let ticks = line.split(separator: " ").dropFirst().prefix(8).map { Double($0) ?? 0 }
        guard ticks.count == 8 else { return (0, 0) }
        let all = ticks.reduce(0, +)
        let perSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return ((all - ticks[3] - ticks[4]) / perSecond, all / perSecond)
    }

    static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// The value of the first line `name: value`.
    static func field(_ name: String, of path: String) -> String? {
        text(path).split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { $0.split(separator: ":", maxSplits: 1).last.map { String($0).trimmed } }
    }

    /// VmRSS of proc(5), in bytes.
    /// - Parameter process: its id, or `self`.
    static func residentBytes(of process: String) -> Double {
        let text = field("VmRSS", of: "/proc/\(process)/status") ?? ""
        return (Double(text.prefix { $0.isNumber }) ?? 0) * 1024
    }

    /// Type and device of the mount that holds `directory`: the longest mount point that is a prefix of its path.
    private static func fileSystem(of directory: String) -> String {
        var best = (length: -1, text: "unknown file system")
        for line in text("/proc/self/mountinfo").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 2, fields.count > 4 else { continue }
            let point = String(fields[4])
            let holds = point == "/" || directory == point || directory.hasPrefix("\(point)/")
            if holds, point.count >= best.length {
                best = (point.count, "\(fields[dash + 1]) on \(fields[dash + 2])")
            }
        }
        return best.text
    }
}

extension String {
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0.isWhitespace }
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
