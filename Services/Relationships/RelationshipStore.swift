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

    private static func below(_ collection: String) -> [String] {
        ["organizations", "relationships", collection]
    }

    static let migrations = [
        Migration(
            version: 100, name: "people, programmes, relationships and what a pair does together",
            statements: people.statements + Directory.statements + programmes.statements
                + relationships.statements + PairIndex.statements + agreements.statements
                + sessions.statements + SessionIndex.statements + commitments.statements
                + breachCases.statements + decisions.statements + reflectBacks.statements + advice.statements
                + contextChanges.statements)
    ]
}

/// Relationships are read from their own table, in the transaction that changes what belongs to them.
struct OwnRelationships: RelationshipSource {
    func relationship(_ name: String, in snapshot: Snapshot) throws -> Relationship? {
        try Tables.relationships.find(name, in: snapshot)
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

extension CreatePersonRequest: Mutation {}
extension CreateProgrammeRequest: Mutation {}
extension RequestRelationshipRequest: Mutation {}
extension AcceptRequestRequest: Mutation {}
extension ActivateRelationshipRequest: Mutation {}
extension FinishImportRequest: Mutation {}
extension ReviseAgreementRequest: Mutation {}
extension SignAgreementRequest: Mutation {}
extension ScheduleSessionRequest: Mutation {}
extension StateIntentRequest: Mutation {}
extension AttestSessionRequest: Mutation {}
extension CreateCommitmentRequest: Mutation {}
extension AcceptCommitmentRequest: Mutation {}
extension RenegotiateCommitmentRequest: Mutation {}
extension ClaimKeptRequest: Mutation {}
extension ConfirmKeptRequest: Mutation {}
extension AcknowledgeBreachRequest: Mutation {}
extension AcceptRepairRequest: Mutation {}
extension RecordDecisionRequest: Mutation {}
extension ExplainDecisionRequest: Mutation {}
extension RecordReflectBackRequest: Mutation {}
extension JudgeReflectBackRequest: Mutation {}
extension AddAdviceRequest: Mutation {}
extension TeachBackRequest: Mutation {}
extension RateAdviceRequest: Mutation {}
extension RecordContextChangeRequest: Mutation {}

extension ListPeopleRequest: ListRequest {}
extension ListProgrammesRequest: ListRequest {}
extension ListRelationshipsRequest: ListRequest {}
extension ListAgreementsRequest: ListRequest {}
extension ListSessionsRequest: ListRequest {}
extension ListCommitmentsRequest: ListRequest {}
extension ListBreachCasesRequest: ListRequest {}
extension ListDecisionsRequest: ListRequest {}
extension ListReflectBacksRequest: ListRequest {}
extension ListAdviceRequest: ListRequest {}
extension ListContextChangesRequest: ListRequest {}

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
