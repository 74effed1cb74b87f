import Schema
import Standard

/// How things stand with the challenges and the practices, in words.
struct AlertsText {
    let title: String
    let detectors: [Detector]
    let alerts: [Alert]
    let monitors: [Monitor]

    var lines: [String] {
        var lines = [title, ""]
        for detector in detectors {
            lines.append("  \(Format.left(detector.challenge.words, 28))\(status(detector))")
        }
        for alert in alerts {
            lines += ["", "\(alert.level == .watch ? "For you alone" : "For both of you"), \(state(alert))"]
            lines.append("  \(alert.question)")
            if !alert.suggestedConversation.isEmpty { lines.append("  \(alert.suggestedConversation)") }
            lines += tip(alert.tip)
            if !alert.plan.isEmpty { lines.append("  Plan: \(alert.plan)") }
            lines.append("  \(reason(alert))")
            lines.append("  \(alert.name)")
        }
        let due = monitors.filter { $0.status == .due }
        if !due.isEmpty { lines.append("") }
        for monitor in due {
            let since = monitor.dueSince.map { ", since \(CalendarDay(containing: $0).short)" } ?? ""
            lines.append("  \(Format.left(monitor.kind.words + since, 44))\(monitor.prompt)")
            lines += tip(monitor.tip)
        }
        return lines
    }

    private func tip(_ tip: Tip?) -> [String] {
        tip.map { ["  Tip: \($0.text)", "       [\($0.id); \($0.source)]"] } ?? []
    }

    private func status(_ detector: Detector) -> String {
        switch detector.status {
        case .ok: "nothing to say (\(detector.factCount) looked at)"
        case .alerted: "ALERT"
        case .watched: "watch"
        default:
            switch detector.gap {
            case .paused: "cannot be told during a pause"
            case .onLeave: "cannot be told: too much leave"
            default: "cannot be told yet: \(detector.factCount) of \(detector.minimumFactCount)"
            }
        }
    }

    private func state(_ alert: Alert) -> String {
        let raised = alert.raiseTime.map { "raised \(CalendarDay(containing: $0).short)" } ?? ""
        let state =
            switch alert.state {
            case .open: "open"
            case .acknowledged: "acknowledged"
            case .planSet: "a plan is set"
            case .resolved: "resolved"
            case .dismissed: "dismissed"
            default: ""
            }
        return "\(raised), \(state)"
    }

    private func reason(_ alert: Alert) -> String {
        let facts = alert.facts.count == 1 ? "1 fact" : "\(alert.facts.count) facts"
        guard alert.rules.isEmpty else { return "By a rule, without statistics; \(facts)." }
        return "\(Format.fixed(alert.statistic, 3)) reached \(Format.fixed(alert.threshold, 3)); \(facts)."
    }
}

extension Challenge {
    fileprivate var words: String {
        switch self {
        case .inconsistentBehaviour: "Inconsistent behaviour"
        case .overemphasisOnCriticism: "Overemphasis on criticism"
        case .lackOfTransparency: "Lack of transparency"
        default: "Perceived bias"
        }
    }
}

extension Monitor.Kind {
    fileprivate var words: String {
        switch self {
        case .contactGap: "No contact"
        case .recognitionDrought: "No recognition"
        case .noAdaptation: "Nothing adapted"
        case .reflectionOverdue: "No reflection of both"
        case .wordWithoutDeed: "A word without a deed"
        default: "A goal not looked at"
        }
    }
}
