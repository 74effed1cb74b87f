import Schema
import ServiceKit

@testable import Relationships

/// Monday 2026-01-05, 00:00 UTC: day 0 of every test.
let dayZero = Instant(microseconds: 1_767_571_200_000_000)

func day(_ days: Int, hours: Int = 0) -> Instant {
    dayZero.adding(days: days, hours: hours)
}

let coach = "organizations/acme/people/coach"
let coachee = "organizations/acme/people/coachee"
let pairName = "organizations/acme/relationships/0193aaaa-0000-7000-8000-000000000001"

/// The reason of the refusal that a rule answers with; nil when it allows.
func refusal(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch let refusal as Refusal {
        return refusal.reason
    } catch {
        return "\(error)"
    }
}

extension Instant {
    /// The smallest step of time.
    var next: Instant { adding(microseconds: 1) }
}
