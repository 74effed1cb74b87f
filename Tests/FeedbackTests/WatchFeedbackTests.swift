import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Feedback

@Suite("Watching feedback")
struct WatchFeedbackTests {
    @Test("each sees what both may see, and of pulses their own alone")
    func both() async throws {
        let pair = try await Pair()
        let coach = try await Watcher(pair, as: pair.coach)
        let coachee = try await Watcher(pair, as: pair.coachee)
        _ = try await pair.answer(.honest, 1)
        _ = try await pair.answer(.useful, 2, scope: .selfOnly)
        let recognition = try await pair.service.giveRecognition(
            .init(parent: pair.name, behaviour: "You waited"), pair.coachee)
        let request = try await pair.ask(by: pair.coachee)
        #expect(await coachee.next()?.event == "pulse.answered.v1")
        for watcher in [coach, coachee] {
            let given = await watcher.next()
            #expect(given?.event == "feedback.delivered.v1")
            if case .feedbackItem(let item) = given?.resource {
                #expect(item.name == recognition.name && item.hints.isEmpty)
            } else {
                Issue.record("no item")
            }
            let asked = await watcher.next()
            #expect(asked?.resource == .feedbackRequest(request))
            #expect(asked?.occurredAt == request.createTime)
        }
        await coach.stop()
        await coachee.stop()
    }

    @Test("what is hidden in a blind exchange comes with the reveal")
    func blind() async throws {
        let pair = try await Pair()
        let request = try await pair.ask(by: pair.coach, blind: true)
        let watcher = try await Watcher(pair, as: pair.coach)
        _ = try await pair.answer(request, by: pair.coachee)
        let mine = try await pair.deliver(.neutral, by: pair.coach)
        guard case .feedbackItem(let first) = await watcher.next()?.resource else { throw Refusal.notFound("item") }
        #expect(first.name == mine.name)
        try await pair.host.advance(days: 8)
        guard case .feedbackItem(let second) = await watcher.next()?.resource else { throw Refusal.notFound("item") }
        #expect(second.author == pair.relationship.trustor && second.behaviour == "You interrupted")
        await watcher.stop()
    }

    @Test("a token brings what was missed; another stream's is refused")
    func resume() async throws {
        let pair = try await Pair()
        let watcher = try await Watcher(pair, as: pair.coach)
        _ = try await pair.deliver(.neutral, by: pair.coach)
        let token = try #require(await watcher.next()?.resumeToken)
        await watcher.stop()
        let missed = try await pair.deliver(.recognition, by: pair.coachee)
        let again = try await Watcher(pair, as: pair.coach, resumeToken: token)
        guard case .feedbackItem(let item) = await again.next()?.resource else { throw Refusal.notFound("item") }
        #expect(item.name == missed.name)
        await again.stop()
        let writer = ResponseWriter<WatchFeedbackResponse> { _ in }
        for token in ["x", String(token.dropLast()) + "A"] {
            #expect(
                await refusal {
                    try await pair.service.watchFeedback(
                        .init(parent: pair.name, resumeToken: token), pair.coach, writer)
                } == "INVALID_ARGUMENT INVALID_FIELD")
        }
        let stranger = pair.host.context(person: "organizations/acme/people/third")
        #expect(
            await refusal { try await pair.service.watchFeedback(.init(parent: pair.name), stranger, writer) }
                == "PERMISSION_DENIED NOT_PARTY")
    }
}

/// A stream that is open.
private struct Watcher {
    private let responses: AsyncStream<WatchFeedbackResponse>
    private let task: Task<Void, any Error>
    private let iterator: Cell

    /// Carries the iterator, which only one test reads.
    private final class Cell: @unchecked Sendable {
        var iterator: AsyncStream<WatchFeedbackResponse>.Iterator
        init(_ iterator: AsyncStream<WatchFeedbackResponse>.Iterator) { self.iterator = iterator }
    }

    /// Waits until the stream is open.
    init(_ pair: Pair, as context: ServerContext, resumeToken: String = "") async throws {
        let (stream, feed) = AsyncStream.makeStream(of: WatchFeedbackResponse.self)
        responses = stream
        let service = pair.service
        let request = WatchFeedbackRequest(parent: pair.name, resumeToken: resumeToken)
        task = Task {
            defer { feed.finish() }
            try await service.watchFeedback(request, context, ResponseWriter { feed.yield($0) })
        }
        iterator = Cell(stream.makeAsyncIterator())
        let first = await next()
        #expect(first?.resumeToken.isEmpty == false && first?.event == "" && first?.resource == nil)
    }

    func next() async -> WatchFeedbackResponse? { await iterator.iterator.next(isolation: nil) }

    func stop() async {
        task.cancel()
        _ = await task.result
    }
}
