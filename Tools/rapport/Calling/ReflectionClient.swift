import Protobuf
import RPC
import Standard

/// Asks a server for its descriptors (gRPC server reflection v1).
struct ReflectionClient: Sendable {
    let channel: RPC.Channel
    let options: CallOptions

    /// Files that are fetched for one call; Rapport's whole contract has fewer than forty.
    static let fileLimit = 1000

    func services() async throws -> [String] {
        guard case .listServicesResponse(let list)? = try await ask([.listServices("")]).first?.messageResponse else {
            throw RPCError(.internal, "the server's reflection gave no list of services")
        }
        return list.service.map(\.name).sorted()
    }

    /// The file that declares `symbol`, and all that it imports.
    func pool(for symbol: String) async throws -> DescriptorPool {
        var pool = DescriptorPool()
        var wanted: [ServerReflectionRequest.MessageRequest] = [.fileContainingSymbol(symbol)]
        var asked: Set<String> = []
        while !wanted.isEmpty {
            for response in try await ask(wanted) {
                switch response.messageResponse {
                case .fileDescriptorResponse(let files)?:
                    for file in files.fileDescriptorProto { try add(file, to: &pool) }
                case .errorResponse(let error)?:
                    throw RPCError(StatusCode(rawValue: Int(error.errorCode)) ?? .unknown, error.errorMessage)
                default:
                    throw RPCError(.internal, "the server's reflection gave no file")
                }
            }
            let known = Set(pool.files.map(\.name))
            let missing = Set(pool.files.flatMap(\.dependencies)).subtracting(known).subtracting(asked)
            guard known.count + missing.count <= Self.fileLimit else {
                throw RPCError(.resourceExhausted, "\(symbol) needs more than \(Self.fileLimit) files")
            }
            asked.formUnion(missing)
            wanted = missing.sorted().map { .fileByFilename($0) }
        }
        return pool
    }

    private func add(_ file: [UInt8], to pool: inout DescriptorPool) throws {
        do {
            try pool.add(file: file)
        } catch {
            throw RPCError(.internal, "the server's reflection gave a file that cannot be read: \(error)")
        }
    }

    /// All questions on one stream, the answers in their order.
    private func ask(_ questions: [ServerReflectionRequest.MessageRequest]) async throws -> [ServerReflectionResponse] {
        let call: BidirectionalCall<ServerReflectionRequest, ServerReflectionResponse> =
            try await channel.bidirectionalStreaming(
                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", options)
        for question in questions { try await call.requests.write(ServerReflectionRequest(messageRequest: question)) }
        call.requests.finish()
        var answers: [ServerReflectionResponse] = []
        for try await answer in call.responses { answers.append(answer) }
        return answers
    }
}
