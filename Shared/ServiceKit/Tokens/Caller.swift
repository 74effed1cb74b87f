import RPC

/// Who asks, as a verified token says it.
public struct Caller: Sendable, Hashable {
    /// The person's resource name; nil for a service.
    public var person: String?
    /// `organizations/{organization}`; empty for a service, which serves them all.
    public var organization: String
    /// A workload's name, for example `goals`; nil for a person.
    public var service: String?
    /// What the token may be used for: coaching, programme_admin, privacy, audit (docs/domain.md §6.9).
    public var purpose: String
    public var roles: Set<String>
    public var scopes: Set<String>

    public init(
        person: String? = nil, organization: String = "", service: String? = nil, purpose: String = "",
        roles: Set<String> = [], scopes: Set<String> = []
    ) {
        self.person = person
        self.organization = organization
        self.service = service
        self.purpose = purpose
        self.roles = roles
        self.scopes = scopes
    }

    /// May send `occurred_at` (docs/domain.md rule 1); services pass on what they were told.
    public var mayDate: Bool { service != nil || scopes.contains("import") }

    public var isProgrammeAdmin: Bool { roles.contains("programme_admin") }

    /// A person of another organisation sees nothing of this one.
    public func belongs(to organization: String) -> Bool {
        service != nil || self.organization == organization
    }

    /// Whose idempotency keys these are.
    var key: String { person ?? service.map { "service:\($0)" } ?? "" }
}

extension ServerContext {
    /// - Throws: `Refusal` UNAUTHENTICATED when no valid token came with the call.
    public var caller: Caller {
        get throws {
            guard let caller = self[Caller.self] else { throw Refusal.unauthenticated }
            return caller
        }
    }

    /// Only an operator may see this, or one of the services.
    /// - Throws: `Refusal` UNAUTHENTICATED, ROLE_FORBIDDEN.
    func requireOperator() throws {
        let caller = try caller
        guard caller.service != nil || caller.roles.contains("operator") else {
            throw Refusal.roleForbidden("this is for operators: a token with the role operator is needed")
        }
    }
}
