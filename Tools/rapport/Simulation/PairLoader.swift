import Protobuf
import RPC
import Schema
import Simulation
import Standard

/// Posts one simulated pair's acts through the gateway, in the order of time, each by the one whose act it is. A run that is
/// repeated repeats every request id, so that each act takes effect once.
struct PairLoader {
    let pair: Pair
    let organization: SimulatedOrganization
    let clients: Clients
    let tokens: [Party: String]
    let persistence: Persistence
    let duplicates: Double
    private var dice: Dice
    private(set) var calls = 0
    private var relationship = ""
    private var sessions: [Int: String] = [:]
    private var promises: [Int: (name: String, owner: Party)] = [:]
    private var notes: [Int: String] = [:]

    struct Clients: Sendable {
        let relationships: RelationshipsServiceClient
        let feedback: FeedbackServiceClient

        init(_ channel: Channel) {
            relationships = RelationshipsServiceClient(channel)
            feedback = FeedbackServiceClient(channel)
        }
    }

    init(
        _ pair: Pair, of organization: SimulatedOrganization, clients: Clients, tokens: [Party: String],
        persistence: Persistence
    ) {
        self.pair = pair
        self.organization = organization
        self.clients = clients
        self.tokens = tokens
        self.persistence = persistence
        duplicates = organization.parameters.duplicates
        dice = Dice(seed: organization.parameters.seed).child(1 << 41 | UInt64(pair.number))
    }

