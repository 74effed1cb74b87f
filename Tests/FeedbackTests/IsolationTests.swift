import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Feedback

@Suite("Two organisations")
struct IsolationTests {
    @Test("with the same ids everywhere do not cross, by any read or list")
    func sameIdentifiers() async throws {
        let host = try await TestHost(FeedbackService.self, at: Pair.monday)
        let service = host.service
        let organizations = ["organizations/acme", "organizations/globex"]
        let id = "01931f5e-0000-7000-8000-000000000001"
        for organization in organizations {
            let name = "\(organization)/relationships/\(id)"
            try await host.put(
                Relationship(
                    name: name, trustee: "\(organization)/people/coach", trustor: "\(organization)/people/coachee",
                    state: .active, startTime: Pair.monday.timestamp, etag: "\"1\""))
            try await host.runtime.database.write { transaction in
                _ = try Tables.feedbackItems.insert(
                    FeedbackItem(
                        name: "\(name)/feedbackItems/\(id)", author: "\(organization)/people/coach",
                        receiver: "\(organization)/people/coachee", kind: .neutral, impact: organization,
                        state: .delivered, revealTime: Pair.monday.timestamp), in: transaction)
                _ = try Tables.feedbackRequests.insert(
                    FeedbackRequest(
                        name: "\(name)/feedbackRequests/\(id)", about: "\(organization)/people/coach",
                        giver: "\(organization)/people/coachee", question: organization, state: .open), in: transaction)
                _ = try Tables.pulses.insert(
                    Pulse(
                        name: "\(name)/pulses/\(id)", author: "\(organization)/people/coachee", item: .honest, value: 3,
                        scope: .shared, createTime: Pair.monday.timestamp), in: transaction)
            }
        }
        for (own, other) in zip(organizations, organizations.reversed()) {
            let coachee = host.context(person: "\(own)/people/coachee")
            let mine = "\(own)/relationships/\(id)"
            let theirs = "\(other)/relationships/\(id)"
            let item = try await service.getFeedback(.init(name: "\(mine)/feedbackItems/\(id)"), coachee)
            #expect(item.impact == own)
            #expect(try await service.listFeedback(.init(parent: mine), coachee).feedbackItems == [item])
            let request = try await service.getFeedbackRequest(.init(name: "\(mine)/feedbackRequests/\(id)"), coachee)
            #expect(request.question == own)
            #expect(try await service.listFeedbackRequests(.init(parent: mine), coachee).feedbackRequests == [request])
            #expect(
                try await service.listPulses(.init(parent: mine), coachee).pulses.map(\.author) == [
                    "\(own)/people/coachee"
                ])
            #expect(try await service.getPulseTrend(.init(parent: mine), coachee).trends.first?.points.count == 1)
            let acknowledged = try await service.acknowledgeFeedback(.init(name: item.name), coachee)
            #expect(acknowledged.impact == own)

            let denied: String? = "PERMISSION_DENIED NOT_PARTY"
            let pulse = SubmitPulseRequest(parent: theirs, item: .fair, value: 1)
            let words = FeedbackItem(kind: .neutral, impact: "x")
            let item2 = "\(theirs)/feedbackItems/\(id)"
            let request2 = "\(theirs)/feedbackRequests/\(id)"
            let writer = ResponseWriter<WatchFeedbackResponse> { _ in }
            let attempts: [@Sendable () async throws -> Void] = [
                { _ = try await service.getFeedback(.init(name: item2), coachee) },
                { _ = try await service.listFeedback(.init(parent: theirs, filter: "impact:*"), coachee) },
                { _ = try await service.createFeedback(.init(parent: theirs, feedbackItem: words), coachee) },
                { _ = try await service.lintFeedback(.init(parent: theirs, feedbackItem: words), coachee) },
                { _ = try await service.deliverFeedback(.init(name: item2), coachee) },
                { _ = try await service.giveRecognition(.init(parent: theirs, behaviour: "x"), coachee) },
                { _ = try await service.acknowledgeFeedback(.init(name: item2), coachee) },
                { _ = try await service.withdrawFeedback(.init(name: item2), coachee) },
                { _ = try await service.tagFeedback(.init(name: item2, kind: .neutral), coachee) },
                { _ = try await service.discussFeedback(.init(name: item2), coachee) },
                { _ = try await service.recordAction(.init(name: item2, outcome: .actedOn), coachee) },
                { _ = try await service.requestFeedback(.init(parent: theirs), coachee) },
                { _ = try await service.declineFeedbackRequest(.init(name: request2), coachee) },
                { _ = try await service.getFeedbackRequest(.init(name: request2), coachee) },
                { _ = try await service.listFeedbackRequests(.init(parent: theirs), coachee) },
                { _ = try await service.submitPulse(pulse, coachee) },
                { _ = try await service.skipPulse(.init(parent: theirs, item: .fair), coachee) },
                { _ = try await service.getPulse(.init(name: "\(theirs)/pulses/\(id)"), coachee) },
                { _ = try await service.listPulses(.init(parent: theirs), coachee) },
                { _ = try await service.getPulseTrend(.init(parent: theirs), coachee) },
                { try await service.watchFeedback(.init(parent: theirs), coachee, writer) },
            ]
            for (index, attempt) in attempts.enumerated() {
                #expect(await refusal(attempt) == denied, "attempt \(index)")
            }
        }
        #expect(try await host.events().map(\.organization) == organizations)
    }
}
