import Schema

/// What a profile would become if something happened.
struct WhatIfText {
    let title: String
    let events: [HypotheticalEvent]
    let response: WhatIfResponse

    var lines: [String] {
        let before = response.before ?? .init()
        let after = response.after ?? .init()
        let what = events.map(\.words).joined(separator: ", then ")
        return [title, "If this happened: \(what)", "", "  \(Self.ends(before, after))", ""]
            + (response.explanation?.lines ?? []).map(ExplanationText.row)
            + [
                ProfileText.rule, ProfileText.row(response.explanation?.change ?? 0, "in all"), "",
                "Nothing was written, and nobody else sees this.",
            ]
    }

    private static func ends(_ before: TrustProfile, _ after: TrustProfile) -> String {
        let bands =
            before.band == after.band
            ? "stays \(before.band.words)" : "from \(before.band.words) to \(after.band.words)"
        guard before.numberShown, after.numberShown else { return bands }
        let (old, new) = (Format.fixed(before.score * 100, 1), Format.fixed(after.score * 100, 1))
        return "\(old) would become \(new) of 100; \(bands)"
    }
}

extension HypotheticalEvent {
    /// From `KIND` or `KIND=VALUE`; nil when the value is no whole number.
    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = parts.first, !kind.isEmpty else { return nil }
        var value: Int32 = 0
        if parts.count == 2 {
            guard let number = Int32(parts[1]) else { return nil }
            value = number
        }
        self.init(kind: String(kind), value: value)
    }

    var words: String {
        let name = String(kind.map { $0 == "." || $0 == "_" ? " " : $0 })
        return value == 0 ? name : "\(name) \(value)"
    }
}
