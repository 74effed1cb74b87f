import Schema
import Standard
import Testing

@testable import rapport

@Suite("What services say of themselves, for a person")
struct AdminTextTests {
    static let goals = ServiceStatus(
        service: "goals", version: "1.0.0", startTime: Timestamp(seconds: 1000), time: Timestamp(seconds: 1000 + 7300),
        outboxPosition: 39, databaseBytes: 1_676_656, queuedWrites: 3, writable: true,
        consumers: [
            Consumer(
                source: "relationships", cursor: Cursor(epoch: "e", position: 200), newestPosition: 217, lag: 17,
                lastBatchTime: Timestamp(seconds: 8260), connected: true),
            Consumer(source: "feedback", connected: false),
        ],
        dueWork: DueWork(
            overdue: 2, oldestOverdueTime: Timestamp(seconds: 1_780_272_000), scheduled: 12, held: 4))

    @Test func howTheServiceDoes() {
        var broken = Self.goals
        broken.writable = false
        #expect(
            AdminText.status([Self.goals, broken]) == [
                "service  version  up for  events  database  queued  writable",
                "goals    1.0.0       2 h      39    1.7 MB       3  yes",
                "goals    1.0.0       2 h      39    1.7 MB       3  NO: start it anew",
            ])
    }

    @Test func howFarItHasFollowed() {
        #expect(
            AdminText.lag([Self.goals]) == [
                "service  follows        applied  newest  behind  connected  last batch",
                "goals    relationships      200     217      17  yes          40 s ago",
                "goals    feedback             -       0       0  NO                  -",
            ])
    }

    @Test func whatIsDue() {
        #expect(
            AdminText.due([Self.goals]) == [
                "service  overdue  oldest                next  scheduled  held",
                "goals          2  2026-06-01T00:00:00Z  -            12     4",
            ])
    }

    @Test func whatDoesNotHoldIsNamed() {
        #expect(
            AdminText.integrity(of: "goals", IntegrityReport(events: 39, databaseBytes: 999))
                == ["goals: holds; 39 events and 999 B read"])
        #expect(
            AdminText.integrity(of: "goals", IntegrityReport(problems: ["outbox: a gap"], databaseBytes: 1000))
                == ["goals: DOES NOT HOLD; 0 events and 1.0 kB read", "  outbox: a gap"])
    }

    @Test func aReplayNamesWhatDiffers() {
        let well = ReplayProgress(relationshipsTotal: 4, relationships: 4, evidenceCount: 146)
        #expect(
            AdminText.replay(well) == [
                "4 relationships, 146 pieces of evidence folded anew: as the running states; largest difference of R or S 0.0"
            ])
        let wrong = ReplayProgress(
            relationshipsTotal: 4, relationships: 4, evidenceCount: 146, largestDifference: 0.25, differentCount: 1,
            different: ["organizations/acme/relationships/r"], unsettledCount: 2)
        #expect(
            AdminText.replay(wrong) == [
                "4 relationships, 146 pieces of evidence folded anew: 1 DIFFER from their running states; "
                    + "largest difference of R or S 0.25",
                "  organizations/acme/relationships/r", "2 changed meanwhile and were left out: ask again",
            ])
    }

    @Test(
        "Sizes and ages in the largest unit that fits",
        arguments: [
            (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (12_340_000_000, "12.3 GB"),
        ]
            as [(Int64, String)])
    func sizes(_ bytes: Int64, _ text: String) {
        #expect(Format.bytes(bytes) == text)
    }

    @Test(
        arguments: [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d")]
            as [(Int64, String)])
    func ages(_ seconds: Int64, _ text: String) {
        #expect(Format.age(seconds: seconds) == text)
    }
}
