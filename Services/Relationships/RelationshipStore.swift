import Schema
import ServiceKit
import Standard
import Storage

/// What this service owns. Pairs are found by `PairIndex`, sessions' facts by `SessionIndex`.
enum Tables {
    static let people = Table<Person>("people", collections: ["organizations", "people"])
    static let programmes = Table<Programme>("programmes", collections: ["organizations", "programmes"])
    static let relationships = Table<Relationship>(
        "relationships", collections: ["organizations", "relationships"], state: \.state.rawValue)
    static let agreements = Table<Agreement>(
        "agreements", collections: below("agreements"), state: \.state.rawValue)
    static let sessions = Table<Session>("sessions", collections: below("sessions"), state: \.state.rawValue)
    static let commitments = Table<Commitment>(
        "commitments", collections: below("commitments"), state: \.state.rawValue)
    static let breachCases = Table<BreachCase>(
        "breach_cases", collections: below("breachCases"), state: \.state.rawValue)
    static let decisions = Table<Decision>("decisions", collections: below("decisions"))
    static let reflectBacks = Table<ReflectBack>("reflect_backs", collections: below("reflectBacks"))
    static let advice = Table<Advice>("advice", collections: below("advice"))
    static let contextChanges = Table<ContextChange>("context_changes", collections: below("contextChanges"))

    static let inquiries = Table<Inquiry>(
        "inquiries", collections: below("inquiries"), state: { $0.answerTime == nil ? 1 : 2 })
    static let agendaItems = Table<AgendaItem>(
        "agenda_items", collections: ["organizations", "relationships", "sessions", "agendaItems"], below: sessions)
    static let notes = Table<Note>("notes", collections: below("notes"), isEncrypted: true)
    /// State 1 waits for the other one.
    static let reflections = Table<Schema.Reflection>(
        "reflections", collections: below("reflections"), state: { $0.isRevealed ? 2 : 1 }, isEncrypted: true)
    static let conflictDisclosures = Table<ConflictDisclosure>(
        "conflict_disclosures", collections: below("conflictDisclosures"))
    static let credentials = Table<Credential>("credentials", collections: below("credentials"))
    static let enrollments = Table<Enrollment>(
        "enrollments", collections: ["organizations", "programmes", "enrollments"], below: programmes)
    static let leaveWindows = Table<LeaveWindow>(
        "leave_windows", collections: ["organizations", "people", "leaveWindows"], below: people)
    static let sharingRequests = Table<SharingRequest>(
        "sharing_requests", collections: below("sharingRequests"), state: \.state.rawValue)
    static let breakGlassCases = Table<BreakGlassCase>(
        "break_glass_cases", collections: below("breakGlassCases"), state: \.state.rawValue, isEncrypted: true)
    static let matchRuns = Table<MatchRun>("match_runs", collections: Form.matchRuns, below: programmes)
    static let matchProposals = Table<MatchProposal>(
        "match_proposals", collections: Form.matchProposals, below: programmes)
    static let waitlistEntries = Table<WaitlistEntry>(
        "waitlist_entries", collections: Form.waitlistEntries, below: programmes)

    static let rematches = Table<Rematch>("rematches", collections: Form.rematches, isEncrypted: true)
    static let handOvers = Table<HandOver>("hand_overs", collections: Form.handOvers, state: \.state.rawValue)
    static let inactivityReports = Table<InactivityReport>(
        "inactivity_reports", collections: Form.inactivityReports, state: \.state.rawValue)
    static let leaderCommitments = Table<LeaderCommitment>(
        "leader_commitments", collections: Form.leaderCommitments, below: people, state: \.state.rawValue)
    /// Encrypted with a key of the person's own, which nothing else is encrypted with.
    static let protectedAttributes = Table<ProtectedAttribute>(
        "protected_attributes", collections: Form.protectedAttributes, isEncrypted: true)
    static let legalHolds = Table<LegalHold>(
        "legal_holds", collections: ["organizations", "legalHolds"], state: \.state.rawValue)
    static let erasures = Table<Erasure>(
        "erasures", collections: Form.erasures, below: people, state: \.state.rawValue)
    static let dataExports = Table<DataExport>(
        "data_exports", collections: Form.dataExports, below: people, state: \.state.rawValue)

    /// Of names that are taken apart beside their tables.
    enum Form {
        static let erasures = ["organizations", "people", "erasures"]
        static let dataExports = ["organizations", "people", "dataExports"]
        static let matchRuns = ["organizations", "programmes", "matchRuns"]
        static let matchProposals = ["organizations", "programmes", "matchProposals"]
        static let waitlistEntries = ["organizations", "programmes", "waitlistEntries"]
        static let rematches = below("rematches")
        static let handOvers = below("handOvers")
        static let inactivityReports = below("inactivityReports")
        static let leaderCommitments = ["organizations", "people", "leaderCommitments"]
        static let protectedAttributes = ["organizations", "people", "protectedAttributes"]
    }

    fileprivate static func below(_ collection: String) -> [String] {
        ["organizations", "relationships", collection]
    }

