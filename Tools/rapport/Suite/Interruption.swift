import UnixSignals

/// Waits for Ctrl-C or SIGTERM.
enum Interruption {
    static func wait() async {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
    }
}
