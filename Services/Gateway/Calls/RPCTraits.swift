import Protobuf

/// What the gateway knows of one RPC, read from its descriptor: new RPCs need nothing here.
struct RPCTraits: Sendable {
    /// `package.Service/Method`
    let path: String
    let service: String
    let input: String
    let output: String
    /// Its answer is no message but bytes of a media type that it names (google/api/httpbody.proto): REST shows them as they are.
    let answersWithBytes: Bool
    let isClientStreaming: Bool
    let isServerStreaming: Bool
    /// Its HTTP rule is a GET: it changes nothing.
    let isRead: Bool
    /// Fields of the request, nil where it has none of that name.
    let requestID: FieldPath?
    let etag: FieldPath?
    let resumeToken: FieldPath?
    /// Fields of the answer.
    let answerETag: FieldPath?
    let answerResumeToken: FieldPath?

    init(_ method: MethodDescriptor, of service: ServiceDescriptor, rule: HTTPRules?, in pool: DescriptorPool) {
        func path(_ name: String, of message: String) -> FieldPath? { try? FieldPath(name, of: message, in: pool) }
        self.path = "\(service.fullName)/\(method.name)"
        self.service = service.fullName
        input = method.inputType
        output = method.outputType
        answersWithBytes = output == "google.api.HttpBody"
        isClientStreaming = method.isClientStreaming
        isServerStreaming = method.isServerStreaming
        isRead = rule?.isRead ?? false
        requestID = path("request_id", of: input)
        etag = path("etag", of: input)
        resumeToken = path("resume_token", of: input)
        answerETag = path("etag", of: output)
        answerResumeToken = path("resume_token", of: output)
    }

    /// By path.
    static func all(of services: [String], in pool: DescriptorPool) throws -> [String: RPCTraits] {
        var all: [String: RPCTraits] = [:]
        for service in services.compactMap({ pool.services[$0] }) {
            for method in service.methods {
                let rpc = RPCTraits(method, of: service, rule: try HTTPRules(method), in: pool)
                all[rpc.path] = rpc
            }
        }
        return all
    }

    var isUnary: Bool { !isClientStreaming && !isServerStreaming }

    /// Whether the same request may be sent again when it is not known what became of it (docs/domain.md §6.0).
    func isRepeatable(_ request: [UInt8]) -> Bool {
        isRead || text(of: requestID, in: request) != nil
    }

    /// The text of a field; nil when it is empty, or when the message has no such field or cannot be read.
    func text(of field: FieldPath?, in message: [UInt8]) -> String? {
        guard case .string(let text)?? = try? field?.values(in: message).last, !text.isEmpty else { return nil }
        return text
    }
}
