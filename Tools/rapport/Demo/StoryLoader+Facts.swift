import RPC
import Schema
import Standard

/// Each fact as the calls that make it.
extension StoryLoader {
    mutating func post(_ fact: Fact, on day: Int, as step: String) async throws {
        switch fact {
        case .plan(let sessionDay, let template):
            let session = try await post(step, by: .trustee, on: day) {
                try await relationships.scheduleSession(
                    ScheduleSessionRequest(
                        parent: relationship,
                        session: Session(
                            startTime: time(sessionDay), durationMinutes: 60, mode: .inPerson, template: template),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            progress.names["session \(sessionDay)"] = session.name
        case .held:
            for (party, side) in [(Party.trustee, "trustee"), (.trustor, "trustor")] {
                _ = try await post("\(step) \(side)", by: party, on: day) {
                    try await relationships.attestSession(
                        AttestSessionRequest(
                            name: try name("session \(day)"), outcome: .held, requestId: $0.requestID,
                            occurredAt: $0.occurredAt),
                        options: $0.options)
                }
            }
        case .intent(let sessionDay, let text):
            _ = try await post(step, by: .trustee, on: day) {
                try await relationships.stateIntent(
                    StateIntentRequest(
                        name: try name("session \(sessionDay)"), intent: text, requestId: $0.requestID,
                        occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .promise, .kept, .renegotiated, .missed, .acknowledged, .repaired, .support:
            try await postPromise(fact, on: day, as: step)
        case .decision, .reflectBack, .advice, .contextChange:
            try await postConversation(fact, on: day, as: step)
        case .feedback(let item):
            let draft = try await post(step, by: .trustee, on: day) {
                try await feedback.createFeedback(
                    CreateFeedbackRequest(
                        parent: relationship, feedbackItem: item, requestId: $0.requestID,
                        occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            _ = try await post("\(step) deliver", by: .trustee, on: day) {
                try await feedback.deliverFeedback(
                    DeliverFeedbackRequest(name: draft.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .recognition(let behaviour, let impact):
            _ = try await post(step, by: .trustee, on: day) {
                try await feedback.giveRecognition(
                    GiveRecognitionRequest(
                        parent: relationship, behaviour: behaviour, impact: impact, requestId: $0.requestID,
                        occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .pulse(let item, let value):
            _ = try await post(step, by: .trustor, on: day) {
                try await feedback.submitPulse(
                    SubmitPulseRequest(
                        parent: relationship, item: item, value: Int32(value), scope: .shared,
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .goal(let label, let due, let goal):
            try await postGoal(label, due: due, goal, on: day, as: step)
        case .attainment(let goal, let level, let point, let isCountersigned, let evidence):
            let attainment = try await post(step, by: .trustor, on: day) {
                try await goals.recordAttainment(
                    RecordAttainmentRequest(
                        parent: try name("goal \(goal)"),
                        attainment: Attainment(
                            level: Int32(level), reviewPoint: point, reviewTime: time(day), evidence: evidence),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            guard isCountersigned else { return }
            _ = try await post("\(step) countersign", by: .trustee, on: day) {
                try await goals.countersignAttainment(
                    CountersignAttainmentRequest(
                        name: attainment.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        }
    }

    /// The resource behind a label of an earlier fact.
    private func name(_ label: String) throws -> String {
        guard let name = progress.names[label] else {
            throw Failure("\(story.id) speaks of \(label) before it is there")
        }
        return name
    }

    // MARK: Promises

    private mutating func postPromise(_ fact: Fact, on day: Int, as step: String) async throws {
        switch fact {
        case .promise(let label, let owner, let due, let text):
            let commitment = try await post(step, by: owner, on: day) {
                try await relationships.createCommitment(
                    CreateCommitmentRequest(
                        parent: relationship,
                        commitment: Commitment(owner: person(owner), text: text, dueTime: time(due)),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            progress.names["promise \(label)"] = commitment.name
            try await accept(commitment.name, by: owner.other, on: day, as: step)
        case .support(let label, let due, let contextChange, let text):
            let change = try contextChange.map { try name("change \($0)") } ?? ""
            let action = try await post(step, by: .trustee, on: day) {
                try await goals.addSupportAction(
                    AddSupportActionRequest(
                        parent: relationship,
                        supportAction: SupportAction(what: text, dueTime: time(due), contextChange: change),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            progress.names["promise \(label)"] = action.commitment
            // Goals tells Relationships of it after its own commit (docs/domain.md rule 13).
            try await eventually("the promise that goes with the support \(label)") {
                try await commitment(action.commitment)
            }
            try await accept(action.commitment, by: .trustor, on: day, as: step)
        case .kept(let label):
            let owner = story.owner(ofPromise: label)
            let promise = try name("promise \(label)")
            _ = try await post("\(step) claim", by: owner, on: day) {
                try await relationships.claimKept(
                    ClaimKeptRequest(name: promise, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            _ = try await post("\(step) confirm", by: owner.other, on: day) {
                try await relationships.confirmKept(
                    ConfirmKeptRequest(name: promise, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .renegotiated(let label, let due):
            let promise = try name("promise \(label)")
            _ = try await post("\(step) ask", by: .trustee, on: day) {
                try await relationships.renegotiateCommitment(
                    RenegotiateCommitmentRequest(
                        name: promise, dueTime: time(due), requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            try await accept(promise, by: .trustor, on: day, as: step)
        case .acknowledged(let label, let what, let effect, let change):
            let breach = try await breach(of: label)
            _ = try await post(step, by: .trustee, on: day) {
                try await relationships.acknowledgeBreach(
                    AcknowledgeBreachRequest(
                        name: breach, what: what, effect: effect, change: change, requestId: $0.requestID,
                        occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .repaired(let label):
            let breach = try await breach(of: label)
            _ = try await post(step, by: .trustor, on: day) {
                try await relationships.acceptRepair(
                    AcceptRepairRequest(name: breach, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        default:
            // A missed promise is the work of time: the first fact of a later day lets it happen.
            break
        }
    }

    private func accept(_ commitment: String, by party: Party, on day: Int, as step: String) async throws {
        _ = try await post("\(step) accept", by: party, on: day) {
            try await relationships.acceptCommitment(
                AcceptCommitmentRequest(name: commitment, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
    }

    /// Nil while Relationships has not heard of it.
    private func commitment(_ name: String) async throws -> Commitment? {
        do {
            return try await relationships.getCommitment(GetCommitmentRequest(name: name), options: options(.trustor))
        } catch let error as RPCError where error.code == .notFound {
            return nil
        }
    }

    /// The case that the missed promise opened by itself.
    private func breach(of label: String) async throws -> String {
        let promise = try name("promise \(label)")
        return try await eventually("the case of the missed promise \(label)") {
            let breach = try await commitment(promise)?.breachCase ?? ""
            return breach.isEmpty ? nil : breach
        }
    }

    // MARK: What is said

    private mutating func postConversation(_ fact: Fact, on day: Int, as step: String) async throws {
        switch fact {
        case .decision(let what, let why):
            _ = try await post(step, by: .trustee, on: day) {
                try await relationships.recordDecision(
                    RecordDecisionRequest(
                        parent: relationship,
                        decision: Decision(
                            what: what, why: why, affects: [person(.trustor)], decideTime: time(day)),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .reflectBack(let heard, let correction):
            let reflection = try await post(step, by: .trustee, on: day) {
                try await relationships.recordReflectBack(
                    RecordReflectBackRequest(
                        parent: relationship,
                        reflectBack: ReflectBack(session: try name("session \(day)"), heard: heard),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            _ = try await post("\(step) judge", by: .trustor, on: day) {
                try await relationships.judgeReflectBack(
                    JudgeReflectBackRequest(
                        name: reflection.name, verdict: correction == nil ? .confirmed : .corrected,
                        correction: correction ?? "", requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .advice(let text, let teachBack):
            let advice = try await post(step, by: .trustee, on: day) {
                try await relationships.addAdvice(
                    AddAdviceRequest(
                        parent: relationship, advice: Advice(session: try name("session \(day)"), text: text),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            _ = try await post("\(step) teach back", by: .trustor, on: day) {
                try await relationships.teachBack(
                    TeachBackRequest(
                        name: advice.name, teachBack: teachBack, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            _ = try await post("\(step) rate", by: .trustor, on: day) {
                try await relationships.rateAdvice(
                    RateAdviceRequest(
                        name: advice.name, rating: .helpful, requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
        case .contextChange(let label, let kind, let effect):
            let change = try await post(step, by: .trustor, on: day) {
                try await relationships.recordContextChange(
                    RecordContextChangeRequest(
                        parent: relationship,
                        contextChange: ContextChange(
                            type: kind, effectiveTime: time(day), effect: effect, external: true),
                        requestId: $0.requestID, occurredAt: $0.occurredAt),
                    options: $0.options)
            }
            progress.names["change \(label)"] = change.name
        default:
            break
        }
    }

    // MARK: Goals

    private mutating func postGoal(_ label: String, due: Int, _ goal: Goal, on day: Int, as step: String) async throws {
        var goal = goal
        goal.dueTime = time(due)
        let draft = try await post(step, by: .trustor, on: day) {
            try await goals.createGoal(
                CreateGoalRequest(
                    parent: relationship, goal: goal, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        _ = try await post("\(step) propose", by: .trustor, on: day) {
            try await goals.proposeGoal(
                ProposeGoalRequest(name: draft.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        _ = try await post("\(step) sign", by: .trustee, on: day) {
            try await goals.signGoal(
                SignGoalRequest(name: draft.name, requestId: $0.requestID, occurredAt: $0.occurredAt),
                options: $0.options)
        }
        progress.names["goal \(label)"] = draft.name
    }
}
