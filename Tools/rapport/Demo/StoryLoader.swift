import Protobuf
import RPC
import Schema
import Standard

/// Posts one story through the gateway, fact by fact in time order, each by the one whose act it is.
struct StoryLoader {
    let story: Story
    let dayZero: CalendarDay
    let relationships: RelationshipsServiceClient
    let feedback: FeedbackServiceClient
    let goals: GoalsServiceClient
    let trust: TrustServiceClient
    /// Tokens of the two, with the import scope.
    let tokens: [Party: String]
    let persistence = Persistence()
    var progress: DemoFile.StoryProgress
    /// Keeps the progress after each fact.
    let save: (DemoFile.StoryProgress) throws -> Void

    /// Between two looks at whether something arrived from another service.
    static let pollInterval: Duration = .milliseconds(20)

    init(
        _ story: Story, dayZero: CalendarDay, channel: Channel, tokens: [Party: String],
        progress: DemoFile.StoryProgress, save: @escaping (DemoFile.StoryProgress) throws -> Void
    ) {
        self.story = story
        self.dayZero = dayZero
        relationships = RelationshipsServiceClient(channel)
        feedback = FeedbackServiceClient(channel)
        goals = GoalsServiceClient(channel)
        trust = TrustServiceClient(channel)
        self.tokens = tokens
        self.progress = progress
        self.save = save
    }

    /// Goes on where the last run ended.
    mutating func load() async throws {
        guard !progress.isFinished else { return }
        if progress.names["relationship"] == nil {
            try await begin()
            try save(progress)
        }
        var position = 0
        for day in story.days {
            for fact in day.facts {
                position += 1
                guard position > progress.facts else { continue }
                do {
                    try await post(fact, on: day.day, as: "\(position)")
                } catch let error as RPCError {
                    throw Failure("\(story.id), day \(day.day), fact \(position) (\(fact)): \(ErrorText(error).text)")
                }
                progress.facts = position
                try save(progress)
            }
        }
        try await finish()
        progress.isFinished = true
        try save(progress)
    }

    var relationship: String { progress.names["relationship"] ?? "" }

    func person(_ party: Party) -> String { story.person(party).name }

    func time(_ day: Int) -> Timestamp { (dayZero + (story.offset + day)).at(hour: story.hour) }

    func options(_ party: Party) -> CallOptions {
        CallOptions(metadata: ["authorization": "Bearer \(tokens[party] ?? "")"], timeout: .seconds(5))
    }

    /// One mutating call, made again until it is answered.
    func post<Answer: Message>(
        _ step: String, by party: Party, on day: Int, _ call: (Posting) async throws -> Answer
    ) async throws -> Answer {
        let posting = Posting(
            requestID: Posting.requestID(story.id, dayZero: dayZero, step: step), occurredAt: time(day),
            options: options(party))
        return try await persistence { try await call(posting) }
    }

    // MARK: The frame of the story

    /// From the request to the activation: the agreement is signed by both before the first session.
    private mutating func begin() async throws {
        let day = Story.activationDay
        let pair = try await post("request", by: .trustor, on: day - 1) {
            try await relationships.requestRelationship(
                RequestRelationshipRequest(
                    parent: Cast.organization,
                    relationship: Relationship(
                        kind: story.programme.kind, programme: story.programme.name, trustee: person(.trustee),
                        trustor: person(.trustor), importing: true),
                    requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        _ = try await post("accept", by: .trustee, on: day - 1) {
            try await relationships.acceptRequest(
                AcceptRequestRequest(name: pair.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        let agreement = try await post("agreement", by: .trustee, on: day - 1) {
            try await relationships.reviseAgreement(
                ReviseAgreementRequest(
                    parent: pair.name,
                    agreement: Agreement(
                        purpose: story.purpose,
                        confidentialityClauses: ["What is said in a session stays between the two."],
                        sharingRules: ["The programme learns of dates and attendance, nothing else."],
                        limits: "Confidentiality ends where the law or a risk of harm demands it."),
                    requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        for (party, step) in [(Party.trustor, "sign trustor"), (.trustee, "sign trustee")] {
            _ = try await post(step, by: party, on: day) {
                try await relationships.signAgreement(
                    SignAgreementRequest(name: agreement.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        }
        _ = try await post("activate", by: .trustee, on: day) {
            try await relationships.activateRelationship(
                ActivateRelationshipRequest(name: pair.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        progress.names["relationship"] = pair.name
    }

    /// Ends the import, once Trust has made of the facts all that it will.
    private func finish() async throws {
        _ = try await post("finish", by: .trustee, on: story.lastDay) {
            try await relationships.finishImport(
                FinishImportRequest(name: relationship, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        let expected = Int64(story.evidence.count)
        try await eventually("\(expected) pieces of evidence of \(story.id)") {
            let profile = try await trust.getProfileAt(
                GetProfileAtRequest(name: "\(relationship)/trustProfile", asOf: time(story.lastDay + 1)),
                options: options(.trustor))
            return profile.evidenceCount >= expected ? profile : nil
        }
    }

    /// Waits for what another service will do soon.
    @discardableResult
    func eventually<Answer: Sendable>(_ what: String, _ look: () async throws -> Answer?) async throws -> Answer {
        let end = ContinuousClock.now + persistence.patience
        while ContinuousClock.now < end {
            if let answer = try await persistence(look) { return answer }
            try await Task.sleep(for: Self.pollInterval)
        }
        throw Failure("waited \(Format.seconds(persistence.patience)) in vain for \(what)")
    }
}
