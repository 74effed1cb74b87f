import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Feedback

@Suite("Feedback between the two")
struct FeedbackServiceTests {
    @Test("a draft is its author's alone: for the other one it does not exist")
    func draftIsPrivate() async throws {
        let pair = try await Pair()
        var draft = try await pair.service.createFeedback(
            CreateFeedbackRequest(parent: pair.name, feedbackItem: FeedbackItem(kind: .neutral, impact: "Hm")),
            pair.coach)
        draft.hints = []
        let get = GetFeedbackRequest(name: draft.name)
        let list = ListFeedbackRequest(parent: pair.name)
        #expect(try await pair.service.getFeedback(get, pair.coach) == draft)
        #expect(try await pair.service.listFeedback(list, pair.coach).feedbackItems == [draft])
        for other in [pair.coachee, pair.host.context(service: "trust-scoring")] {
            #expect(await refusal { try await pair.service.getFeedback(get, other) } == "NOT_FOUND NOT_FOUND")
            #expect(try await pair.service.listFeedback(list, other).feedbackItems.isEmpty)
        }
        let missing = draft.name.dropLast(4) + "0000"
        let deliver = { name in
            await refusal { try await pair.service.deliverFeedback(DeliverFeedbackRequest(name: name), pair.coachee) }
        }
        #expect(await deliver(draft.name) == "NOT_FOUND NOT_FOUND")
        #expect(await deliver(String(missing)) == "NOT_FOUND NOT_FOUND")
        #expect(try await pair.host.events().isEmpty)
    }

