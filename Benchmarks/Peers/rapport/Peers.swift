import RPC

/// The same work as every other maker's server does.
struct Peers: PeersServiceHandlers {
    func score(_ request: ScoreRequest, _ context: ServerContext) async throws -> ScoreResponse {
        let (first, second) = (request.reliability, request.integrity)
        let (third, fourth) = (request.competence, request.empathy)
        return ScoreResponse(
            pair: "\(request.coach)/\(request.coachee)", time: request.time + 1, kind: request.kind,
            trust: (first + second + third + fourth) / 4, lowest: min(min(first, second), min(third, fourth)),
            highest: max(max(first, second), max(third, fourth)))
    }

    func echo(_ request: Blob, _ context: ServerContext) async throws -> Blob { request }

    func flow(
        _ request: FlowRequest, _ context: ServerContext, _ responses: ResponseWriter<Blob>
    ) async throws {
        let blob = Blob(body: [UInt8](repeating: 0, count: Int(request.size)))
        for _ in 0..<request.count { try await responses.write(blob) }
    }
}
