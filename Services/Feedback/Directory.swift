import RPC
import Schema
import ServiceKit

/// People and programmes, as Relationships knows them.
struct Directory: Sendable {
    let runtime: Runtime

    /// - Throws: INVALID_ARGUMENT, in one text, for nobody and for somebody who is not active; UNAVAILABLE when it cannot be
    ///   asked.
    func activePerson(_ name: String, _ field: String) async throws -> Person {
        let person = try await ask(field) { client, options in
            try await client.getPerson(GetPersonRequest(name: name), options: options)
        }
        guard person.active else { throw Self.nothing(field) }
        return person
    }

    /// - Throws: INVALID_ARGUMENT for none; UNAVAILABLE when it cannot be asked.
    func programme(_ name: String, _ field: String) async throws -> Programme {
        try await ask(field) { client, options in
            try await client.getProgramme(GetProgrammeRequest(name: name), options: options)
        }
    }

    private static func nothing(_ field: String) -> Refusal {
        Refusal.invalid(field, "names nothing that exists and is active")
    }

    private func ask<Answer>(
        _ field: String, _ call: (RelationshipsServiceClient, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        let client = RelationshipsServiceClient(try runtime.call("relationships"))
        do {
            return try await call(client, runtime.workloadOptions())
        } catch let error as RPCError where [.notFound, .permissionDenied, .invalidArgument].contains(error.code) {
            throw Self.nothing(field)
        } catch is RPCError {
            throw Refusal.relationshipsDown
        }
    }
}
