import RPC
import Schema
import ServiceKit

/// Some of a pair's commitments.
struct Commitments: Section {
    static let service = "rapport.relationships.v1.RelationshipsService"

    let pair: String
    var limit = ViewRequest.sectionLimit
    var filter = ""
    var order = ""

    /// Something is still to be done or said about them.
    /// - Parameter start: those that ended after it as well.
    static func open(of pair: String, orEndedSince start: Instant? = nil) -> Commitments {
        var terms = ["PROPOSED", "ACCEPTED", "RENEGOTIATED", "CLAIMED_KEPT", "DISPUTED", "MISSED"].map {
            "state = \($0)"
        }
        if let start { terms.append("resolve_time > \"\(start.text)\"") }
        return Commitments(pair: pair, filter: terms.joined(separator: " OR "))
    }

    /// Those that changed last.
    static func latest(_ count: Int32, of pair: String) -> Commitments {
        Commitments(pair: pair, limit: count, order: "update_time desc")
    }

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [Commitment] {
        try await RelationshipsServiceClient(channel).listCommitments(
            ListCommitmentsRequest(parent: pair, pageSize: limit, filter: filter, orderBy: order), options: options
        ).commitments
    }
}

extension Fetched<[Commitment]> {
    var message: CommitmentsSection { CommitmentsSection(state: state, commitments: content ?? []) }
}

extension [Commitment] {
    func first(ofOwner owner: String) -> [Commitment] {
        filter { $0.owner == owner } + filter { $0.owner != owner }
    }
}
