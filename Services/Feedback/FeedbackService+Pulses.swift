import RPC
import Schema
import ServiceKit

/// One-tap questions to the trustor, and what comes of the answers (docs/domain.md §6.2, rules 16, 19 and 20).
extension FeedbackService {
    /// Answers in one stream: a device that was offline for a while has a few for each of the eleven items.
    static let maximumPulses = 64

    func submitPulse(_ request: SubmitPulseRequest, _ context: ServerContext) async throws -> Pulse {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        return try await runtime.mutate(request, context, under: parent, answering: Tables.pulses) { change in
            guard change.role == .trustor else { throw Refusal.roleForbidden("only the coachee answers a pulse") }
            try change.requireActive()
            let pulse = try Pulse.answer(
                request, named: change.newName("pulses", in: parent), by: change.actor,
                last: change.lastAnswer(to: request.item), at: change.now)
            try change.noteAnswer(to: pulse.item)
            try change.publishAnswer(pulse)
            return try change.insert(Tables.pulses, pulse)
        }
    }

    func submitPulses(
        _ requests: RequestStream<SubmitPulsesRequest>, _ context: ServerContext
    ) async throws -> SubmitPulsesResponse {
        _ = try context.caller
        var answers: [SubmitPulseRequest] = []
        for try await request in requests {
            guard answers.count < Self.maximumPulses else {
                throw Refusal(
                    .resourceExhausted, "RATE_LIMIT",
                    "at most \(Self.maximumPulses) answers go into one stream; none of these is stored")
            }
            answers.append(request.answer ?? SubmitPulseRequest())
        }
        var results: [PulseResult] = []
        for answer in answers { results.append(PulseResult(outcome: try await outcome(of: answer, context))) }
        return SubmitPulsesResponse(results: results)
    }

    private func outcome(of answer: SubmitPulseRequest, _ context: ServerContext) async throws -> PulseResult.Outcome {
        do {
            return .pulse(try await submitPulse(answer, context))
        } catch let error as any RPCErrorConvertible {
            let error = error.rpcError
            return .refusal(
                PulseRefusal(code: Int32(error.code.rawValue), reason: error.reason ?? "", message: error.message))
        }
    }

    func skipPulse(_ request: SkipPulseRequest, _ context: ServerContext) async throws -> SkipPulseResponse {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        let access = try await runtime.access(context, under: parent)
        guard access.role == .trustor else { throw Refusal.roleForbidden("only the coachee is asked") }
        try Check.known(request.item, "item")
        return SkipPulseResponse()
    }

    /// For the other one it does not exist.
    func getPulse(_ request: GetPulseRequest, _ context: ServerContext) async throws -> Pulse {
        try await runtime.get(context, Tables.pulses, request.name) { pulse, access in
            pulse.author == access.caller.person
        }
    }

    /// One's own answers: nobody else ever reads a value.
    func listPulses(_ request: ListPulsesRequest, _ context: ServerContext) async throws -> ListPulsesResponse {
        guard try await runtime.access(context, under: request.parent).role == .trustor else {
            throw Refusal.notTheAuthor
        }
        let page = try await runtime.list(context, Tables.pulses, request) { pulse, access in
            pulse.author == access.caller.person
        }
        return ListPulsesResponse(pulses: page.items, nextPageToken: page.nextPageToken)
    }

    func getPulseTrend(_ request: GetPulseTrendRequest, _ context: ServerContext) async throws -> GetPulseTrendResponse
    {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await runtime.read(context, under: parent.text) { [clock = runtime.clock] snapshot, access in
            guard access.role != .other else { throw Refusal.notThePair }
            let pulses = try Tables.allPulses(under: parent, in: snapshot)
            if access.role == .trustor {
                return GetPulseTrendResponse(
                    trends: PulseTrend.own(pulses.filter { $0.author == access.caller.person }))
            }
            // A relationship that is active has a start.
            guard let start = try access.relationship.startTime.map({ try Instant($0) }) else { return .init() }
            let now = try access.effectiveTime(clock, in: snapshot)
            return GetPulseTrendResponse(trends: try PulseTrend.released(pulses, since: start, at: now))
        }
    }
}

extension Refusal {
    fileprivate static let notTheAuthor = Refusal(
        .permissionDenied, "LEVEL_FORBIDDEN", "a pulse is read by its author alone")
    fileprivate static let notThePair = Refusal(
        .permissionDenied, "LEVEL_FORBIDDEN", "a trend is for the two of the relationship")
}
