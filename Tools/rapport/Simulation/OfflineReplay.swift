import FoundationEssentials
import Glibc
import Simulation
import TrustModel

/// Replays a simulated organisation through the model alone, pair by pair, so that memory does not grow with it: every fact is
/// scored and shown to the detectors. A run that was interrupted goes on where it last said so.
struct OfflineReplay {
    /// How far a replay has come, and what it has found until there.
    struct Checkpoint: Codable {
        var pairs = 0
        var facts = 0
        /// States that were built anew from their log, for a fact about what was settled.
        var replays = 0
        /// Seconds of CPU for scoring and detecting; making the acts is not in it.
        var seconds = 0.0
        var evaluations = Planting.Kind.detected.map { Evaluation(of: $0) }
    }

    let organization: Organization
    let start: TrustModel.Instant
    let checkpointFile: String
    /// Pairs between two checkpoints.
    var batch = 500
    /// Told after each checkpoint.
    let report: (String) throws -> Void

    func run() throws -> Checkpoint {
        var checkpoint = try resumed()
        if checkpoint.pairs > 0 { try report("goes on after \(checkpoint.pairs) pairs") }
        while checkpoint.pairs < organization.pairCount {
            let end = min(checkpoint.pairs + batch, organization.pairCount)
            for number in checkpoint.pairs..<end { try replay(organization.pair(number), into: &checkpoint) }
            checkpoint.pairs = end
            try JSONEncoder().encode(checkpoint).write(to: URL(filePath: checkpointFile), options: .atomic)
            let rate = Double(checkpoint.facts) / max(checkpoint.seconds, 1e-9)
            try report(
                "\(end) of \(organization.pairCount) pairs, \(checkpoint.facts) facts, \(Format.fixed(rate, 0)) a second and core"
            )
        }
        return checkpoint
    }

    private func resumed() throws -> Checkpoint {
        guard let bytes = FileManager.default.contents(atPath: checkpointFile) else { return Checkpoint() }
        do {
            return try JSONDecoder().decode(Checkpoint.self, from: bytes)
        } catch {
            throw Failure("\(checkpointFile) cannot be read: \(error). Delete it to begin anew.")
        }
    }

    private func replay(_ pair: Simulation.Pair, into checkpoint: inout Checkpoint) throws {
        let ledger = try Ledger(Diary(of: pair), from: start)
        let began = Self.processorTime
        var state = try RelationshipState(start: start, policy: .standard)
        var log: [Evidence] = []
        for case .evidence(let evidence) in ledger.facts {
            log.append(evidence)
            guard state.append(evidence) == .needsReplay else { continue }
            // In a lively week what it stands in the place of is settled already.
            state = try RelationshipState(start: start, policy: .standard, log: EvidenceLog(evidence: log))
            checkpoint.replays += 1
        }
        let alarms = ledger.alarms(acknowledging: true)
        guard state.profile(at: start.advanced(byDays: pair.weeks * 7)) != nil else {
            throw Failure("pair \(pair.number) has no profile at its end")
        }
        checkpoint.seconds += Self.processorTime - began
        checkpoint.facts += ledger.facts.count
        for index in checkpoint.evaluations.indices {
            checkpoint.evaluations[index].take(pair.plantings, weeks: Double(pair.weeks), alarms)
        }
    }

    /// Seconds that this process has run.
    private static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension Planting.Kind {
    /// Those that the model alone can notice: the others are rules of the services.
    static let detected: [Planting.Kind] = [.inconsistency, .criticism, .opacity]
}