    /// - Returns: the relationship's name.
    mutating func load() async throws -> String {
        let diary = Diary(of: pair)
        try await begin()
        for (number, act) in diary.acts.enumerated() {
            do {
                try await post(act, "\(number)")
            } catch let error as RPCError {
                throw Failure("pair \(pair.number), act \(number) (\(act)): \(ErrorText(error).text)")
            }
        }
        _ = try await post("finish", .trustee, Double(pair.weeks * 7)) { [clients, relationship] in
            try await clients.relationships.finishImport(
                FinishImportRequest(name: relationship, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        return relationship
    }

    // MARK: Calls

    /// One call, made again until it is answered; some are made twice, as a client that lost the answer would.
    private mutating func post<Answer: Message & Sendable>(
        _ step: String, _ party: Party, _ day: Double,
        _ call: @Sendable (Posting) async throws -> Answer
    ) async throws -> Answer {
        let posting = Posting(
            requestID: organization.requestID("pair \(pair.number)", step: step), occurredAt: organization.time(day),
            options: CallOptions(
                metadata: ["authorization": "Bearer \(tokens[party] ?? "")"], timeout: .seconds(30)))
        calls += 1
        let answer = try await persistence { try await call(posting) }
        guard dice.happens(duplicates) else { return answer }
        calls += 1
        return try await persistence { try await call(posting) }
    }

    private mutating func begin() async throws {
        let client = clients.relationships
        let organization = organization
        let pair = pair
        let made = try await post("request", .trustor, -2) {
            try await client.requestRelationship(
                RequestRelationshipRequest(
                    parent: organization.name,
                    relationship: Relationship(
                        kind: .coaching, programme: organization.programme(cadenceDays: pair.cadenceDays),
                        trustee: organization.person(pair.coach), trustor: organization.person(pair.coachee),
                        importing: true), requestId: $0.requestID, occurredAt: $0.occurredAt), options: $0.options)
        }
        let name = made.name
        relationship = name
        _ = try await post("accept", .trustee, -2) {
            try await client.acceptRequest(
                AcceptRequestRequest(name: name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        let agreement = try await post("agreement", .trustee, -1) {
            try await client.reviseAgreement(
                ReviseAgreementRequest(
                    parent: name,
                    agreement: Agreement(
                        purpose: "Grow in the role.",
                        confidentialityClauses: ["What is said in a session stays between the two."],
                        sharingRules: ["The programme learns of dates and attendance, nothing else."],
                        limits: "Confidentiality ends where the law or a risk of harm demands it."),
                    requestId: $0.requestID, occurredAt: $0.occurredAt), options: $0.options)
        }
        for (party, step) in [(Party.trustor, "sign trustor"), (.trustee, "sign trustee")] {
            _ = try await post(step, party, -0.5) {
                try await client.signAgreement(
                    SignAgreementRequest(name: agreement.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        }
        _ = try await post("activate", .trustee, 0) {
            try await client.activateRelationship(
                ActivateRelationshipRequest(name: name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
    }

    // MARK: Acts

    private mutating func post(_ act: Act, _ step: String) async throws {
        let day = act.day
        switch act.kind {
        case .plan(let session, let start):
            let parent = relationship
            let time = organization.time(start)
            sessions[session] = try await post(step, .trustee, day) { [clients] in
                try await clients.relationships.scheduleSession(
                    ScheduleSessionRequest(
                        parent: parent, session: Session(startTime: time, durationMinutes: 60, mode: .video),
                        requestId: $0.requestID, occurredAt: $0.occurredAt), options: $0.options)
            }.name
        case .held(let session):
            for party in [Party.trustee, .trustor] { try await attest(session, .held, by: party, day, step) }
        case .absent(let session, let person):
            let outcome: Attestation.Outcome = person == .coach ? .trusteeNoShow : .trustorNoShow
            try await attest(session, outcome, by: person == .coach ? .trustor : .trustee, day, step)
        case .calledOff(let session, let person):
            let name = sessions[session] ?? ""
            _ = try await post(step, Party(person), day) { [clients] in
                try await clients.relationships.cancelSession(
                    CancelSessionRequest(name: name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .moved(let session, let start):
            let name = sessions[session] ?? ""
            let time = organization.time(start)
            _ = try await post(step, .trustee, day) { [clients] in
                try await clients.relationships.rescheduleSession(
                    RescheduleSessionRequest(
                        name: name, startTime: time, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .promise, .kept, .renegotiated: try await postPromise(act, step)
        case .decision(_, let isExplained):
            let parent = relationship
            let affected = organization.person(pair.coachee)
            _ = try await post(step, .trustee, day) { [clients] in
                try await clients.relationships.recordDecision(
                    RecordDecisionRequest(
                        parent: parent,
                        decision: Decision(
                            what: "The next four weeks go to one topic.",
                            why: isExplained ? "Two at a time have cost both of us the overview." : "",
                            affects: [affected]), requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .feedback(_, let kind, let person): try await give(kind, by: Party(person), day, step)
        case .pulse(let item, let value):
            let parent = relationship
            let item = Schema.Pulse.Item(item)
            _ = try await post(step, .trustor, day) { [clients] in
                try await clients.feedback.submitPulse(
                    SubmitPulseRequest(
                        parent: parent, item: item, value: Int32(value), scope: .shared, requestId: $0.requestID,
                        occurredAt: $0.occurredAt), options: $0.options)
            }
        case .note(let note):
            let parent = relationship
            notes[note] = try await post(step, .trustee, day) { [clients] in
                try await clients.relationships.createNote(
                    CreateNoteRequest(
                        parent: parent, note: Note(level: .pair, body: "We agreed on the first two steps."),
                        requestId: $0.requestID, occurredAt: $0.occurredAt), options: $0.options)
            }.name
        case .silentChange(let note):
            let name = notes[note] ?? ""
            _ = try await post(step, .trustee, day) { [clients] in
                try await clients.relationships.updateNote(
                    UpdateNoteRequest(
                        note: Note(name: name, body: "We agreed on the first step."), requestId: $0.requestID,
                        occurredAt: $0.occurredAt), options: $0.options)
            }
        }
    }

    private mutating func attest(
        _ session: Int, _ outcome: Attestation.Outcome, by party: Party, _ day: Double, _ step: String
    ) async throws {
        let name = sessions[session] ?? ""
        _ = try await post("\(step) \(party)", party, day) { [clients] in
            try await clients.relationships.attestSession(
                AttestSessionRequest(
                    name: name, outcome: outcome, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
    }

    private mutating func postPromise(_ act: Act, _ step: String) async throws {
        let client = clients.relationships
        switch act.kind {
        case .promise(let promise, let person, let due):
            let owner = Party(person)
            let parent = relationship
            let name = organization.person(owner == .trustee ? pair.coach : pair.coachee)
            let time = organization.time(due)
            let made = try await post(step, owner, act.day) {
                try await client.createCommitment(
                    CreateCommitmentRequest(
                        parent: parent, commitment: Commitment(owner: name, text: "Send the notes.", dueTime: time),
                        requestId: $0.requestID, occurredAt: $0.occurredAt), options: $0.options)
            }
            promises[promise] = (made.name, owner)
            try await accept(made.name, by: owner.other, act.day, step)
        case .kept(let promise):
            guard let (name, owner) = promises[promise] else { return }
            _ = try await post("\(step) claim", owner, act.day) {
                try await client.claimKept(
                    ClaimKeptRequest(name: name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            _ = try await post("\(step) confirm", owner.other, act.day) {
                try await client.confirmKept(
                    ConfirmKeptRequest(name: name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .renegotiated(let promise, let due):
            guard let (name, owner) = promises[promise] else { return }
            let time = organization.time(due)
            _ = try await post("\(step) ask", owner, act.day) {
                try await client.renegotiateCommitment(
                    RenegotiateCommitmentRequest(
                        name: name, dueTime: time, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            try await accept(name, by: owner.other, act.day, step)
        default: break
        }
    }

    private mutating func accept(
        _ commitment: String, by party: Party, _ day: Double, _ step: String
    ) async throws {
        _ = try await post("\(step) accept", party, day) { [clients] in
            try await clients.relationships.acceptCommitment(
                AcceptCommitmentRequest(name: commitment, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
    }

    private mutating func give(
        _ kind: Act.Feedback, by party: Party, _ day: Double, _ step: String
    ) async throws {
        let parent = relationship
        let item = FeedbackItem(kind)
        let draft = try await post(step, party, day) { [clients] in
            try await clients.feedback.createFeedback(
                CreateFeedbackRequest(
                    parent: parent, feedbackItem: item, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        _ = try await post("\(step) deliver", party, day) { [clients] in
            try await clients.feedback.deliverFeedback(
                DeliverFeedbackRequest(name: draft.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
    }
}

extension Party {
    fileprivate init(_ person: Act.Person) { self = person == .coach ? .trustee : .trustor }
}

extension Schema.Pulse.Item {
    fileprivate init(_ item: Act.Pulse) {
        switch item {
        case .dependable: self = .dependable
        case .honest: self = .honest
        case .useful: self = .useful
        case .understood: self = .understood
        }
    }
}

extension FeedbackItem {
    fileprivate init(_ kind: Act.Feedback) {
        self.init(
            situation: "In the meeting on the offer.", behaviour: "You named the price before the need was clear.",
            impact: "The buyer spoke of nothing but the price.")
        switch kind {
        case .recognition:
            self.kind = .recognition
            behaviour = "You asked three questions before you made an offer."
            impact = "The buyer told more than in the last two meetings."
        case .balanced:
            self.kind = .balanced
            strength = "You had prepared the figures well."
            nextStep = "Ask for the need before you name a price."
        case .constructive:
            self.kind = .constructive
            nextStep = "Ask for the need before you name a price."
        case .criticismOnly: self.kind = .criticismOnly
        }
    }
}
