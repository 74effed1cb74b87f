import HTTP

/// What a response that is not gRPC means (gRPC doc/http-grpc-status-mapping.md).
enum HTTPStatus {
    /// Nil for a gRPC response.
    static func error(_ head: ResponseHead) -> RPCError? {
        let contentType = head.headers[first: "content-type"] ?? ""
        guard head.status == 200 else {
            return RPCError(code(head.status), "the server answered with HTTP status \(head.status)")
        }
        guard contentType.hasPrefix("application/grpc") else {
            return RPCError(.unknown, "the server answered with content type \"\(contentType.prefix(100))\"")
        }
        return nil
    }

    static func code(_ status: Int) -> StatusCode {
        switch status {
        case 400: .internal
        case 401: .unauthenticated
        case 403: .permissionDenied
        case 404: .unimplemented
        case 429, 502, 503, 504: .unavailable
        default: .unknown
        }
    }
}

/// What a reset stream means (gRPC PROTOCOL-HTTP2, "HTTP2 Transport Mapping", "Errors").
enum ResetStatus {
    static func error(_ code: HTTP2ErrorCode) -> RPCError {
        RPCError(status(code), "the server reset the stream: \(code)")
    }

    static func status(_ code: HTTP2ErrorCode) -> StatusCode {
        switch code {
        case .refusedStream: .unavailable
        case .cancel: .cancelled
        case .enhanceYourCalm: .resourceExhausted
        case .inadequateSecurity: .permissionDenied
        case .noError, .protocolError, .internalError, .flowControlError, .settingsTimeout, .frameSizeError,
            .compressionError, .connectError, .http11Required:
            .internal
        default: .unknown
        }
    }
}
