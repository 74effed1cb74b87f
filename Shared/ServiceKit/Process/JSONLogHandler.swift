import FoundationEssentials
import Glibc
import Logging

/// One JSON object a line on standard error, which a container engine collects.
struct JSONLogHandler: LogHandler {
    let service: String
    let clock: ServiceClock
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line: [(String, String)] = [
            ("time", JSONLogHandler.text(clock.now)), ("level", event.level.rawValue), ("service", service),
            ("message", "\(event.message)"),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line.append((key, "\(value)")) }
        var text =
            "{" + line.map { "\(JSONLogHandler.quoted($0.0)):\(JSONLogHandler.quoted($0.1))" }.joined(separator: ",")
            + "}\n"
        // One write a line keeps lines of several threads apart.
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// RFC 3339 with milliseconds, UTC.
    static func text(_ instant: Instant) -> String {
        let seconds = instant.timestamp.seconds
        let milliseconds = String(instant.timestamp.nanos / 1_000_000 + 1000).dropFirst()
        let time = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601).dropLast()
        return "\(time).\(milliseconds)Z"
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
