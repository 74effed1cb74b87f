import FoundationEssentials
import ServiceKit

/// A time zone of the machine's tz database (RFC 9636): by how much its time is ahead of UTC.
struct TimeZoneFile: Sendable {
    /// Seconds since 1970 at which an offset begins, ascending.
    private var transitions: [(at: Int64, offset: Int)] = []
    /// Seconds; before the first transition.
    private var first = 0
    /// What holds behind the last transition; nil when the file does not say.
    private var rule: TimeZoneRule?

    /// - Parameter bytes: of version 2 or later.
    /// - Returns: nil for anything else.
    init?(_ bytes: [UInt8]) {
        // The first block has 32-bit times; the second one is the same with 64 bits.
        guard let old = Header(bytes, at: 0), old.version >= UInt8(ascii: "2") else { return nil }
        let start = Header.size + old.length(timeSize: 4)
        guard let header = Header(bytes, at: start) else { return nil }
        let times = start + Header.size
        let end = times + header.length(timeSize: 8)
        guard header.typeCount > 0, end <= bytes.count else { return nil }
        let indexes = times + 8 * header.timeCount
        let types = indexes + header.timeCount
        func offset(_ type: Int) -> Int? {
            guard type < header.typeCount else { return nil }
            return Int(Int32(truncatingIfNeeded: bytes.integer(at: types + 6 * type, size: 4)))
        }
        guard let first = offset(0) else { return nil }
        self.first = first
        for number in 0..<header.timeCount {
            guard let offset = offset(Int(bytes[indexes + number])) else { return nil }
            transitions.append((bytes.integer(at: times + 8 * number, size: 8), offset))
        }
        let footer = bytes[end...].dropFirst().prefix { $0 != UInt8(ascii: "\n") }
        rule = TimeZoneRule(String(decoding: footer, as: UTF8.self))
    }

    /// Seconds.
    func offset(at instant: Instant) -> Int {
        let seconds = Int64((Double(instant.microseconds) / 1_000_000).rounded(.down))
        if let last = transitions.last, seconds >= last.at { return rule?.offset(at: seconds) ?? last.offset }
        if transitions.isEmpty { return rule?.offset(at: seconds) ?? first }
        return transitions.last { $0.at <= seconds }?.offset ?? first
    }

    private struct Header {
        static let size = 44
        let version: UInt8
        let counts: [Int]

        var timeCount: Int { counts[3] }
        var typeCount: Int { counts[4] }

        init?(_ bytes: [UInt8], at start: Int) {
            guard bytes.count >= start + Self.size, bytes[start..<start + 4].elementsEqual("TZif".utf8) else {
                return nil
            }
            version = bytes[start + 4]
            counts = (0..<6).map { Int(bytes.integer(at: start + 20 + 4 * $0, size: 4)) }
            guard counts.allSatisfy({ (0...10_000).contains($0) }) else { return nil }
        }

        /// Of the data behind it.
        func length(timeSize: Int) -> Int {
            let (utc, standard, leap, characters) = (counts[0], counts[1], counts[2], counts[5])
            return timeCount * (timeSize + 1) + typeCount * 6 + characters + leap * (timeSize + 4) + standard + utc
        }
    }
}

extension [UInt8] {
    /// Big-endian, signed where all eight bytes are read.
    fileprivate func integer(at start: Int, size: Int) -> Int64 {
        self[start..<start + size].reduce(0) { $0 << 8 | Int64($1) }
    }
}

/// The offsets of zones by name, each file read once.
struct ZoneOffsets {
    /// Where Debian's tzdata keeps them.
    static let directory = "/usr/share/zoneinfo"
    /// The largest file of 2025 has 4 KiB.
    private static let maximumBytes = 64 << 10

    private var files: [String: TimeZoneFile?] = [:]

    /// Minutes by which a zone is ahead of UTC; nil when this machine does not know the zone.
    /// - Parameter zone: an IANA name, checked for its shape when it was stored; empty means UTC.
    mutating func minutes(of zone: String, at instant: Instant) -> Int? {
        guard !zone.isEmpty else { return 0 }
        if files[zone] == nil {
            let bytes = FileManager.default.contents(atPath: "\(Self.directory)/\(zone)").map { [UInt8]($0) } ?? []
            files[zone] = .some(bytes.count <= Self.maximumBytes ? TimeZoneFile(bytes) : nil)
        }
        return files[zone]?.map { $0.offset(at: instant) / 60 }
    }
}
