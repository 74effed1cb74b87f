import RPC
import Schema
import ServiceKit
import Storage

/// The person asks, or a data-protection officer; what was gathered goes to the person alone.
extension RelationshipsService {
    func exportData(_ request: ExportDataRequest, _ context: ServerContext) async throws -> DataExport {
        let name = try ResourceName(request.name, "organizations", "people")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.dataExports) {
            change in
            let caller = try change.requirePrivacy(of: name)
            guard let person = try change.find(Tables.people, name.text) else {
                throw caller.isPrivacyOfficer ? Refusal.notFound(name.text) : Refusal.notParty
            }
            guard !person.isErased else {
                throw Refusal.wrongState("the person", is: "ERASED", needs: "one who is not")
            }
            guard try change.openExports(of: name) < DataExport.maximumOpen else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "\(DataExport.maximumOpen) exports of this person wait or run; wait for one or cancel it")
            }
            let export = try change.create(
                Tables.dataExports, .asked(change.newName("dataExports", in: name.text), by: change.actor))
            try ExportStore(ResourceName(export.name, Tables.Form.dataExports)).enqueue(in: change.transaction)
            try change.audit("export.requested", export.name, about: [name.text])
            return export
        }
    }

    func cancelDataExport(_ request: CancelDataExportRequest, _ context: ServerContext) async throws -> DataExport {
        let name = try ResourceName(request.name, Tables.Form.dataExports)
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.dataExports) {
            change in
            try change.requirePrivacy(of: name.parent)
            var export = try change.get(Tables.dataExports, name.text)
            try export.cancel(at: change.now)
            try change.cancel(.exportExpires, for: export.name)
            try ExportStore(name).dequeue(in: change.transaction)
            try ExportStore(name).destroy(in: change.transaction)
            try change.audit("export.cancelled", export.name, about: [name.parent.text])
            return try change.save(Tables.dataExports, export)
        }
    }

    func getDataExport(_ request: GetDataExportRequest, _ context: ServerContext) async throws -> DataExport {
        let name = try ResourceName(request.name, Tables.Form.dataExports)
        try requirePrivacy(context, of: name.parent)
        return try await runtime.database.read { try self.export(name, in: $0) }
    }

    func listDataExports(
        _ request: ListDataExportsRequest, _ context: ServerContext
    ) async throws -> ListDataExportsResponse {
        try requirePrivacy(context, of: try ResourceName(request.parent, "organizations", "people"))
        let page = try await runtime.page(context, Tables.dataExports, request)
        return ListDataExportsResponse(dataExports: page.items, nextPageToken: page.nextPageToken)
    }

    /// A resume token is the number of the last chunk.
    func downloadDataExport(
        _ request: DownloadDataExportRequest, _ context: ServerContext,
        _ responses: ResponseWriter<DownloadDataExportResponse>
    ) async throws {
        let name = try ResourceName(request.name, Tables.Form.dataExports)
        let caller = try requirePrivacy(context, of: name.parent)
        guard caller.person == name.parent.text else {
            throw Refusal(
                .permissionDenied, "LEVEL_FORBIDDEN", "what was gathered goes to the person alone, whoever has asked")
        }
        guard var number = request.resumeToken.isEmpty ? 0 : Int(request.resumeToken), number >= 0 else {
            throw Refusal.invalid("resume_token", "is of no download; begin again without it")
        }
        let now = runtime.clock.now
        try await runtime.database.write { transaction in
            let export = try self.export(name, in: transaction)
            guard export.state == .succeeded else {
                throw Refusal.wrongState("the export", is: export.state, needs: "SUCCEEDED")
            }
            try transaction.audit("export.downloaded", name.text, by: caller, about: [name.parent.text], at: now)
        }
        let store = ExportStore(name)
        while let chunk = try await runtime.database.read({ [number] in try store.chunk(after: number, in: $0) }) {
            number += 1
            try await responses.write(
                DownloadDataExportResponse(lines: String(decoding: chunk, as: UTF8.self), resumeToken: "\(number)"))
        }
    }

    private func export(_ name: ResourceName, in snapshot: Snapshot) throws -> DataExport {
        guard let export = try Tables.dataExports.find(name.text, in: snapshot) else {
            throw Refusal.notFound(name.text)
        }
        return export
    }
}

extension Change {
    fileprivate func openExports(of person: ResourceName) throws -> Int {
        try [DataExport.State.pending, .running].reduce(0) { count, state in
            try count
                + Tables.dataExports.list(
                    parent: person, state: state.rawValue, limit: DataExport.maximumOpen, in: transaction
                ).count
        }
    }

    /// Its time is over.
    func expireExport(_ name: String) throws {
        guard var export = try find(Tables.dataExports, name), export.expire() else { return }
        try ExportStore(ResourceName(name, Tables.Form.dataExports)).destroy(in: transaction)
        _ = try save(Tables.dataExports, export)
    }

    /// Its person is forgotten.
    func destroy(_ export: DataExport) throws {
        let store = ExportStore(try ResourceName(export.name, Tables.Form.dataExports))
        try store.dequeue(in: transaction)
        try store.destroy(in: transaction)
        try cancel(.exportExpires, for: export.name)
        var export = export
        guard (try? export.cancel(at: now)) != nil else { return }
        _ = try save(Tables.dataExports, export)
    }
}
