import RPC
import Schema
import Simulation
import Standard
import TrustModel

/// Asks for what the detectors raised in each simulated pair, as its coachee, who sees alerts and no watch.
struct AlarmReader {
    /// Seconds between two lines of progress.
    static let reportInterval: Duration = .seconds(5)

    let organization: SimulatedOrganization
    let channel: RPC.Channel
    let mint: TokenMint
    let concurrency: Int

    func alarms(
        of pairs: [Int: String], report: @Sendable (String) -> Void
    ) async throws -> [(pair: Int, alarms: [Alarm])] {
        var all: [(pair: Int, alarms: [Alarm])] = []
        var lastReport = ContinuousClock.now
        try await withThrowingTaskGroup(of: (Int, [Alarm]).self) { group in
            var next = pairs.sorted { $0.key < $1.key }.makeIterator()
            func add() {
                guard let (pair, relationship) = next.next() else { return }
                group.addTask { (pair, try await alarms(of: pair, relationship)) }
            }
            for _ in 0..<concurrency { add() }
            while let (pair, alarms) = try await group.next() {
                all.append((pair, alarms))
                add()
                guard ContinuousClock.now - lastReport > Self.reportInterval else { continue }
                lastReport = .now
                report("\(all.count) of \(pairs.count) pairs are asked for")
            }
        }
        return all.sorted { $0.pair < $1.pair }
    }

    private func alarms(of pair: Int, _ relationship: String) async throws -> [Alarm] {
        let client = TrustServiceClient(channel)
        let person = organization.person(organization.organization.coachee(of: pair))
        let token = try await mint.token(person: person, roles: ["coachee"])
        let options = CallOptions(metadata: ["authorization": "Bearer \(token)"], timeout: .seconds(30))
        let answer = try await Persistence()({
            try await client.listAlerts(ListAlertsRequest(parent: relationship, pageSize: 500), options: options)
        })
        var alarms = answer.alerts.compactMap { alert -> Alarm? in
            guard let time = alert.raiseTime, let challenge = TrustModel.Challenge(alert.challenge) else { return nil }
            return Alarm(
                alert.rules.isEmpty ? .detector(challenge) : .rule, week: organization.week(of: time))
        }
        alarms += try await contactGaps(client, relationship, options)
        return alarms
    }

    /// The days on which M1 fell due, looked for once a week.
    private func contactGaps(
        _ client: TrustServiceClient, _ relationship: String, _ options: CallOptions
    ) async throws -> [Alarm] {
        var alarms: [Alarm] = []
        var wasDue = false
        for week in 1..<organization.parameters.weeks {
            let time = organization.time(Double(week * 7))
            let answer = try await Persistence()({
                try await client.listMonitors(
                    ListMonitorsRequest(parent: relationship, pageSize: 1, asOf: time), options: options)
            })
            let isDue = answer.monitors.contains { $0.kind == .contactGap && $0.status == .due }
            if isDue, !wasDue { alarms.append(Alarm(.contactGap, week: Double(week))) }
            wasDue = isDue
        }
        return alarms
    }
}

extension TrustModel.Challenge {
    fileprivate init?(_ challenge: Schema.Challenge) {
        self.init(rawValue: UInt8(truncatingIfNeeded: challenge.rawValue))
    }
}
