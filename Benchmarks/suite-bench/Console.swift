import Glibc

/// Figures go to standard output, what is being done to standard error: `make bench > figures` keeps the figures alone.
enum Console {
    private static let began = ContinuousClock.now

    static func say(_ line: String) { write("\(line)\n", to: STDOUT_FILENO) }

    static func progress(_ line: String) {
        write(
            "[\(Format.right(Format.fixed((ContinuousClock.now - began).inSeconds, 0), 4)) s] \(line)\n",
            to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, Array(rest), rest.count)
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}

/// What the person at the command line can act on; printed as it is.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
    var inMilliseconds: Double { inSeconds * 1000 }
}
