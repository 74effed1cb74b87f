import RPC
import Schema

/// How well the pair keeps up what sustains trust.
struct Sustaining: Section {
    static let service = "rapport.trust.v1.TrustService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> SustainingIndex {
        try await TrustServiceClient(channel).getSustainingIndex(
            GetSustainingIndexRequest(name: "\(pair)/sustainingIndex"), options: options)
    }
}

extension Fetched<SustainingIndex> {
    var message: SustainingSection { SustainingSection(state: state, index: content) }
}

extension SustainingIndex {
    /// With the practices alone that are not kept up in full, the weakest first.
    var gaps: SustainingIndex {
        var index = self
        index.practices = practices.filter { $0.value < 1 }.sorted { $0.value < $1.value }
        return index
    }
}

/// What the coach could do next: for the trustee alone, at most three.
struct NextActions: Section {
    static let service = "rapport.trust.v1.TrustService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [SuggestedAction] {
        try await TrustServiceClient(channel).suggestActions(SuggestActionsRequest(name: pair), options: options)
            .actions
    }
}

extension Fetched<[SuggestedAction]> {
    var message: ActionsSection { ActionsSection(state: state, actions: content ?? []) }
}
