import FoundationEssentials
import Matching
import Schema
import ServiceKit
import Standard
import Storage

/// The people of a programme as matching sees them, from one view of the database.
struct ProgrammePeople: Sendable {
    /// Enrolled coachees, and enrolled coaches, of one run.
    static let maximumSide = 5000

    var coachees: [Participant] = []
    var coaches: [Participant] = []
    /// When each coachee enrolled, by resource name.
    var enrolled: [String: Timestamp] = [:]

    /// - Parameter now: clocks are set differently at other times of the year.
    /// - Throws: `Refusal` CAPACITY_FULL for more than `maximumSide` on one side.
    init(of programme: ResourceName, at now: Instant, in snapshot: Snapshot) throws {
        var people: [String: Person] = [:]
        var missing: Set<String> = []
        func person(_ name: String) throws -> Person? {
            if let known = people[name] { return known }
            guard !missing.contains(name) else { return nil }
            let found = try Tables.people.find(name, in: snapshot)
            people[name] = found
            if found == nil { missing.insert(name) }
            return found
        }
        let pairs = Pairs(try MatchIndex.pairs(of: programme, in: snapshot))
        var zones = ZoneOffsets()
        var last: String?
        repeat {
            let page = try Tables.enrollments.list(parent: programme, after: last, limit: 1000, in: snapshot)
            for enrollment in page {
                let found = try person(enrollment.person)
                var participant = try Participant(enrollment, found, &zones, at: now)
                participant.load = pairs.load[Pairs.Place(enrollment.person, enrollment.role)] ?? 0
                if enrollment.role == .trustee {
                    coaches.append(participant)
                } else {
                    participant.reportingLine = try found.map { try Person.reportingLine(of: $0, person) } ?? []
                    participant.partners = pairs.open[enrollment.person] ?? []
                    participant.formerPartners = pairs.over[enrollment.person] ?? []
                    coachees.append(participant)
                    enrolled[enrollment.person] = enrollment.createTime
                }
            }
            guard max(coachees.count, coaches.count) <= Self.maximumSide else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "At most \(Self.maximumSide) coachees and as many coaches of a programme are matched at once.")
            }
            last = page.count == 1000 ? page.last?.name.split(separator: "/").last.map(String.init) : nil
        } while last != nil
    }

    /// What is open or over between two people, and how many places it takes.
    private struct Pairs {
        struct Place: Hashable {
            let person: String
            let role: Enrollment.Role

            init(_ person: String, _ role: Enrollment.Role) {
                self.person = person
                self.role = role
            }
        }

        var load: [Place: Int] = [:]
        /// Coaches by coachee.
        var open: [String: [String]] = [:]
        var over: [String: [String]] = [:]

        init(_ pairs: [MatchIndex.Pair]) {
            for pair in pairs {
                if pair.isOpen {
                    load[Place(pair.trustee, .trustee), default: 0] += 1
                    load[Place(pair.trustor, .trustor), default: 0] += 1
                    open[pair.trustor, default: []].append(pair.trustee)
                }
                if pair.isOver { over[pair.trustor, default: []].append(pair.trustee) }
            }
        }
    }
}

extension Participant {
    /// Without what others know of the person: load, reporting line, partners.
    fileprivate init(_ enrollment: Enrollment, _ person: Person?, _ zones: inout ZoneOffsets, at now: Instant) throws {
        let hours = enrollment.meetingHours ?? MeetingHours(startHour: 9, endHour: 17)
        let enrolled = try Check.instant(enrollment.createTime, "create_time")
        let offset = zones.minutes(of: person?.timeZone ?? "", at: now)
        self.init(
            id: enrollment.person, isActive: person?.active ?? false, capacity: Int(enrollment.capacity),
            topics: enrollment.topics, goals: enrollment.goals, languages: person?.languages ?? [],
            hours: offset.map {
                Hours(
                    start: 60 * Int(hours.startHour), length: 60 * Int(hours.endHour - hours.startHour), offset: $0)
            },
            enrolled: Int(enrolled.microseconds / Instant.microsecondsPerDay), conflicts: enrollment.exclusions,
            preferences: enrollment.preferences)
    }

    /// As a run keeps it, to explain itself later.
    var bytes: [UInt8] {
        get throws { try [UInt8](JSONEncoder().encode(self)) }
    }

    init(bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Participant.self, from: Data(bytes))
    }
}
