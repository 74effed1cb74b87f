import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func addAdvice(_ request: AddAdviceRequest, _ context: ServerContext) async throws -> Advice {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.advice) { change in
            _ = try change.party(.trustee)
            try change.requireActive()
            let draft = request.advice ?? Advice()
            let session = try change.session(draft.session, "advice.session")
            var advice = try Advice.added(
                draft, name: change.newName("advice", in: request.parent), in: session,
                heard: try SessionIndex.isJudged(session.name, in: change.transaction))
            advice = try change.create(Tables.advice, advice)
            try change.publish("advice.added.v1", advice)
            return advice
        }
    }

    func teachBack(_ request: TeachBackRequest, _ context: ServerContext) async throws -> Advice {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.advice) { change in
            _ = try change.party(.trustor)
            try change.requireSettleable()
            var advice = try change.get(Tables.advice, request.name)
            try advice.restate(request.teachBack)
            return try change.save(Tables.advice, advice)
        }
    }

    func rateAdvice(_ request: RateAdviceRequest, _ context: ServerContext) async throws -> Advice {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.advice) { change in
            _ = try change.party(.trustor)
            try change.requireSettleable()
            var advice = try change.get(Tables.advice, request.name)
            guard try advice.rate(request.rating, at: change.now, in: change.relationship) else { return advice }
            advice = try change.save(Tables.advice, advice)
            try change.publish("advice.rated.v1", advice)
            return advice
        }
    }

    func getAdvice(_ request: GetAdviceRequest, _ context: ServerContext) async throws -> Advice {
        try await runtime.get(context, Tables.advice, request.name)
    }

    func listAdvice(_ request: ListAdviceRequest, _ context: ServerContext) async throws -> ListAdviceResponse {
        let page = try await runtime.list(context, Tables.advice, request)
        return ListAdviceResponse(advice: page.items, nextPageToken: page.nextPageToken)
    }
}
