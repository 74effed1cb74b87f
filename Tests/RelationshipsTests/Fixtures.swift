import Schema
import ServiceKit
import Standard
import Testing

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

/// The day of an instant, to an hour: the clock of a test goes on while it runs.
func dayNumber(_ timestamp: Timestamp?) throws -> Double? {
    try timestamp.map { (Double(try Instant($0) - dayZero) / Double(Instant.microsecondsPerDay) * 24).rounded() / 24 }
}

extension Instant {
    /// The smallest step of time.
    var next: Instant { adding(microseconds: 1) }
}

/// One verb of a state machine: where it leads from each state that allows it. Every other state refuses it.
struct Verb<Thing, State: Hashable & Sendable> {
    let name: String
    let leads: [State: State]
    /// The reason in other states than those of `reasons`.
    var otherwise = "WRONG_STATE"
    var reasons: [State: String] = [:]
    let act: (inout Thing) throws -> Void
}

/// Tries every verb in every state.
func expect<Thing, State>(
    _ verbs: [Verb<Thing, State>], in states: [State], of key: KeyPath<Thing, State>, _ thing: (State) -> Thing
) {
    for verb in verbs {
        for state in states {
            var thing = thing(state)
            let reason = refusal { try verb.act(&thing) }
            if let next = verb.leads[state] {
                #expect(reason == nil, "\(verb.name) in \(state)")
                #expect(thing[keyPath: key] == next, "\(verb.name) in \(state)")
            } else {
                #expect(reason == verb.reasons[state] ?? verb.otherwise, "\(verb.name) in \(state)")
                #expect(thing[keyPath: key] == state, "\(verb.name) in \(state)")
            }
        }
    }
}
