import Protobuf
import Standard

/// The details of google.rpc that Rapport's errors carry (error_details.proto, docs/domain.md §6.7).
extension RPCError {
    /// The domain of the reasons that Rapport gives.
    public static let domain = "rapport"

    /// An error with a stable reason, such as `AGREEMENT_NOT_SIGNED`, which programs may rely on.
    /// - Parameter info: what a program needs to act on it, by name.
    public init(_ code: StatusCode, reason: String, _ message: String, metadata info: [String: String] = [:]) {
        self.init(code, message)
        add(ErrorInfo(reason: reason, domain: RPCError.domain, metadata: info))
    }

    /// Adds a detail.
    public mutating func add(_ detail: some Message) {
        details.append(Detail(detail))
    }

    /// The first detail of a type, nil when there is none that can be read.
    public func detail<M: Message>(_ type: M.Type) -> M? {
        details.lazy.compactMap { $0.unpacked(type) }.first
    }

    /// Nil unless the error has an ErrorInfo of Rapport's domain.
    public var reason: String? {
        details.lazy.compactMap { $0.unpacked(ErrorInfo.self) }.first { $0.domain == RPCError.domain }?.reason
    }

    /// The first google.rpc.ErrorInfo among the details.
    public var errorInfo: ErrorInfo? { detail(ErrorInfo.self) }

    /// Of the google.rpc.BadRequest among the details; empty without one.
    public var fieldViolations: [BadRequest.FieldViolation] { detail(BadRequest.self)?.fieldViolations ?? [] }

    /// The same error with one more field of the request that is wrong, as a path such as `goal.title`.
    public func adding(violation field: String, _ description: String) -> RPCError {
        var request = detail(BadRequest.self) ?? BadRequest()
        request.fieldViolations.append(.init(field: field, description: description))
        var error = self
        error.details.removeAll { $0.typeURL == Detail.typeURL(of: BadRequest.self) }
        error.add(request)
        return error
    }

    /// The same error with the time to wait before another attempt.
    public func retrying(after delay: Duration) -> RPCError {
        let (seconds, attoseconds) = delay.components
        var error = self
        error.add(
            RetryInfo(retryDelay: ProtobufDuration(seconds: seconds, nanos: Int32(attoseconds / 1_000_000_000))))
        return error
    }

    /// Of the google.rpc.RetryInfo among the details; nil without one.
    public var retryDelay: Duration? {
        detail(RetryInfo.self)?.retryDelay.map { .seconds($0.seconds) + .nanoseconds(Int64($0.nanos)) }
    }
}

extension RPCError.Detail {
    /// Packs a message.
    public init<M: Message>(_ message: M) {
        self.init(typeURL: Self.typeURL(of: M.self), value: message.serialized())
    }

    /// Nil when the detail is of another type or cannot be read.
    public func unpacked<M: Message>(_ type: M.Type) -> M? {
        typeURL == Self.typeURL(of: type) ? try? M(serialized: value) : nil
    }

    static func typeURL<M: Message>(of type: M.Type) -> String { "type.googleapis.com/" + M.fullName }
}

extension RPCError {
    /// google.rpc.Status, for `grpc-status-details-bin`.
    func packedStatus() -> [UInt8] {
        RPCStatus(
            code: Int32(code.rawValue), message: message,
            details: details.map { ProtobufAny(typeUrl: $0.typeURL, value: $0.value) }
        ).serialized()
    }

    /// Empty when the bytes are not a google.rpc.Status: the status itself is in other trailers.
    static func details(packed: [UInt8]) -> [Detail] {
        guard let status = try? RPCStatus(serialized: packed) else { return [] }
        return status.details.map { Detail(typeURL: $0.typeUrl, value: $0.value) }
    }
}
