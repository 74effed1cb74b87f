import RPC
import Schema
import Storage

/// What this service knows of a person, for the export that Relationships makes.
struct PersonalData<Service: RapportService>: PersonalDataServiceHandlers {
    let service: Service
    let runtime: Runtime

    func streamPersonalData(
        _ request: StreamPersonalDataRequest, _ context: ServerContext,
        _ responses: ResponseWriter<StreamPersonalDataResponse>
    ) async throws {
        guard try context.caller.service != nil else {
            throw Refusal.roleForbidden("this is for Rapport's own services; a person asks for an export")
        }
        try await runtime.personalData(of: request.person, in: request.relationship, kinds: service.personalKinds) {
            for items in $0.parcels { try await responses.write(StreamPersonalDataResponse(items: items)) }
        }
    }
}

extension [PersonalItem] {
    /// Bytes of one message, give or take an item: a page of long texts is more than a message may have.
    static let parcelBytes = 256 << 10

    /// In order, each as large as a message may well be.
    var parcels: [[PersonalItem]] {
        var parcels: [[PersonalItem]] = []
        var size = Self.parcelBytes
        for item in self {
            if size >= Self.parcelBytes {
                parcels.append([])
                size = 0
            }
            parcels[parcels.count - 1].append(item)
            size += item.json.utf8.count
        }
        return parcels
    }
}

extension Runtime {
    /// What a person may read here, and has written, in pages.
    /// - Parameter name: one of the person's relationships; empty for what belongs to none.
    public func personalData(
        of person: String, in name: String, kinds: [PersonalKind], _ body: ([PersonalItem]) async throws -> Void
    ) async throws {
        _ = try ResourceName(person, "organizations", "people")
        let relationship = name.isEmpty ? nil : try await relationship(of: person, name)
        let scope = PersonalScope(person: person, relationship: relationship)
        let kinds = kinds + [AuditChain.personalKind(of: service, at: clock.now)]
        for kind in kinds where kind.isOfRelationships == (relationship != nil) {
            var position: String?
            repeat {
                let page = try await database.read { [position] in try kind.items(scope, position, $0) }
                if !page.items.isEmpty { try await body(page.items) }
                position = page.next
            } while position != nil
        }
    }

    private func relationship(of person: String, _ name: String) async throws -> Relationship {
        let pair = try ResourceName(name, "organizations", "relationships").text
        let relationship =
            if let projection { try await projection.find(pair) } else {
                try await database.read { [source] in try source.relationship(pair, in: $0) }
            }
        guard let relationship, relationship.role(of: person) != .other else { throw Refusal.notParty }
        return relationship
    }
}
