import RPC
import Schema
import ServiceKit
import Storage

/// People, programmes, pairs and what a pair does together (docs/domain.md §6.1).
struct RelationshipsService: RapportService, RelationshipsServiceHandlers, PrivacyServiceHandlers {
    static let name = "relationships"
    static var migrations: [Migration] { Tables.migrations }
    static let eventSources = ["goals", "feedback"]
    static var relationshipSource: (any RelationshipSource)? { OwnRelationships() }

    static var grantSource: (any GrantSource)? { OwnGrants() }

    static func encryptStored(in transaction: Transaction) throws -> Int {
        try Tables.notes.encryptRows(in: transaction) + Tables.reflections.encryptRows(in: transaction)
    }

    let runtime: Runtime

    init(_ runtime: Runtime) async throws {
        self.runtime = runtime
    }

    var methods: [RPC.Method] { relationshipsServiceMethods + privacyServiceMethods }

    func prepare() async throws { try await eraseAgain() }

    /// Beside requests and events: matching and exports.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { [runtime] group in
            group.addTask {
                try await Announcements(runtime: runtime).run()
                try await RunningMatch(runtime: runtime).run()
            }
            group.addTask { try await RunningExport(runtime: runtime).run() }
            group.addTask { try await EarlierEnds(runtime: runtime).run() }
            try await group.waitForAll()
        }
    }

    func fire(_ duty: Duty, _ change: Change) throws {
        guard let kind = DutyKind(rawValue: duty.kind), case .text(let name) = duty.key else { return }
        switch kind {
        case .requestExpires: try change.expireRequest(name)
        case .commitmentLapses: try change.lapse(name)
        case .commitmentMissed: try change.miss(name)
        case .commitmentAbandoned: try change.abandon(name)
        case .claimUnconfirmed: try change.leaveUnconfirmed(name)
        case .breachUnrepaired: try change.endRepair(name)
        case .decisionUnexplained: try change.leaveUnexplained(name)
        case .sessionSelfAttested: try change.takeSelfReport(name)
        case .sessionUnattested: try change.leaveUnattested(name)
        case .relationshipEnds: try change.endRelationship(name)
        case .disputeVoid: try change.voidDispute(name)
        case .reflectionReveals: try change.revealReflection(name)
        case .notePurged: try change.purgeNote(name)
        case .retentionEnds: try change.endRetention(of: .notes)
        case .evidenceRetentionEnds: try change.endRetention(of: .evidence)
        case .auditRetentionEnds: try change.endRetention(of: .audit)
        case .exportExpires: try change.expireExport(name)
        case .sharingExpires: try change.expireSharing(name)
        case .breakGlassExpires: try change.expireBreakGlass(name)
        case .breakGlassTold: try change.endSilence(name)
        case .inactivityStep: try change.climb(name)
        case .leaderSilent: try change.missLeaderCommitment(name)
        }
    }

    func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        try ContextAnswers.apply(event, in: transaction)
        try Activity.apply(event, from: source, in: transaction)
    }

    func forget(_ source: String, in transaction: Transaction) throws {
        if source == "goals" { try ContextAnswers.forget(in: transaction) }
        try Activity.forget(source, in: transaction)
    }
}
