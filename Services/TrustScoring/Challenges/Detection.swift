import Schema
import ServiceKit
import Storage
import TrustModel

/// What a fact does to the detectors of its relationship, in the transaction that learns of it (docs/domain.md §4).
struct Detection {
    static let duty = "alert"
    /// Days between two looks at a signal that stands, after its cool-down.
    static let reviewDays = 7

    private let change: Change
    private let name: ResourceName
    private let now: Instant
    private let conduct: ConductStore

    init(_ change: Change) throws {
        self.change = change
        name = try ResourceName(change.relationship.name, "organizations", "relationships")
        now = Instant(change.now)
        conduct = ConductStore(name)
    }

    /// The events of feedback that its balance depends on.
    static func moves(_ type: String) -> Bool {
        ["feedback.delivered.v1", "feedback.tagged.v1", "feedback.withdrawn.v1"].contains(type)
    }

    // MARK: What happens

    /// D1 and D3: evidence about some resources has changed.
    func evidenceChanged(about resources: Set<String>) throws {
        let evidence = EvidenceStore(name)
        var changed: Set<TrustModel.Challenge> = []
        for resource in resources {
            let known = try evidence.about(resource, in: change.transaction).filter { !$0.isRetracted }
            changed.formUnion(
                try conduct.replace(
                    about: resource, with: Conduct.facts(of: known.map(\.evidence)), in: change.transaction))
        }
        for challenge in changed.sorted(by: { $0.rawValue < $1.rawValue }) { try judge(challenge) }
    }

    /// D2: feedback of the trustee was delivered, tagged or withdrawn.
    func feedbackChanged() throws {
        try judge(.overemphasisOnCriticism)
    }

    /// D3: a rule was broken, which needs no statistics: nothing is lost to the cool-down, a standing ALERT takes it in.
    func ruleBroken(_ rule: TransparencyRule, subject: String, by event: Identifier) throws {
        try conduct.record(rule.rawValue, id: event, subject: subject, at: now, in: change.transaction)
        var record = try AlertRecord.read(.lackOfTransparency, of: name, in: change.transaction)
        if var alert = record.alert, alert.level == .alert {
            if !alert.rules.contains(rule) { alert.rules.append(rule) }
            alert.facts = Array(([subject] + alert.facts).prefix(Alert.maximumFacts))
            alert.updateTime = now.timestamp
            try publish("alert.extended.v1", change.update(AlertTable.alerts, alert))
            return
        }
        if let watch = record.alert { try delete(watch) }
        record.course.lastAlert = now
        var alert = newAlert(.lackOfTransparency, .alert)
        alert.rules = [rule]
        alert.facts = [subject]
        try raise(alert, &record)
    }

    /// Time has passed over a signal.
    func review(_ alertName: String) throws {
        guard let alert = try change.find(AlertTable.alerts, alertName), let raised = alert.raiseTime else { return }
        if alert.stands, let challenge = alert.modelChallenge { try judge(challenge) }
        guard let current = try change.find(AlertTable.alerts, alertName) else { return }
        let end = try Instant(raised).advanced(byDays: TrustModel.Challenge.watchDays)
        if current.level == .watch {
            if end <= now { return try delete(current) }
            try schedule(alertName, at: min(end, now.advanced(byDays: Self.reviewDays)))
        } else if current.stands {
            try schedule(alertName, at: now.advanced(byDays: Self.reviewDays))
        }
    }

    /// Either has acknowledged, or dismissed: what was added up until now is talked about.
    func settle(_ alert: Alert) throws {
        guard let challenge = alert.modelChallenge else { return }
        if challenge != .overemphasisOnCriticism {
            try conduct.reset(challenge, at: now, in: change.transaction)
        }
        if !alert.stands {
            var record = try AlertRecord.read(challenge, of: name, in: change.transaction)
            record.alert = nil
            try record.write(of: name, in: change.transaction)
        }
    }

    // MARK: Judging