    static let migrations = [
        Migration(
            version: 100, name: "people, programmes, relationships and what a pair does together",
            statements: people.statements + Directory.statements + programmes.statements
                + relationships.statements + PairIndex.statements + agreements.statements
                + sessions.statements + SessionIndex.statements + commitments.statements
                + breachCases.statements + decisions.statements + reflectBacks.statements + advice.statements
                + contextChanges.statements),
        Migration(
            version: 101, name: "enrolment, leave, agendas, notes, reflections, disclosures; a person's relationships",
            statements: PairIndex.statementsByPerson + inquiries.statements + agendaItems.statements
                + notes.statements + reflections.statements + conflictDisclosures.statements
                + credentials.statements + enrollments.statements + leaveWindows.statements
                + ContextAnswers.statements),
        Migration(
            version: 102, name: "matching",
            statements: matchRuns.statements + matchProposals.statements + waitlistEntries.statements
                + MatchIndex.statements),
        Migration(
            version: 103, name: "sharing and break-glass",
            statements: sharingRequests.statements + breakGlassCases.statements + Grants.statements),
        Announcements.migration,
        Migration(version: 120, name: "protected attributes", statements: protectedAttributes.statements),
        Migration(
            version: 121, name: "re-match, hand-over, inactivity, leaders' commitments",
            statements: rematches.statements + handOvers.statements + SuccessionIndex.statements
                + inactivityReports.statements + Activity.statements + leaderCommitments.statements),
        Migration(
            version: 122, name: "legal holds, erasures, exports and retention",
            statements: legalHolds.statements + LegalHolds.statements + erasures.statements
                + dataExports.statements + ExportStore.statements + RetentionIndex.statements),
        Migration(
            version: 123, name: "retention of relationships that ended earlier", statements: EarlierEnds.statements),
    ]
}

/// Relationships are read from their own table, in the transaction that changes what belongs to them.
struct OwnRelationships: RelationshipSource {
    func relationship(_ name: String, in snapshot: Snapshot) throws -> Relationship? {
        try Tables.relationships.find(name, in: snapshot)
    }

    func relationships(of person: String, in snapshot: Snapshot) throws -> [Relationship] {
        let organization = try ResourceName.organization(of: person).text
        let limit = 500
        var all: [Relationship] = []
        var last: String?
        repeat {
            let page = try PairIndex.relationships(
                of: person, organization: organization, after: last, limit: limit, in: snapshot)
            all += try page.compactMap { try relationship($0, in: snapshot) }
            last = page.count == limit ? page.last : nil
        } while last != nil
        return all
    }
}

/// A resource that tells when it was made and last changed.
protocol Dated: Resource {
    var createTime: Timestamp? { get set }
    var updateTime: Timestamp? { get set }
}

extension Person: Dated {}
extension Programme: Dated {}
extension Relationship: Dated {}
extension Agreement: Dated {}
extension Session: Dated {}
extension Commitment: Dated {}
extension BreachCase: Dated {}
extension Decision: Dated {}
extension ReflectBack: Dated {}
extension Advice: Dated {}
extension ContextChange: Dated {}
extension Inquiry: Dated {}
extension AgendaItem: Dated {}
extension Note: Dated, SoftDeletable {}
extension Schema.Reflection: Dated {}
extension ConflictDisclosure: Dated {}
extension Credential: Dated {}
extension Enrollment: Dated {}
extension LeaveWindow: Dated, SoftDeletable {}
extension MatchRun: Dated {}
extension MatchProposal: Dated {}
extension WaitlistEntry: Dated {}
extension ProtectedAttribute: Dated {}
extension Rematch: Dated {}
extension HandOver: Dated {}
extension InactivityReport: Dated {}
extension LeaderCommitment: Dated {}
extension SharingRequest: Dated {}
extension BreakGlassCase: Dated {}
extension LegalHold: Dated {}
extension Erasure: Dated {}
extension DataExport: Dated {}

extension Change {
    /// Inserts, dated now.
    func create<R: Dated>(_ table: Table<R>, _ resource: R) throws -> R {
        var resource = resource
        resource.createTime = now.timestamp
        resource.updateTime = now.timestamp
        return try insert(table, resource)
    }

    /// Updates, dated now.
    func save<R: Dated>(_ table: Table<R>, _ resource: R) throws -> R {
        var resource = resource
        resource.updateTime = now.timestamp
        return try update(table, resource)
    }

    /// What happened may be told and settled while the relationship ends and afterwards, though not while it is paused.
    func requireSettleable() throws {
        guard relationship.mayBeSettled else { throw Refusal.notActive }
    }

    /// The acting party. Services, which pass `require`, do not speak for a person here.
    func party(_ roles: Role...) throws -> String {
        guard role != .other else { throw Refusal.notParty }
        guard roles.contains(role) else {
            throw Refusal.roleForbidden(
                role == .trustee ? "This is for the coachee to do." : "This is for the coach to do.")
        }
        return actor
    }
}
