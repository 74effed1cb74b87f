import FoundationEssentials
import Testing

@testable import rapport

@Suite("What rapport up prints when all is ready")
struct TourTests {
    static var file: DemoFile {
        var file = DemoFile()
        file.isComplete = true
        file.dayZero = "2026-08-24"
        file.relationships = ["case-study": "organizations/demo/relationships/1"]
        return file
    }

    @Test("An address, a token for each of the five roles and five commands, as they are typed here")
    func standardHome() {
        let here = FileManager.default.currentDirectoryPath
        let tour = Tour(
            file: Self.file, home: Home(".rapport"), gateway: "127.0.0.1:8080",
            invokedAs: "\(here)/.build/release/rapport")
        #expect(tour.lines.first == "Rapport is ready at http://127.0.0.1:8080")
        #expect(tour.lines.contains("  hr-lead          $(cat .rapport/tokens/hr-lead)"))
        let commands = tour.lines.filter { $0.hasPrefix("     ") }
        #expect(
            commands == [
                "     .build/release/rapport trust profile case-study --as coachee --at day:87",
                "     .build/release/rapport trust explain case-study --as coachee --from day:31 --to day:38",
                "     curl -s -H \"Authorization: Bearer $(cat .rapport/tokens/coachee)\" "
                    + "http://127.0.0.1:8080/v1/organizations/demo/relationships/1/breachCases",
                "     .build/release/rapport trust what-if case-study commitment.missed --as coachee --at day:87",
                "     curl -s -H \"Authorization: Bearer $(cat .rapport/tokens/coach)\" "
                    + "http://127.0.0.1:8080/v1/views/coach",
            ])
    }

    @Test("Another home goes along with each command")
    func anotherHome() {
        let tour = Tour(
            file: Self.file, home: Home("/var/lib/rapport"), gateway: "127.0.0.1:8080", invokedAs: "rapport")
        #expect(
            tour.lines.contains(
                "     RAPPORT_HOME=/var/lib/rapport rapport trust profile case-study --as coachee --at day:87"))
    }
}
