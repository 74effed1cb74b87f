import RPC
import Schema

/// The agreement that holds; nil while none is signed.
struct SignedAgreement: Section {
    static let service = "rapport.relationships.v1.RelationshipsService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> Agreement? {
        try await RelationshipsServiceClient(channel).listAgreements(
            ListAgreementsRequest(parent: pair, pageSize: 1, filter: "state = SIGNED", orderBy: "revision desc"),
            options: options
        ).agreements.first
    }
}

extension Fetched<Agreement?> {
    var message: ConfidentialitySection {
        let agreement = content ?? nil
        return ConfidentialitySection(
            state: state, agreement: agreement?.name ?? "", clauses: agreement?.confidentialityClauses ?? [],
            limits: agreement?.limits ?? "", sharingRules: agreement?.sharingRules ?? [],
            withheld: [.drafts, .ownNotes, .ratings])
    }
}
