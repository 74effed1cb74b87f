import Logging
import NIOCore
import Testing

@testable import HTTP

@Suite("Warnings of protections")
struct WarningLogTests {
    private let start = NIODeadline.uptimeNanoseconds(0)

    @Test("Ten lines of a kind a minute; the next one tells what was left out")
    func limit() {
        let recorder = LogRecorder()
        let warnings = WarningLog(recorder.logger)
        for count in 0..<1000 { warnings.warn("flood", peer: "a:1", count: count, now: start) }
        #expect(recorder.all == (0..<10).map { "flood a:1 \($0)" })
        warnings.warn("another", peer: "b:2", count: 7, now: start)
        #expect(recorder.all.last == "another b:2 7")
        warnings.warn("flood", peer: "a:1", count: 1, now: start + .seconds(59))
        #expect(recorder.all.count == 11)
        warnings.warn("flood", peer: "a:1", count: 2, now: start + .seconds(60))
        #expect(recorder.all.last == "flood a:1 2 left out 991")
        warnings.warn("flood", peer: "a:1", count: 3, now: start + .seconds(61))
        #expect(recorder.all.last == "flood a:1 3")
    }

    @Test("The kinds that are told apart are bounded")
    func kinds() {
        let recorder = LogRecorder()
        let warnings = WarningLog(recorder.logger)
        for kind in 0..<1000 { warnings.warn("kind \(kind)", peer: "a", count: 1, now: start) }
        #expect(recorder.all.count == WarningLog.kindLimit + WarningLog.limit)
    }
}
