import RPC
import Schema
import ServiceKit
import Storage
import TrustModel

/// Carries out the fairness runs that wait, one after another, beside requests. One that a restart interrupts begins again;
/// what people have declared of themselves is in memory while it is compared, and nowhere else.
struct RunningFairness: Sendable {
    typealias Labels = [ProtectedAttribute.Kind: [String: String]]

    let runtime: Runtime
    /// The groups of a programme's coachees, asked of the service that keeps them.
    let labels: @Sendable (_ programme: String) async throws -> Labels

    init(runtime: Runtime, labels: @Sendable @escaping (String) async throws -> Labels) {
        self.runtime = runtime
        self.labels = labels
    }

    init(runtime: Runtime) {
        self.init(runtime: runtime) { programme in
            let relationships = RelationshipsServiceClient(try runtime.call("relationships"))
            var labels: Labels = [:]
            let responses = try await relationships.collectFairnessGroups(
                CollectFairnessGroupsRequest(name: programme),
                options: try await runtime.workloadOptions(timeout: .seconds(60)))
            for try await response in responses {
                for label in response.labels { labels[label.kind, default: [:]][label.person] = label.value }
            }
            return labels
        }
    }

    func run() async throws { try await runtime.work(on: "comparing groups", runAll) }

    /// What waits now.
    func runAll() async throws {
        while let next = try await runtime.database.read({ try FairnessTables.next(in: $0) }) { try await make(next) }
    }

    private func make(_ text: String) async throws {
        let name = try ResourceName(text, FairnessTables.form)
        guard let run = try await begin(name), let end = run.endTime, let method = run.method else { return }
        do {
            let inputs = try await FairnessRunInputs.read(run.programme, at: Instant(end), from: runtime) {
                try await report(Int32($0 * 30), of: name)
            }
            let minimum = try await runtime.database.read {
                try PlaceStore.minimum(ofProgramme: run.programme, in: $0)
            }
            let findings = try await FairnessFindings(
                inputs.units, labels: try await labels(run.programme), draws: Int(method.draws),
                seed: UInt64(bitPattern: method.seed)
            ) { share in try await report(30 + Int32(share * 70), of: name) }
            let pulse = inputs.pulse(minimum: max(minimum, MinimumRule.coachees))
            try await finish(name) { change, run in
                run.succeed(findings, pulse)
                try FairnessTables.remember(
                    run.programme, at: Instant(end).microseconds, in: change.transaction)
            }
        } catch is Superseded {
            return
        } catch let error where !(error is CancellationError) {
            runtime.logger.error("a fairness run failed", metadata: ["run": "\(name)", "error": "\(error)"])
            let refusal = Refusal(failed: error)
            try await finish(name) { _, run in run.fail(refusal) }
        }
    }

    /// Somebody has cancelled the run.
    private struct Superseded: Error {}

    // MARK: Its own changes

    private func change<T: Sendable>(
        _ name: ResourceName, _ body: @Sendable @escaping (Change) throws -> T
    ) async throws -> T {
        try await runtime.act(as: "fairness", in: name.organization, body)
    }

    private func begin(_ name: ResourceName) async throws -> FairnessRun? {
        try await change(name) { change in
            guard var run = try change.find(FairnessTables.runs, name.text), run.begin() else {
                try FairnessTables.dequeue(name.text, in: change.transaction)
                return nil
            }
            return try change.save(run)
        }
    }

    private func report(_ percent: Int32, of name: ResourceName) async throws {
        try Task.checkCancellation()
        let goesOn = try await change(name) { change -> Bool in
            guard var run = try change.find(FairnessTables.runs, name.text), run.state == .running else { return false }
            guard percent >= run.progressPercent + 5 else { return true }
            run.progressPercent = percent
            _ = try change.save(run)
            return true
        }
        if !goesOn { throw Superseded() }
    }

    private func finish(
        _ name: ResourceName, _ body: @Sendable @escaping (Change, inout FairnessRun) throws -> Void
    ) async throws {
        try await change(name) { change in
            try FairnessTables.dequeue(name.text, in: change.transaction)
            guard var run = try change.find(FairnessTables.runs, name.text), run.state == .running else { return }
            try body(change, &run)
            _ = try change.save(run)
        }
    }
}

extension Change {
    /// Updates, dated now.
    func save(_ run: FairnessRun) throws -> FairnessRun {
        var run = run
        run.updateTime = now.timestamp
        return try update(FairnessTables.runs, run)
    }
}