    private func judge(_ challenge: TrustModel.Challenge) throws {
        let statistic = try Statistic.read(challenge, of: name, at: now, in: change.transaction)
        var record = try AlertRecord.read(challenge, of: name, in: change.transaction)
        switch record.course.take(statistic.reading, at: now) {
        case .none: break
        case .resolve:
            guard var alert = record.alert else { break }
            alert.resolve(.cleared, at: change.now)
            record.alert = nil
            try record.write(of: name, in: change.transaction)
            try publish("alert.resolved.v1", change.update(AlertTable.alerts, alert))
        case .escalate:
            if let watch = record.alert { try delete(watch) }
            try raise(try alert(challenge, .alert, statistic), &record)
        case .raise(let isAlert):
            if var recurred = record.alert {
                recurred.resolve(.recurred, at: change.now)
                try publish("alert.resolved.v1", change.update(AlertTable.alerts, recurred))
            }
            try raise(try alert(challenge, isAlert ? .alert : .watch, statistic), &record)
        }
    }

    private func alert(
        _ challenge: TrustModel.Challenge, _ level: Alert.Level, _ statistic: Statistic
    ) throws -> Alert {
        var alert = newAlert(challenge, level)
        alert.statistic = statistic.value
        alert.threshold = level == .alert ? statistic.thresholds.alert : statistic.thresholds.watch
        alert.facts = try facts(of: challenge)
        return alert
    }

    private func newAlert(_ challenge: TrustModel.Challenge, _ level: Alert.Level) -> Alert {
        let challenge = Schema.Challenge(challenge)
        return Alert(
            name: change.newName("alerts", in: name.text), challenge: challenge, level: level, state: .open,
            question: level == .alert ? challenge.alertQuestion : challenge.watchQuestion,
            suggestedConversation: level == .alert ? challenge.suggestedConversation : "", raiseTime: now.timestamp,
            tip: challenge.tip, createTime: now.timestamp, updateTime: now.timestamp)
    }

    private func facts(of challenge: TrustModel.Challenge) throws -> [String] {
        guard challenge == .overemphasisOnCriticism else {
            return try conduct.raising(challenge, limit: Alert.maximumFacts, in: change.transaction).map {
                name.child("evidence", $0.identifier.description).text
            }
        }
        return try Statistic.feedback(of: name, at: now, in: change.transaction)
            .map(\.item).filter { $0.effectiveKind == .criticismOnly }.reversed().map(\.subject)
    }

    private func raise(_ alert: Alert, _ record: inout AlertRecord) throws {
        let alert = try change.insert(AlertTable.alerts, alert)
        record.alert = alert
        try record.write(of: name, in: change.transaction)
        try publish("alert.raised.v1", alert)
        try schedule(alert.name, at: now.advanced(byDays: TrustModel.Challenge.coolDownDays))
    }

    /// A WATCH leaves nothing behind; a record that still names it stands for none.
    private func delete(_ watch: Alert) throws {
        try change.delete(AlertTable.alerts, watch.name)
        try change.cancel(Self.duty, for: watch.name)
    }

    private func schedule(_ alert: String, at instant: Instant) throws {
        try change.schedule(Self.duty, for: alert, at: ServiceKit.Instant(microseconds: instant.microseconds))
    }

    private func publish(_ type: String, _ alert: Alert) throws {
        try change.publish(type, .alertChanged(AlertChanged(alert: alert.name)))
    }
}

extension LogChange {
    /// What the evidence is about, where it is conduct.
    func resource(of relationship: ResourceName, in snapshot: Snapshot) throws -> String? {
        let evidence: Evidence? =
            switch self {
            case .evidence(let evidence): evidence
            case .repair: nil
            case .retraction(let retraction, _):
                try EvidenceStore(relationship).find(retraction.evidence, in: snapshot)?.evidence
            }
        return evidence.flatMap { Conduct.counts($0.kind) ? $0.references.first : nil }
    }
}