    @Test("delivered, it is readable by both and announced once, without its words")
    func delivery() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(.balanced, by: pair.coach)
        #expect(item.etag == "\"2\"")
        for reader in [pair.coach, pair.coachee, pair.host.context(service: "gateway")] {
            #expect(try await pair.service.getFeedback(GetFeedbackRequest(name: item.name), reader) == item)
        }
        let events = try await pair.host.events()
        #expect(events.map(\.type) == ["feedback.delivered.v1"])
        let event = try #require(events.first)
        #expect(event.actorRole == .trustee)
        #expect(event.relationship == pair.name)
        #expect(event.occurredAt == item.deliverTime)
        #expect(
            event.feedback
                == FeedbackChanged(
                    feedbackItem: item.name, authorRole: .trustee, kind: .balanced, state: .delivered, complete: true,
                    deliverTime: item.deliverTime, effectiveKind: .balanced, hasNextStep: true,
                    revealTime: item.deliverTime))
        #expect(
            await refusal { try await pair.service.deliverFeedback(.init(name: item.name), pair.coachee) }
                == "PERMISSION_DENIED ROLE_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.deliverFeedback(.init(name: item.name), pair.coach) }
                == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("criticism without behaviour stays a draft")
    func criticism() async throws {
        let pair = try await Pair()
        var draft = try await pair.service.createFeedback(
            .init(parent: pair.name, feedbackItem: FeedbackItem(kind: .criticismOnly, impact: "It annoyed me")),
            pair.coach)
        draft.hints = []
        let name = draft.name
        #expect(
            await refusal { try await pair.service.deliverFeedback(.init(name: name), pair.coach) }
                == "FAILED_PRECONDITION MISSING_BEHAVIOUR")
        #expect(try await pair.service.getFeedback(.init(name: draft.name), pair.coach) == draft)
        #expect(try await pair.host.events().isEmpty)
    }

    @Test("a recognition is written and delivered in one step, and announced as both")
    func recognition() async throws {
        let pair = try await Pair()
        let request = GiveRecognitionRequest(parent: pair.name, behaviour: "You listened", impact: "She opened up")
        let item = try await pair.service.giveRecognition(request, pair.coach)
        #expect(item.kind == .recognition)
        #expect(item.state == .delivered)
        #expect(item.receiver == pair.relationship.trustor)
        #expect(try await pair.host.events().map(\.type) == ["feedback.delivered.v1", "recognition.given.v1"])
        #expect(
            await refusal {
                try await pair.service.giveRecognition(.init(parent: pair.name, behaviour: ""), pair.coach)
            }
                == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test("the receiver acknowledges, and may disagree")
    func acknowledgement() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coach)
        #expect(
            await refusal { try await pair.acknowledge(item, by: pair.coach) } == "PERMISSION_DENIED ROLE_FORBIDDEN")
        let acknowledged = try await pair.service.acknowledgeFeedback(
            AcknowledgeFeedbackRequest(name: item.name, note: "Read", disagreeReason: "It was the line"), pair.coachee)
        #expect(acknowledged.state == .acknowledged)
        #expect(acknowledged.behaviour == item.behaviour)
        let event = try #require(try await pair.events("feedback.acknowledged.v1").first)
        #expect(event.actorRole == .trustor)
        #expect(event.feedback?.authorRole == .trustee)
        #expect(event.feedback?.inTime == true)
        #expect(
            await refusal { try await pair.acknowledge(item, by: pair.coachee) } == "FAILED_PRECONDITION WRONG_STATE")
    }

    @Test("lists in order of creation, in pages that are good for one relationship")
    func pages() async throws {
        let pair = try await Pair()
        var names: [String] = []
        for _ in 0..<5 { names.append(try await pair.deliver(by: pair.coach).name) }
        _ = try await pair.service.createFeedback(
            .init(parent: pair.name, feedbackItem: FeedbackItem(kind: .neutral, impact: "mine")), pair.coachee)
        var read: [String] = []
        var token = ""
        repeat {
            let page = try await pair.service.listFeedback(
                .init(parent: pair.name, pageSize: 2, pageToken: token), pair.coach)
            #expect(page.feedbackItems.count <= 2)
            read += page.feedbackItems.map(\.name)
            token = page.nextPageToken
        } while !token.isEmpty
        #expect(read == names)
        let first = try await pair.service.listFeedback(.init(parent: pair.name, pageSize: 2), pair.coach)
        let other = try await pair.host.relationship()
        #expect(
            await refusal {
                try await pair.service.listFeedback(
                    .init(parent: other.name, pageToken: first.nextPageToken), pair.coach)
            } == "INVALID_ARGUMENT BAD_PAGE_TOKEN")
    }

    @Test("a request that comes twice takes effect once")
    func idempotency() async throws {
        let pair = try await Pair()
        var request = GiveRecognitionRequest(parent: pair.name, behaviour: "You listened")
        request.requestId = "7b0c6f0a-58f4-4c55-9b0c-0c5d5f1f8f11"
        let first = try await pair.service.giveRecognition(request, pair.coach)
        #expect(try await pair.service.giveRecognition(request, pair.coach) == first)
        #expect(try await pair.service.listFeedback(.init(parent: pair.name), pair.coach).feedbackItems == [first])
        #expect(try await pair.events("feedback.delivered.v1").count == 1)
        request.behaviour = "You spoke"
        #expect(
            await refusal { try await pair.service.giveRecognition(request, pair.coach) }
                == "ALREADY_EXISTS REQUEST_ID_REUSED")
    }

    static let states: [Relationship.State] = [
        .requested, .needsInfo, .accepted, .paused, .ending, .ended, .declined, .withdrawn, .expired, .rematching,
    ]

    @Test("needs an active relationship; what was said stays readable", arguments: states)
    func inactive(state: Relationship.State) async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coach)
        var relationship = pair.relationship
        relationship.state = state
        try await pair.host.put(relationship)
        let notActive: String? = "FAILED_PRECONDITION NOT_ACTIVE"
        #expect(await refusal { try await pair.deliver(by: pair.coach) } == notActive)
        #expect(await refusal { try await pair.acknowledge(item, by: pair.coachee) } == notActive)
        #expect(await refusal { try await pair.answer(.honest) } == notActive)
        #expect(try await pair.service.getFeedback(.init(name: item.name), pair.coachee) == item)
    }

    @Test("two pairs and two organisations do not cross")
    func strangers() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coach)
        let other = try await pair.host.relationship(
            trustor: "organizations/globex/people/coachee", trustee: "organizations/globex/people/coach")
        let neighbour = try await pair.host.relationship(
            trustor: "organizations/acme/people/third", trustee: pair.relationship.trustee)
        let denied: String? = "PERMISSION_DENIED NOT_PARTY"
        for stranger in [other.trustor, other.trustee, neighbour.trustor].map({ pair.host.context(person: $0) }) {
            #expect(await refusal { try await pair.service.getFeedback(.init(name: item.name), stranger) } == denied)
            #expect(await refusal { try await pair.service.listFeedback(.init(parent: pair.name), stranger) } == denied)
            #expect(await refusal { try await pair.service.listPulses(.init(parent: pair.name), stranger) } == denied)
            #expect(await refusal { try await pair.deliver(by: stranger) } == denied)
            #expect(await refusal { try await pair.acknowledge(item, by: stranger) } == denied)
            #expect(await refusal { try await pair.answer(.honest, by: stranger) } == denied)
        }
        // The same id under another relationship is another resource.
        let id = try #require(item.name.split(separator: "/").last)
        for relationship in [other, neighbour] {
            let reader = pair.host.context(person: relationship.trustee)
            let name = "\(relationship.name)/feedbackItems/\(id)"
            #expect(
                await refusal { try await pair.service.getFeedback(.init(name: name), reader) } == "NOT_FOUND NOT_FOUND"
            )
            #expect(try await pair.service.listFeedback(.init(parent: relationship.name), reader).feedbackItems.isEmpty)
        }
    }

    @Test("is a person's word: no service gives, receives or answers")
    func services() async throws {
        let pair = try await Pair()
        let item = try await pair.deliver(by: pair.coach)
        let service = pair.host.context(service: "gateway")
        let forbidden: String? = "PERMISSION_DENIED ROLE_FORBIDDEN"
        #expect(await refusal { try await pair.deliver(by: service) } == forbidden)
        #expect(
            await refusal { try await pair.service.giveRecognition(.init(parent: pair.name), service) } == forbidden)
        #expect(await refusal { try await pair.acknowledge(item, by: service) } == forbidden)
        #expect(await refusal { try await pair.answer(.honest, by: service) } == forbidden)
        #expect(
            await refusal { try await pair.service.listPulses(.init(parent: pair.name), service) }
                == "PERMISSION_DENIED LEVEL_FORBIDDEN")
    }

    @Test("needs a token and well-formed names")
    func malformed() async throws {
        let pair = try await Pair()
        let anonymous = ServerContext(method: "test.Service/Method")
        #expect(await refusal { try await pair.deliver(by: anonymous) } == "UNAUTHENTICATED TOKEN_MISSING")
        let name = "\(pair.name)/feedbackItems/x"
        #expect(
            await refusal { try await pair.service.giveRecognition(.init(parent: name, behaviour: "x"), pair.coach) }
                == "INVALID_ARGUMENT BAD_NAME")
        #expect(
            await refusal { try await pair.service.getFeedback(.init(name: pair.name), pair.coach) }
                == "INVALID_ARGUMENT BAD_NAME")
        #expect(
            await refusal { try await pair.service.createFeedback(.init(parent: pair.name), pair.coach) }
                == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(
            await refusal { try await pair.service.listFeedback(.init(parent: pair.name, pageSize: -1), pair.coach) }
                == "INVALID_ARGUMENT INVALID_FIELD")
    }
}
