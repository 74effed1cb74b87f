import Schema

/// The score's vocabulary in words that a coach uses.
extension Band {
    var words: String {
        switch self {
        case .insufficientEvidence: "Too early to say"
        case .atRisk: "At risk"
        case .fragile: "Fragile"
        case .mixed: "Mixed"
        case .healthy: "Healthy"
        case .strong: "Strong"
        case .unspecified, .unrecognized: "Unknown"
        }
    }
}

extension Component {
    var words: String {
        switch self {
        case .reliability: "Reliability"
        case .integrity: "Integrity"
        case .competence: "Competence"
        case .empathy: "Empathy"
        case .unspecified, .unrecognized: ""
        }
    }

    /// What a high value says of the trustee.
    var meaning: String {
        switch self {
        case .reliability: "keeps promises and appointments"
        case .integrity: "is open about intentions and reasons"
        case .competence: "helps in ways that work"
        case .empathy: "listens and responds to the person"
        case .unspecified, .unrecognized: ""
        }
    }
}

extension ComponentOpinion {
    /// How much is known, from the share of not knowing u = 2 / (mass + 2).
    var knowledge: String {
        switch uncertainty {
        case ..<0.2: "well known"
        case ..<0.4: "fairly known"
        default: "little known yet"
        }
    }
}

extension Explanation.Line {
    /// The server's sentence; should it be missing, the kind as words.
    var words: String {
        if !text.isEmpty { return text }
        if !kind.isEmpty { return String(kind.map { $0 == "." || $0 == "_" ? " " : $0 }) }
        return cause == .timePassed ? "time passed" : "\(cause)"
    }
}
