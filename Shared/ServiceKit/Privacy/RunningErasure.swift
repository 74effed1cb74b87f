import RPC
import Schema
import Storage

/// Takes erased people's words out of one service, beside requests. A restart begins again where words are left.
public struct RunningErasure<Service: RapportService>: Sendable {
    private let service: Service
    private let runtime: Runtime

    public init(_ service: Service, _ runtime: Runtime) {
        self.service = service
        self.runtime = runtime
    }

    func run() async throws { try await runtime.work(on: "erasure", runAll) }

    /// All that waits now. One that Relationships cannot hear of yet holds up no other one.
    public func runAll() async throws {
        var problem: (any Error)?
        for job in try await runtime.database.read({ try ErasureJobs.waiting(in: $0) }) {
            do {
                if !job.isDone { try await takeOut(job) }
                try await finish(job.erasure)
            } catch let error as CancellationError {
                throw error
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
    }

    private func takeOut(_ job: ErasureJobs.Job) async throws {
        // From here on the person writes nothing more.
        runtime.erased.withLock { _ = $0.insert(job.person) }
        let relationships = try await runtime.database.read { [runtime] in
            try runtime.source.relationships(of: job.person, in: $0)
        }
        for relationship in relationships {
            for kind in service.personalKinds where kind.isOfRelationships {
                try await erase(kind, for: job, in: relationship)
            }
        }
        for kind in service.personalKinds where !kind.isOfRelationships { try await erase(kind, for: job, in: nil) }
        // What was overwritten is gone from every page and from the journal.
        try await runtime.database.rewrite()
        try await runtime.database.write { try ErasureJobs.markDone(job.erasure, in: $0) }
    }

    private func finish(_ erasure: String) async throws {
        let count = try await runtime.database.read { try ErasureJobs.itemCount(of: erasure, in: $0) }
        try await confirm(erasure, itemCount: count)
        try await runtime.database.write { try ErasureJobs.finish(erasure, in: $0) }
        runtime.logger.info("erased a person", metadata: ["erasure": "\(erasure)", "items": "\(count)"])
    }

    /// Says to Relationships that this service has done its part. Said again, it changes nothing.
    private func confirm(_ erasure: String, itemCount: Int) async throws {
        let request = ConfirmErasureRequest(name: erasure, itemCount: Int32(clamping: itemCount))
        if let owner = service as? any PrivacyServiceHandlers {
            let context = ServerContext(method: "erasure")
            context[Caller.self] = Caller(service: runtime.service)
            _ = try await owner.confirmErasure(request, context)
        } else {
            _ = try await PrivacyServiceClient(runtime.call("relationships")).confirmErasure(
                request, options: try await runtime.workloadOptions())
        }
    }

    private func erase(_ kind: PersonalKind, for job: ErasureJobs.Job, in relationship: Relationship?) async throws {
        var position: String?
        repeat {
            try Task.checkCancellation()
            position = try await runtime.database.write { [position] transaction in
                let party = ErasedParty(
                    person: job.person, relationship: relationship,
                    isLast: try relationship.map { relationship in
                        let other =
                            relationship.trustor == job.person ? relationship.trustee : relationship.trustor
                        return try ErasureJobs.isErased(other, in: transaction)
                    } ?? true)
                let step = try kind.erase(party, position, transaction)
                try ErasureJobs.count(step.count, of: job.erasure, in: transaction)
                return step.next
            }
        } while position != nil
    }
}
