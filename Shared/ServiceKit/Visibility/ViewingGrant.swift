import RPC
import Schema
import Storage

/// What lets somebody who is no party read an item of a relationship (docs/domain.md §6.8).
public struct ViewingGrant: Sendable, Hashable {
    /// A person's resource name.
    public var person: String
    /// SHARED for one item; BREAK_GLASS for whatever the relationship has sealed.
    public var right: ViewingRight
    /// The sharing request or break-glass case.
    public var source: String
    public var expiry: Instant?
    /// Until then the law forbids to tell the parties.
    public var silence: Instant?

    public init(person: String, right: ViewingRight, source: String, expiry: Instant?, silence: Instant? = nil) {
        self.person = person
        self.right = right
        self.source = source
        self.expiry = expiry
        self.silence = silence
    }

    func isSilent(at now: Instant) -> Bool { silence.map { now < $0 } ?? false }

    var viewer: Viewer { Viewer(person: person, right: right, source: source, expireTime: expiry?.timestamp) }
}

/// Where grants are kept: Relationships itself.
public protocol GrantSource: Sendable {
    /// Those that hold at an instant for an item, or for a relationship as a whole.
    /// - Parameter person: whose; nil for everybody's.
    func grants(of name: String, to person: String?, at now: Instant, in snapshot: Snapshot) throws -> [ViewingGrant]
}

extension Runtime {
    /// What the caller was granted; asked of Relationships at each reading, so that a recall holds from its answer on.
    /// - Parameter name: an item, or a relationship.
    /// - Throws: `Refusal` UNAVAILABLE when Relationships cannot be asked.
    func grant(_ caller: Caller, of name: String) async throws -> ViewingGrant? {
        guard let person = caller.person else { return nil }
        let grant = try await grant(to: person, of: name)
        // Sealed items are opened for one purpose alone.
        return grant?.right == .breakGlass && caller.purpose != "privacy" ? nil : grant
    }

    private func grant(to person: String, of name: String) async throws -> ViewingGrant? {
        if let grantSource {
            let now = clock.now
            return try await database.read { try grantSource.grants(of: name, to: person, at: now, in: $0).first }
        }
        guard let channel = channels["relationships"] else { return nil }
        let answer: CheckViewingRightResponse
        do {
            answer = try await RelationshipsServiceClient(channel).checkViewingRight(
                CheckViewingRightRequest(name: name, person: person), options: workloadOptions())
        } catch is RPCError {
            throw Refusal.relationshipsDown
        }
        guard answer.right != .unspecified else { return nil }
        return ViewingGrant(
            person: person, right: answer.right, source: answer.source,
            expiry: try answer.expireTime.map { try Instant($0) },
            silence: try answer.silenceEndTime.map { try Instant($0) })
    }
}
