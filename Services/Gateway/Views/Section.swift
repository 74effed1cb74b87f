import Protobuf
import RPC
import Schema
import ServiceKit

/// One part of a view: one call to one service.
protocol Section: Sendable {
    associatedtype Content: Sendable
    /// The RPC service, for example `rapport.goals.v1.GoalsService`.
    static var service: String { get }
    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> Content
}

/// What became of a section.
struct Fetched<Content: Sendable>: Sendable {
    var state: SectionState
    /// Nil unless the service gave something.
    var content: Content?

    func map<Other: Sendable>(_ transform: (Content) -> Other) -> Fetched<Other> {
        Fetched<Other>(state: state, content: content.map(transform))
    }
}

/// One request for a view: who asks, and when.
struct ViewRequest: Sendable {
    /// Entries of one section. What is open between two people is never near it; no further page is read.
    static let sectionLimit: Int32 = 100

    let upstreams: Upstreams
    let context: ServerContext
    let now: Instant

    /// One section within its own deadline; repeated as any read is.
    func fetch<S: Section>(_ section: S) async -> Fetched<S.Content> {
        do {
            return Fetched(state: .ok, content: try await call(section))
        } catch {
            return Fetched(state: ViewRequest.state(of: error), content: nil)
        }
    }

    /// - Throws: what the call throws, for what a view cannot do without.
    func call<S: Section>(_ section: S) async throws -> S.Content {
        guard let upstream = upstreams[S.service] else {
            throw RPCError(.unavailable, "\(S.service) is not configured")
        }
        let options = try await upstreams.options(for: context, timeout: upstreams.timeouts.section)
        return try await RetryPolicy.calls.run(true, until: options.deadline) {
            try await section.fetch(upstream.channel, options)
        }
    }

    /// What the pair does not have yet (no profile before activation) is OK and empty.
    static func state(of error: any Error) -> SectionState {
        guard let error = error as? RPCError else { return .unreachable }
        return switch error.code {
        case .permissionDenied: error.reason == "SUPPRESSED" ? .suppressed : .notPermitted
        case .unauthenticated: .notPermitted
        case .notFound, .failedPrecondition, .outOfRange: .ok
        default: .unreachable
        }
    }
}

extension SectionState {
    /// Of a section made of several others: OK when all are.
    static func of(_ parts: SectionState...) -> SectionState {
        parts.first { $0 != .ok } ?? .ok
    }
}

extension Instant {
    /// RFC 3339, as a filter takes it.
    var text: String {
        let timestamp = timestamp
        return TimestampText.text(seconds: timestamp.seconds, nanos: timestamp.nanos) ?? ""
    }
}
