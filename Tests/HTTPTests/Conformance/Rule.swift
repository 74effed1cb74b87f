import Testing

@testable import HTTP
@testable import HTTPTesting

/// A rule of RFC 9113, frames of a client that bear on it, and what the client sees then.
struct Rule: CustomTestStringConvertible, Sendable {
    enum Outcome: Sendable, Equatable {
        /// GOAWAY with this code, and the end of the connection (§5.4.1).
        case goAway(HTTP2ErrorCode)
        /// RST_STREAM of stream 1, while the connection goes on (§5.4.2).
        case reset(HTTP2ErrorCode)
        /// Neither.
        case fine
    }

    /// What the application does with a request.
    enum Application: Sendable {
        case silent, answers, resets
    }

    var testDescription: String
    var sent: [[UInt8]]
    var application: Application
    var outcome: Outcome

    init(_ text: String, _ frames: Frame..., application: Application = .silent, is outcome: Outcome) {
        self.init(text, bytes: frames.map(\.bytes), application: application, is: outcome)
    }

    init(_ text: String, bytes: [[UInt8]], application: Application = .silent, is outcome: Outcome) {
        testDescription = text
        sent = bytes
        self.application = application
        self.outcome = outcome
    }

    /// Sends the frames in one read, and once more each in its own, with what they bring about between them.
    func check() {
        for isApart in [false, true] {
            let harness = SessionHarness.server()
            harness.onRequest = { [application] stream in
                switch application {
                case .silent: break
                case .answers: stream.respond(endStream: true)
                case .resets: stream.reset(.cancel)
                }
            }
            var frames: [Frame] = []
            for piece in isApart ? sent : [sent.flatMap(\.self)] {
                harness.feed(piece)
                frames += harness.frames()
            }
            harness.feed(.ping(77))
            frames += harness.frames()
            let goAway = frames.filter { $0.kind == .goAway }.map { HTTP2ErrorCode(rawValue: $0.number(at: 4)) }
            let resets = frames.filter { $0.kind == .rstStream }.map {
                [$0.stream, $0.number()]
            }
            let isAlive = frames.contains(.ping(77, ack: true))
            let way: Comment = "\(isApart ? "apart" : "in one read"): \(frames), \(harness.violations)"
            switch outcome {
            case .goAway(let code):
                #expect(goAway == [code] && !isAlive && harness.session.isFinished, way)
                #expect(harness.violations.count == 1, way)
            case .reset(let code):
                #expect(resets == [[1, code.rawValue]] && goAway.isEmpty && isAlive, way)
            case .fine:
                let others = application == .resets ? resets.filter { $0 != [1, 8] } : resets.filter { $0[1] != 0 }
                #expect(others.isEmpty && goAway.isEmpty && isAlive, way)
                #expect(harness.violations.isEmpty, way)
            }
        }
    }
}
