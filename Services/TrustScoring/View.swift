import RPC
import Schema
import ServiceKit
import Standard

/// Who looks at the trust of which relationship, and when.
struct View: Sendable {
    /// How far ahead a profile is projected (docs/domain.md rule 2).
    static let horizonDays = 400

    let access: Access
    let name: ResourceName
    /// t0 of the model: the activation.
    let start: Instant
    /// The wall clock, in an import as well.
    let now: Instant

    /// An instant that can be asked about.
    /// - Throws: `Refusal` INVALID_ARGUMENT without one; OUT_OF_RANGE: AS_OF_BEFORE_START, or AS_OF_TOO_FAR ahead.
    func instant(_ timestamp: Timestamp?, _ field: String) throws -> Instant {
        let instant = Instant(try Check.instant(timestamp, field))
        guard instant >= start else {
            throw Refusal(
                .outOfRange, "AS_OF_BEFORE_START", "\(field) lies before the relationship began", field: field)
        }
        guard instant <= now.advanced(byDays: View.horizonDays) else {
            throw Refusal(
                .outOfRange, "AS_OF_TOO_FAR", "\(field) lies more than \(View.horizonDays) days ahead", field: field)
        }
        return instant
    }
}

extension TrustScoringService {
    /// - Throws: `Refusal` PERMISSION_DENIED for all but the two and services, and without the purpose;
    ///   FAILED_PRECONDITION, NOT_ACTIVE before the relationship began.
    func view(_ context: ServerContext, of name: ResourceName) async throws -> View {
        let access = try await runtime.access(context, under: name.text)
        try requirePurpose(access)
        guard let start = try access.relationship.startTime.map({ try Instant($0) }) else {
            throw Refusal(
                .failedPrecondition, "NOT_ACTIVE", "the relationship has not begun: there is no trust to measure yet")
        }
        return View(access: access, name: name, start: start, now: max(start, Instant(runtime.clock.now)))
    }

    /// - Parameters:
    ///   - text: the name of what a relationship has one of.
    ///   - singleton: the last part of that name (AIP-156).
    func view(_ context: ServerContext, of text: String, singleton: String) async throws -> View {
        let name = try ResourceName(parentOf: text, singleton: singleton, ["organizations", "relationships"])
        return try await view(context, of: name)
    }
}

/// Trust content is for coaching alone: there is no purpose under which it may serve pay or promotion
/// (docs/domain.md §6.9).
func requirePurpose(_ access: Access) throws {
    guard access.caller.service != nil || access.caller.purpose == "coaching" else {
        throw Refusal.purposeMissing("coaching")
    }
}

extension Refusal {
    static func purposeMissing(_ purpose: String) -> Refusal {
        Refusal(.permissionDenied, "PURPOSE_MISSING", "this needs a token for the purpose \(purpose)")
    }
}
