import RPC
import Schema
import ServiceKit

/// One active relationship.
struct Pair: Sendable {
    let name: String
    let coach: Caller
    let coachee: Caller
}

/// The programme that everything is measured on: each coach has ten coachees, each pair has signed its agreement.
struct Pairs: Sendable {
    static let organization = "organizations/bench"
    static let coacheesOfACoach = 10
    static let goalsOfAPair = 10

    let all: [Pair]

    static func make(_ count: Int, _ load: Load, issuer: DevelopmentIssuer) async throws -> Pairs {
        let admin = try await Caller(
            "\(organization)/people/admin", issuer: issuer, purpose: "programme_admin", roles: ["programme_admin"])
        let relationships = load.client.relationships
        let programme = try await relationships.createProgramme(
            .init(
                parent: organization, programmeId: "bench",
                programme: Programme(displayName: "Bench", kind: .coaching, minimumGroupSize: 5)),
            options: admin.options)
        @Sendable func person(_ id: String) async throws -> Caller {
            _ = try await relationships.createPerson(
                .init(parent: organization, personId: id, person: Person(displayName: id)), options: admin.options)
            return try await Caller("\(organization)/people/\(id)", issuer: issuer)
        }
        var coaches: [Caller] = []
        for number in 0..<(count + coacheesOfACoach - 1) / coacheesOfACoach {
            coaches.append(try await person("coach-\(number)"))
        }
        let made = try await load.run(count: count) { [coaches] turn in
            let coach = coaches[turn.number / coacheesOfACoach]
            let coachee = try await person("coachee-\(turn.number)")
            return try await activate(coach, coachee, programme.name, relationships)
        }
        return Pairs(all: made.answers)
    }

    /// Asked for, accepted, agreed, signed, begun.
    private static func activate(
        _ coach: Caller, _ coachee: Caller, _ programme: String, _ relationships: RelationshipsServiceClient
    ) async throws -> Pair {
        let wanted = Relationship(
            kind: .coaching, programme: programme, trustee: coach.name, trustor: coachee.name)
        let name = try await relationships.requestRelationship(
            .init(parent: organization, relationship: wanted), options: coachee.options
        ).name
        _ = try await relationships.acceptRequest(.init(name: name), options: coach.options)
        let agreement = Agreement(
            purpose: "Better calls", confidentialityClauses: ["What is said here stays here."],
            sharingRules: ["Nothing is shared."], limits: "Law and risk of harm.")
        let drafted = try await relationships.reviseAgreement(
            .init(parent: name, agreement: agreement), options: coach.options)
        for signer in [coach, coachee] {
            _ = try await relationships.signAgreement(.init(name: drafted.name), options: signer.options)
        }
        _ = try await relationships.activateRelationship(.init(name: name), options: coach.options)
        return Pair(name: name, coach: coach, coachee: coachee)
    }

    /// Resource `number` belongs to the pair of the same number, counted round and round.
    subscript(number: Int) -> Pair { all[number % all.count] }
}

/// A resource that was made, and one who may read it.
struct Made: Sendable {
    let name: String
    let reader: Caller
}

/// Requests that make something.
extension Pair {
    func promise(_ client: RelationshipsServiceClient) async throws -> Made {
        let promise = Commitment(
            owner: coach.name, text: "to send the notes", dueTime: ServiceClock().now.adding(days: 30).timestamp)
        let made = try await client.createCommitment(.init(parent: name, commitment: promise), options: coach.options)
        return Made(name: made.name, reader: coach)
    }

    func giveFeedback(_ client: FeedbackServiceClient) async throws -> Made {
        let item = FeedbackItem(
            kind: .constructive, situation: "In the call on Monday", behaviour: "you asked before you answered",
            impact: "the customer told us what he needs", nextStep: "do it again", focus: .task)
        let made = try await client.createFeedback(.init(parent: name, feedbackItem: item), options: coach.options)
        return Made(name: made.name, reader: coach)
    }

    func setGoal(_ client: GoalsServiceClient) async throws -> Made {
        let goal = Goal(
            type: .learning, statement: "Prepare every call", actor: "the coachee", measure: "prepared calls",
            unit: "calls", baseline: 1, target: 5, dueTime: ServiceClock().now.adding(days: 60).timestamp,
            confidence: 7, purpose: "Calm")
        let made = try await client.createGoal(.init(parent: name, goal: goal), options: coach.options)
        return Made(name: made.name, reader: coachee)
    }

    func tellObstacle(_ client: GoalsServiceClient) async throws {
        let obstacle = Obstacle(text: "The price list comes too late")
        _ = try await client.addObstacle(.init(parent: name, obstacle: obstacle), options: coachee.options)
    }
}
