import Schema
import ServiceKit
import Testing

@testable import Feedback

/// Every state with every verb: the next state, or WRONG_STATE and nothing changed.
@Suite("The states of feedback and of requests")
struct FeedbackStateTests {
    enum Verb: CaseIterable {
        case deliver, withdraw, acknowledge, discuss, act, decline, tag
    }

    static let states: [FeedbackItem.State] = [
        .draft, .delivered, .acknowledged, .discussed, .actedOn, .declinedWithReason, .withdrawn,
    ]

    static func next(_ state: FeedbackItem.State, _ verb: Verb) -> FeedbackItem.State? {
        switch (state, verb) {
        case (.draft, .deliver): .delivered
        case (.delivered, .withdraw): .withdrawn
        case (.delivered, .acknowledge): .acknowledged
        case (.acknowledged, .discuss): .discussed
        case (.discussed, .act): .actedOn
        case (.discussed, .decline): .declinedWithReason
        case (.delivered, .tag), (.acknowledged, .tag), (.discussed, .tag), (.actedOn, .tag),
            (.declinedWithReason, .tag):
            state
        default: nil
        }
    }

    @Test("of an item", arguments: states, Verb.allCases)
    func item(state: FeedbackItem.State, verb: Verb) {
        let now = FeedbackItemTests.monday
        let author = FeedbackItemTests.coach
        let receiver = FeedbackItemTests.coachee
        let before = FeedbackItem(
            name: FeedbackItemTests.name, author: author, receiver: receiver, kind: .constructive, behaviour: "x",
            state: state, revealTime: state == .draft ? nil : now.timestamp)
        var item = before
        let refusal = reason {
            switch verb {
            case .deliver: try item.deliver(by: author, at: now)
            case .withdraw: try item.withdraw(by: author, inTime: true, at: now)
            case .acknowledge: try item.acknowledge(by: receiver, note: "", disagreeReason: "", at: now)
            case .discuss: try item.discuss(at: now)
            case .act: try item.act(by: receiver, outcome: .actedOn, action: "", at: now)
            case .decline: try item.act(by: receiver, outcome: .declinedWithReason, action: "No time", at: now)
            case .tag: try item.tag(.criticismOnly, by: receiver, at: now)
            }
        }
        if let next = Self.next(state, verb) {
            #expect(refusal == nil)
            #expect(item.state == next)
        } else {
            #expect(refusal == "WRONG_STATE")
            #expect(item == before)
        }
    }

    @Test("of an item: whose verb it is", arguments: Verb.allCases)
    func roles(verb: Verb) {
        let now = FeedbackItemTests.monday
        let author = FeedbackItemTests.coach
        let receiver = FeedbackItemTests.coachee
        let states = Self.states.filter { Self.next($0, verb) != nil }
        var item = FeedbackItem(
            author: author, receiver: receiver, kind: .constructive, behaviour: "x", state: states.first ?? .draft)
        let before = item
        let refusal = reason {
            switch verb {
            case .deliver: try item.deliver(by: receiver, at: now)
            case .withdraw: try item.withdraw(by: receiver, inTime: true, at: now)
            case .acknowledge: try item.acknowledge(by: author, note: "", disagreeReason: "", at: now)
            // Either of the two.
            case .discuss: throw Refusal.roleForbidden("")
            case .act: try item.act(by: author, outcome: .actedOn, action: "", at: now)
            case .decline: try item.act(by: author, outcome: .declinedWithReason, action: "No", at: now)
            case .tag: try item.tag(.neutral, by: author, at: now)
            }
        }
        #expect(refusal == "ROLE_FORBIDDEN")
        #expect(item == before)
    }

    @Test("an action has one of two outcomes, and declining needs a reason of at most 2000 characters")
    func action() {
        let item = FeedbackItem(receiver: FeedbackItemTests.coachee, state: .discussed)
        func refusal(_ outcome: FeedbackItem.State, _ action: String) -> String? {
            var item = item
            return reason {
                try item.act(
                    by: FeedbackItemTests.coachee, outcome: outcome, action: action, at: FeedbackItemTests.monday)
            }
        }
        #expect(refusal(.declinedWithReason, " ") == "INVALID_FIELD")
        #expect(refusal(.unspecified, "x") == "INVALID_FIELD")
        #expect(refusal(.withdrawn, "x") == "INVALID_FIELD")
        #expect(refusal(.actedOn, String(repeating: "x", count: 2001)) == "INVALID_FIELD")
        #expect(refusal(.actedOn, String(repeating: "x", count: 2000)) == nil)
    }

    @Test("a withdrawal takes every word away and leaves who, whom, what kind and when")
    func tombstone() throws {
        var item = FeedbackItem(
            name: FeedbackItemTests.name, author: FeedbackItemTests.coach, receiver: FeedbackItemTests.coachee,
            kind: .balanced, situation: "s", behaviour: "b", impact: "i", nextStep: "n", strength: "g")
        item.state = .draft
        try item.deliver(by: item.author, at: FeedbackItemTests.monday)
        let later = FeedbackItemTests.monday.adding(hours: 1)
        try item.withdraw(by: item.author, inTime: true, at: later)
        #expect(
            item
                == FeedbackItem(
                    name: item.name, author: item.author, receiver: item.receiver, kind: .balanced, state: .withdrawn,
                    deliverTime: FeedbackItemTests.monday.timestamp, revealTime: FeedbackItemTests.monday.timestamp,
                    withdrawTime: later.timestamp, updateTime: later.timestamp))
    }

    enum RequestVerb: CaseIterable {
        case answer, decline, expire
    }

    static let requestStates: [FeedbackRequest.State] = [.open, .answered, .declined, .expired]

    @Test("of a request", arguments: requestStates, RequestVerb.allCases)
    func request(state: FeedbackRequest.State, verb: RequestVerb) {
        let now = FeedbackItemTests.monday
        let before = FeedbackRequest(about: FeedbackItemTests.coach, giver: FeedbackItemTests.coachee, state: state)
        var request = before
        var expired = false
        let refusal = reason {
            switch verb {
            case .answer:
                try request.requireAnswerable(by: request.giver)
                request.answer(with: FeedbackItem(name: FeedbackItemTests.name), at: now)
            case .decline: try request.decline(by: request.giver, reason: "Busy", at: now)
            case .expire: expired = request.expire(at: now)
            }
        }
        switch (state, verb) {
        case (.open, .answer): #expect(request.state == .answered && request.feedbackItem == FeedbackItemTests.name)
        case (.expired, .answer): #expect(request.state == .expired && request.feedbackItem == FeedbackItemTests.name)
        case (.open, .decline): #expect(request.state == .declined && request.declineReason == "Busy")
        case (.open, .expire): #expect(request.state == .expired && expired)
        case (_, .expire): #expect(request == before && !expired)
        default:
            #expect(refusal == "WRONG_STATE")
            #expect(request == before)
        }
    }
}
