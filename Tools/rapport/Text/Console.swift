import Glibc

/// Lines to the terminal, at once also when the output is a file or a pipe.
enum Console {
    static func say(_ line: String) {
        write(line, to: STDOUT_FILENO)
    }

    static func complain(_ line: String) {
        write(line, to: STDERR_FILENO)
    }

    private static func write(_ line: String, to descriptor: Int32) {
        var rest = Array("\(line)\n".utf8)[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, Array(rest), rest.count)
            if count < 0, errno != EINTR { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
