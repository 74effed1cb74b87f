import Protobuf
import Standard

/// Server reflection, v1 and v1alpha (gRPC doc/server-reflection.md): how grpcurl and its like learn the schema.
public struct Reflection: Sendable {
    private let services: [String]
    private let files: [String: FileDescriptor]
    private let pool: DescriptorPool

    /// - Parameters:
    ///   - methods: what the server serves besides; their services are listed, sorted.
    ///   - pool: the files that describe them.
    public init(serving methods: [Method], pool: DescriptorPool) {
        self.init(services: methods.map(\.service), pool: pool)
    }

    /// - Parameters:
    ///   - services: full names of what is served besides; listed sorted.
    ///   - pool: the files that describe them.
    public init(services: [String], pool: DescriptorPool) {
        self.services = Set(services + Self.names).sorted()
        var pool = pool
        pool.add(.standard)
        self.pool = pool
        files = Dictionary(pool.files.map { ($0.name, $0) }) { first, _ in first }
    }

    private static let names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

    /// Both versions, to be given to a server.
    public var methods: [Method] {
        // The messages of v1alpha differ from those of v1 in the name of their package only, which is not on the wire.
        Self.names.map { .bidirectionalStreaming($0, "ServerReflectionInfo", info) }
    }

    @Sendable private func info(
        _ requests: RequestStream<ServerReflectionRequest>, _ context: ServerContext,
        _ responses: ResponseWriter<ServerReflectionResponse>
    ) async throws {
        for try await request in requests {
            try await responses.write(
                ServerReflectionResponse(
                    validHost: request.host, originalRequest: request, messageResponse: answer(request)))
        }
    }

    private func answer(_ request: ServerReflectionRequest) -> ServerReflectionResponse.MessageResponse {
        switch request.messageRequest {
        case .listServices?:
            return .listServicesResponse(ListServiceResponse(service: services.map { ServiceResponse(name: $0) }))
        case .fileByFilename(let name)?:
            return answer(files[name], "file", name)
        case .fileContainingSymbol(let symbol)?:
            return answer(pool.file(containing: symbol), "symbol", symbol)
        case .fileContainingExtension(let request)?:
            return error(
                .notFound, "there is no extension \(request.extensionNumber) of \(request.containingType.prefix(256))")
        case .allExtensionNumbersOfType(let name)?:
            guard pool.messages[name] != nil else { return answer(nil, "message", name) }
            return .allExtensionNumbersResponse(ExtensionNumberResponse(baseTypeName: name))
        case nil:
            return error(.invalidArgument, "the request asks for nothing")
        }
    }

    /// A file and all that it depends on, so that the receiver can build it without asking again.
    private func answer(_ file: FileDescriptor?, _ kind: String, _ name: String)
        -> ServerReflectionResponse.MessageResponse
    {
        guard let file else { return error(.notFound, "there is no \(kind) \(name.prefix(256)) here") }
        var seen: Set<String> = [file.name]
        var found = [file]
        var next = 0
        while next < found.count {
            for dependency in found[next].dependencies where seen.insert(dependency).inserted {
                if let file = files[dependency] { found.append(file) }
            }
            next += 1
        }
        return .fileDescriptorResponse(FileDescriptorResponse(fileDescriptorProto: found.map(\.serialized)))
    }

    private func error(_ code: StatusCode, _ message: String) -> ServerReflectionResponse.MessageResponse {
        .errorResponse(ErrorResponse(errorCode: Int32(code.rawValue), errorMessage: message))
    }
}
