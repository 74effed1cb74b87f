import RPC
import Schema
import ServiceKit

/// The pair's trust profile now.
struct Profile: Section {
    static let service = "rapport.trust.v1.TrustService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> TrustProfile {
        try await TrustServiceClient(channel).getTrustProfile(
            GetTrustProfileRequest(name: "\(pair)/trustProfile"), options: options)
    }
}

extension Fetched<TrustProfile> {
    var message: TrustSection { TrustSection(state: state, profile: content) }
}

/// Why the score changed between two instants.
struct Change: Section {
    static let service = "rapport.trust.v1.TrustService"
    /// Looked back on where nothing else says from when.
    static let days = 7
    /// Lines that are shown.
    static let lines = 5

    let pair: String
    let from: Instant
    let to: Instant

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> Explanation {
        try await TrustServiceClient(channel).explainChange(
            ExplainChangeRequest(name: pair, from: from.timestamp, to: to.timestamp), options: options)
    }
}

extension Fetched<Explanation> {
    var message: ChangeSection { ChangeSection(state: state, explanation: content) }
}

extension Explanation {
    /// With its largest lines alone.
    var top: Explanation {
        var short = self
        short.lines = Array(lines.prefix(Change.lines))
        return short
    }

    /// All ratings of a component in one line, as the trustee is answered (docs/domain.md rule 19): the trustor's own
    /// explanation has them one by one. Contributions are rounded to 1e-9, so that both read the same digits whatever
    /// the order of the sum was.
    func foldingRatings() -> Explanation {
        var folded = self
        folded.lines = lines.filter { !$0.isAboutRating }
        for component in [Component.reliability, .integrity, .competence, .empathy] {
            let ratings = lines.filter { $0.component == component && $0.isAboutRating }
            guard !ratings.isEmpty else { continue }
            folded.lines.append(
                Line(
                    cause: .ratings, component: component, contribution: ratings.reduce(0) { $0 + $1.contribution },
                    text: "Ratings of \(component.word), all together"))
        }
        for index in folded.lines.indices {
            folded.lines[index].contribution = (folded.lines[index].contribution * 1e9).rounded() / 1e9
        }
        folded.lines.sort { abs($0.contribution) > abs($1.contribution) }
        return folded
    }
}

extension Explanation.Line {
    fileprivate var isAboutRating: Bool { cause == .ratings || kind.hasPrefix("pulse.") }
}

extension Component {
    fileprivate var word: String {
        switch self {
        case .reliability: "reliability"
        case .integrity: "integrity"
        case .competence: "competence"
        case .empathy: "empathy"
        default: "trust"
        }
    }
}
