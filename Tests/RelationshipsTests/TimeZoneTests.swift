import FoundationEssentials
import ServiceKit
import Testing

@testable import Relationships

/// Offsets from the machine's tz database (RFC 9636).
@Suite struct TimeZoneTests {
    func file(_ zone: String) throws -> [UInt8] {
        [UInt8](try #require(FileManager.default.contents(atPath: "\(ZoneOffsets.directory)/\(zone)")))
    }

    /// Seconds since 1970 of 1890-01-01, 1970-06-01, the minute before and the one at which Berlin's summer of 2026
    /// begins, 2026-07-01, 2026-11-30, and of 2045-01-15 and 2045-07-15, for which files have a rule alone.
    static let instants: [Int64] = [
        -2_524_521_600, 13_046_400, 1_774_745_940, 1_774_746_000, 1_782_864_000, 1_795_996_800, 2_368_094_400,
        2_383_732_800,
    ]

    /// Seconds at each of the instants, as Python's zoneinfo reads the same database.
    @Test(arguments: [
        ("Europe/Berlin", [3208, 3600, 3600, 7200, 7200, 3600, 3600, 7200]),
        ("America/New_York", [-18000, -14400, -14400, -14400, -14400, -18000, -18000, -14400]),
        ("Asia/Kolkata", [19270, 19800, 19800, 19800, 19800, 19800, 19800, 19800]),
        ("Australia/Lord_Howe", [38180, 36000, 39600, 39600, 37800, 39600, 39600, 37800]),
        ("Africa/Casablanca", [-1820, 0, 3600, 3600, 3600, 3600, 3600, 0]),
        ("America/St_Johns", [-12652, -9000, -9000, -9000, -9000, -12600, -12600, -9000]),
        ("Pacific/Auckland", [41400, 43200, 46800, 46800, 43200, 46800, 46800, 43200]),
        ("Asia/Tehran", [12344, 12600, 12600, 12600, 12600, 12600, 12600, 12600]),
        ("Europe/Dublin", [-1521, 3600, 0, 3600, 3600, 0, 0, 3600]),
        ("America/Nuuk", [-12416, -10800, -7200, -3600, -3600, -7200, -7200, -3600]),
        ("Asia/Jerusalem", [8440, 7200, 10800, 10800, 10800, 7200, 7200, 10800]),
        ("Etc/GMT+5", [-18000, -18000, -18000, -18000, -18000, -18000, -18000, -18000]),
        ("UTC", [0, 0, 0, 0, 0, 0, 0, 0]),
    ])
    func offsetsAreThoseOfTheDatabase(zone: String, offsets: [Int]) throws {
        let file = try #require(TimeZoneFile(try file(zone)))
        for (instant, offset) in zip(Self.instants, offsets) {
            #expect(file.offset(at: Instant(microseconds: instant * 1_000_000)) == offset, "\(zone) at \(instant)")
        }
    }

    @Test func aRuleTellsOfYearsToCome() throws {
        let berlin = try #require(TimeZoneRule("CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect(berlin.offset(at: 2_368_094_400) == 3600 && berlin.offset(at: 2_383_732_800) == 7200)
        // 2045-03-26 01:00 UTC is the instant at which summer begins.
        #expect(berlin.offset(at: 2_374_102_799) == 3600 && berlin.offset(at: 2_374_102_800) == 7200)
        let sydney = try #require(TimeZoneRule("AEST-10AEDT,M10.1.0,M4.1.0/3"))
        #expect(sydney.offset(at: 2_368_094_400) == 39_600 && sydney.offset(at: 2_383_732_800) == 36_000)
        #expect(TimeZoneRule("<+0530>-5:30")?.offset(at: 0) == 19_800)
        for text in [
            "", "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,J60,J300",
        ] {
            #expect(TimeZoneRule(text) == nil, "\(text)")
        }
    }

    @Test func whatIsNoZoneFileIsNone() throws {
        let berlin = try file("Europe/Berlin")
        for length in 0..<berlin.count {
            // Without the footer alone it is still whole.
            let part = TimeZoneFile(Array(berlin[..<length]))
            #expect(part == nil || length >= berlin.count - 40, "\(length)")
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var broken = berlin
            broken[Int.random(in: broken.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = TimeZoneFile(broken)?.offset(at: day(0))
        }
    }

    @Test func aZoneThatTheMachineDoesNotKnowIsUnknown() {
        var zones = ZoneOffsets()
        #expect(zones.minutes(of: "", at: day(0)) == 0)
        #expect(zones.minutes(of: "Europe/Berlin", at: day(0)) == 60)
        #expect(zones.minutes(of: "Europe/Berlin", at: day(180)) == 120)
        for zone in ["Mars/Base", "Europe", "zone.tab", "/etc/passwd"] {
            #expect(zones.minutes(of: zone, at: day(0)) == nil, "\(zone)")
        }
    }
}
