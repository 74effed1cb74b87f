import Crypto
import RPC
import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

extension ListEvidenceRequest: ListRequest {}
extension ListPoliciesRequest: ListRequest {}

extension TrustScoringService {
    /// In the order of occurrence. The trustee's list is without ratings (docs/domain.md rule 19).
    func listEvidence(_ request: ListEvidenceRequest, _ context: ServerContext) async throws -> ListEvidenceResponse {
        let name = try ResourceName(request.parent, "organizations", "relationships")
        let access = try await runtime.access(context, under: name.text)
        try requirePurpose(access)
        let store = EvidenceStore(name)
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            try store.page(
                after: after.flatMap(EvidenceStore.Position.init), limit: limit,
                withRatings: access.role != .trustee, in: snapshot
            ).map { (Schema.Evidence($0, of: name), EvidenceStore.Position(of: $0).description) }
        }
        return ListEvidenceResponse(evidence: page.items, nextPageToken: page.nextPageToken)
    }

    func getEvidence(_ request: GetEvidenceRequest, _ context: ServerContext) async throws -> Schema.Evidence {
        let name = try ResourceName(request.name, "organizations", "relationships", "evidence")
        return try await runtime.read(context, under: name.parent.text) { snapshot, access in
            try requirePurpose(access)
            guard let id = Identifier(name.id),
                let record = try EvidenceStore(name.parent).find(EventID(id), in: snapshot),
                access.role != .trustee || !record.evidence.kind.isPulse
            else { throw Refusal.notFound(name.text) }
            return Schema.Evidence(record, of: name.parent)
        }
    }

    /// By the service whose event it comes from, and by nobody else (docs/domain.md rule 38). Taking back twice changes
    /// nothing more.
    func retractEvidence(
        _ request: RetractEvidenceRequest, _ context: ServerContext
    ) async throws -> Schema.Evidence {
        guard let service = try context.caller.service else {
            throw Refusal.roleForbidden("only the service that evidence comes from may take it back")
        }
        let name = try ResourceName(request.name, "organizations", "relationships", "evidence")
        let relationship = try await runtime.access(context, under: name.parent.text).relationship
        let key = "retraction of \(name)"
        do {
            let record = try await runtime.database.write { [self] transaction in
                try retract(name, by: service, of: relationship, staging: key, in: transaction)
            }
            scores.commit([key])
            return Schema.Evidence(record, of: name.parent)
        } catch {
            scores.abandon(key)
            throw error
        }
    }

    private func retract(
        _ name: ResourceName, by service: String, of relationship: Relationship, staging key: String,
        in transaction: Transaction
    ) throws -> EvidenceRecord {
        let store = EvidenceStore(name.parent)
        guard let id = Identifier(name.id).map(EventID.init), var record = try store.find(id, in: transaction) else {
            throw Refusal.notFound(name.text)
        }
        guard try store.origin(of: id, in: transaction) == service else {
            throw Refusal.roleForbidden("only the service that this evidence comes from may take it back")
        }
        try store.retractForGood(id, in: transaction)
        if !record.isRetracted {
            try transaction.audit(
                "evidence.retracted", name.text, by: Caller(service: service),
                about: [relationship.trustor, relationship.trustee], at: runtime.clock.now)
        }
        guard !record.isRetracted else { return record }
        let change = LogChange.retraction(Retraction(evidence: id), of: record.evidence.occurredAt)
        let revision = try self.record(
            [change], of: relationship, recordedAt: runtime.clock.now.timestamp, in: transaction)
        if let resource = try change.resource(of: name.parent, in: transaction) {
            let known = try store.about(resource, in: transaction).filter { !$0.isRetracted }
            _ = try ConductStore(name.parent).replace(
                about: resource, with: Conduct.facts(of: known.map(\.evidence)), in: transaction)
        }
        scores.stage([change], of: relationship.name, revision: revision, by: key)
        record.isRetracted = true
        return record
    }

    /// Hashes alone: equal chains come of equal logs (docs/domain.md §6.9).
    func replayEvidence(
        _ request: ReplayEvidenceRequest, _ context: ServerContext,
        _ responses: ResponseWriter<ReplayEvidenceResponse>
    ) async throws {
        let name = try ResourceName(request.name, "organizations", "relationships")
        let relationship = try await audited(context, name)
        guard let start = try relationship.startTime.map({ try Instant($0) }) else { throw Refusal.notActive }
        let history = try await scores.history(of: name)
        let now = max(start, Instant(runtime.clock.now))
        let stateHash = try history.fingerprint(at: now, start: start, policy: scores.policy).stateHash
        var chain: [UInt8] = []
        for (index, record) in history.records.enumerated() {
            chain = Array(SHA256.hash(data: chain + record.hashInput))
            let isLast = index == history.records.count - 1
            try await responses.write(
                ReplayEvidenceResponse(
                    position: Int64(index + 1), chainHash: chain.hexadecimal, stateHash: isLast ? stateHash : ""))
        }
        if history.records.isEmpty { try await responses.write(ReplayEvidenceResponse(stateHash: stateHash)) }
    }

    /// Who may see hashes without being of the pair: services, and tokens of the organisation for audits.
    /// - Throws: `Refusal` PERMISSION_DENIED: PURPOSE_MISSING for the pair without that purpose, NOT_PARTY for all others.
    func audited(_ context: ServerContext, _ name: ResourceName) async throws -> Relationship {
        let caller = try context.caller
        guard caller.purpose == "audit", caller.belongs(to: name.organization), let projection = runtime.projection
        else {
            let access = try await runtime.access(context, under: name.text)
            guard access.caller.service != nil else { throw Refusal.purposeMissing("audit") }
            return access.relationship
        }
        return try await projection.find(name.text)
    }
}

extension EvidenceRecord {
    /// Everything that the fold takes from it, in one order. Integers in network byte order; texts end with a zero, which
    /// none of them contains.
    var hashInput: [UInt8] {
        func bytes(_ integer: Int64) -> [UInt8] {
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: integer >> $0) }
        }
        func bytes(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }
        func bytes(_ number: Double) -> [UInt8] { bytes(Int64(bitPattern: (number + 0).bitPattern)) }
        return evidence.id.bytes + bytes(evidence.occurredAt.microseconds) + bytes(evidence.kind.rawValue)
            + bytes(evidence.v) + bytes(evidence.w) + bytes(evidence.sourceClass.rawValue)
            + (evidence.supersedes?.bytes ?? []) + [0] + bytes(repairedAt?.microseconds ?? 0)
            + [isRetracted ? 1 : 0]
    }
}
