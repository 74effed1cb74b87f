import Schema
import ServiceKit

/// What becomes of a request before the two work together (docs/domain.md §6.1).
extension Relationship {
    /// Whoever was asked says no.
    mutating func decline(by person: String, requester: String) throws {
        try requireAsked(person, requester, to: "decline the request")
        try require([.requested, .needsInfo], "REQUESTED or NEEDS_INFO")
        state = .declined
    }

    /// Whoever was asked wants to know something first.
    mutating func askForInfo(by person: String, requester: String) throws {
        try requireAsked(person, requester, to: "ask")
        try require([.requested], "REQUESTED")
        state = .needsInfo
    }

    mutating func provideInfo(by person: String, requester: String) throws {
        try requireRequester(person, requester, to: "answer")
        try require([.needsInfo], "NEEDS_INFO")
        state = .requested
    }

    mutating func withdraw(by person: String, requester: String) throws {
        try requireRequester(person, requester, to: "withdraw the request")
        try require([.requested, .needsInfo], "REQUESTED or NEEDS_INFO")
        state = .withdrawn
    }

    /// Nobody answered. False when somebody did.
    mutating func expire() -> Bool {
        guard state == .requested || state == .needsInfo else { return false }
        state = .expired
        return true
    }

    func require(_ states: Set<State>, _ needs: String) throws {
        guard states.contains(state) else { throw Refusal.wrongState("relationship", is: state, needs: needs) }
    }

    private func requireAsked(_ person: String, _ requester: String, to act: String) throws {
        guard person != requester else { throw Refusal.roleForbidden("Only the one who was asked can \(act).") }
    }

    private func requireRequester(_ person: String, _ requester: String, to act: String) throws {
        guard person == requester else {
            throw Refusal.roleForbidden("Only the one who asked for the relationship can \(act).")
        }
    }
}

/// What the one who was asked wants to know first.
extension Inquiry {
    /// More questions about one request are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumPerRequest = 20

    static func asked(_ question: String, name: String) throws -> Inquiry {
        try Check.text(question, "question", 1...2000)
        return Inquiry(name: name, question: question)
    }

    mutating func reply(_ words: String, at now: Instant) throws {
        try Check.text(words, "answer", 1...4000)
        answer = words
        answerTime = now.timestamp
    }
}
