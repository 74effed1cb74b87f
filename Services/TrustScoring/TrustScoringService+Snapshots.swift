import RPC
import Schema
import ServiceKit
import Storage
import TrustModel

extension ListSnapshotsRequest: ListRequest {}

extension TrustScoringService {
    func getSnapshot(_ request: GetSnapshotRequest, _ context: ServerContext) async throws -> TrustSnapshot {
        let name = try ResourceName(request.name, "organizations", "relationships", "snapshots")
        return try await runtime.read(context, under: name.parent.text) { snapshot, access in
            try requirePurpose(access)
            guard let link = try SnapshotStore(name.parent).find(name.id, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return try TrustSnapshot(link, of: name.parent)
        }
    }

    func listSnapshots(
        _ request: ListSnapshotsRequest, _ context: ServerContext
    ) async throws -> ListSnapshotsResponse {
        let name = try ResourceName(request.parent, "organizations", "relationships")
        try requirePurpose(await runtime.access(context, under: name.text))
        let store = SnapshotStore(name)
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            try store.page(after: after.flatMap { Int64($0) } ?? 0, limit: limit, in: snapshot).map {
                (try TrustSnapshot($0, of: name), "\($0.sequence)")
            }
        }
        return ListSnapshotsResponse(snapshots: page.items, nextPageToken: page.nextPageToken)
    }

    /// From the first link to the last: none is missing, changed or out of place.
    func verifySnapshots(
        _ request: VerifySnapshotsRequest, _ context: ServerContext
    ) async throws -> VerifySnapshotsResponse {
        let name = try ResourceName(request.parent, "organizations", "relationships")
        if try context.caller.purpose == "audit" {
            _ = try await audited(context, name)
        } else {
            try requirePurpose(await runtime.access(context, under: name.text))
        }
        return try await runtime.database.read { snapshot in
            let store = SnapshotStore(name)
            var last: SnapshotLink?
            while true {
                let links = try store.page(after: last?.sequence ?? 0, limit: 500, in: snapshot)
                for link in links {
                    guard link.follows(last) else {
                        throw Refusal(
                            .dataLoss, "CHAIN_BROKEN",
                            "the snapshot \(link.id) does not follow the one before: restore this service's database from a backup"
                        )
                    }
                    last = link
                }
                if links.count < 500 { break }
            }
            return VerifySnapshotsResponse(
                snapshotCount: last?.sequence ?? 0, headHash: last?.hash.hexadecimal ?? "")
        }
    }
}
