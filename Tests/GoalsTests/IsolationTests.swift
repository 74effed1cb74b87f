import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Goals

@Suite("Two organisations")
struct IsolationTests {
    @Test("with the same ids everywhere do not cross, by any read, list or change")
    func sameIdentifiers() async throws {
        let host = try await TestHost(GoalsService.self, at: monday)
        let service = host.service
        let organizations = ["organizations/acme", "organizations/globex"]
        let id = "01931f5e-0000-7000-8000-000000000001"
        for organization in organizations {
            let name = "\(organization)/relationships/\(id)"
            try await host.put(
                Relationship(
                    name: name, trustee: "\(organization)/people/coach", trustor: "\(organization)/people/coachee",
                    state: .active, startTime: monday.timestamp, etag: "\"1\""))
            try await host.runtime.database.write { transaction in
                _ = try Tables.goals.insert(
                    Goal(
                        name: "\(name)/goals/\(id)", type: .learning, statement: organization, weight: 1,
                        state: .proposed,
                        signatures: [GoalSignature(person: "\(organization)/people/coach")]), in: transaction)
                _ = try Tables.attainments.insert(
                    Attainment(name: "\(name)/goals/\(id)/attainments/\(id)", evidence: organization), in: transaction)
                _ = try Tables.checkIns.insert(
                    CheckIn(name: "\(name)/goals/\(id)/checkIns/\(id)", supportAsked: organization), in: transaction)
                _ = try Tables.revisions.insert(
                    Revision(name: "\(name)/goals/\(id)/revisions/\(id)", why: organization), in: transaction)
                _ = try Tables.obstacles.insert(
                    Obstacle(name: "\(name)/obstacles/\(id)", text: organization), in: transaction)
                _ = try Tables.opportunities.insert(
                    Opportunity(name: "\(name)/opportunities/\(id)", what: organization), in: transaction)
                _ = try Tables.supportActions.insert(
                    SupportAction(name: "\(name)/supportActions/\(id)", what: organization), in: transaction)
            }
        }
        for (own, other) in zip(organizations, organizations.reversed()) {
            let caller = host.context(person: "\(own)/people/coachee")
            let mine = "\(own)/relationships/\(id)"
            let goal = "\(mine)/goals/\(id)"
            #expect(try await service.getGoal(.init(name: goal), caller).statement == own)
            #expect(try await service.listGoals(.init(parent: mine), caller).goals.map(\.statement) == [own])
            #expect(try await service.getAttainment(.init(name: "\(goal)/attainments/\(id)"), caller).evidence == own)
            #expect(try await service.listAttainments(.init(parent: goal), caller).attainments.map(\.evidence) == [own])
            #expect(try await service.getCheckIn(.init(name: "\(goal)/checkIns/\(id)"), caller).supportAsked == own)
            #expect(try await service.listCheckIns(.init(parent: goal), caller).checkIns.map(\.supportAsked) == [own])
            #expect(try await service.getRevision(.init(name: "\(goal)/revisions/\(id)"), caller).why == own)
            #expect(try await service.listRevisions(.init(parent: goal), caller).revisions.map(\.why) == [own])
            #expect(try await service.getObstacle(.init(name: "\(mine)/obstacles/\(id)"), caller).text == own)
            #expect(try await service.listObstacles(.init(parent: mine), caller).obstacles.map(\.text) == [own])
            #expect(try await service.getOpportunity(.init(name: "\(mine)/opportunities/\(id)"), caller).what == own)
            #expect(try await service.listOpportunities(.init(parent: mine), caller).opportunities.map(\.what) == [own])
            #expect(try await service.getSupportAction(.init(name: "\(mine)/supportActions/\(id)"), caller).what == own)
            #expect(
                try await service.listSupportActions(.init(parent: mine), caller).supportActions.map(\.what) == [own])
            let signed = try await service.signGoal(.init(name: goal), caller)
            #expect(signed.statement == own)
            let untouched = try await service.getGoal(
                .init(name: "\(other)/relationships/\(id)/goals/\(id)"), host.context(person: "\(other)/people/coach"))
            #expect(untouched.state == (own == organizations[0] ? .proposed : .active))

            let theirs = "\(other)/relationships/\(id)"
            let there = "\(theirs)/goals/\(id)"
            let writer = ResponseWriter<WatchGoalsResponse> { _ in }
            let attempts: [@Sendable () async throws -> Void] = [
                { _ = try await service.getGoal(.init(name: there), caller) },
                {
                    _ = try await service.listGoals(
                        .init(parent: theirs, filter: "statement:*", showDeleted: true), caller)
                },
                {
                    _ = try await service.createGoal(
                        .init(parent: theirs, goal: Goal(type: .learning, statement: "x")), caller)
                },
                { _ = try await service.updateGoal(.init(goal: Goal(name: there, statement: "x")), caller) },
                { _ = try await service.deleteGoal(.init(name: there), caller) },
                { _ = try await service.undeleteGoal(.init(name: there), caller) },
                { _ = try await service.validateSmart(.init(parent: theirs, goal: Goal()), caller) },
                { _ = try await service.proposeGoal(.init(name: there), caller) },
                { _ = try await service.signGoal(.init(name: there), caller) },
                { _ = try await service.retireGoal(.init(name: there, why: "x"), caller) },
                { _ = try await service.alignGoal(.init(name: there, alignedWith: "x"), caller) },
                {
                    _ = try await service.reviseGoal(
                        .init(
                            parent: there,
                            revision: Revision(why: "x", noChange: true, contextChange: "\(theirs)/contextChanges/c")),
                        caller)
                },
                { _ = try await service.signRevision(.init(name: "\(there)/revisions/\(id)"), caller) },
                { _ = try await service.getRevision(.init(name: "\(there)/revisions/\(id)"), caller) },
                { _ = try await service.listRevisions(.init(parent: there), caller) },
                { _ = try await service.recordCheckIn(.init(parent: there, checkIn: CheckIn()), caller) },
                { _ = try await service.getCheckIn(.init(name: "\(there)/checkIns/\(id)"), caller) },
                { _ = try await service.listCheckIns(.init(parent: there), caller) },
                { _ = try await service.addObstacle(.init(parent: theirs, obstacle: Obstacle(text: "x")), caller) },
                { _ = try await service.acknowledgeObstacle(.init(name: "\(theirs)/obstacles/\(id)"), caller) },
                { _ = try await service.getObstacle(.init(name: "\(theirs)/obstacles/\(id)"), caller) },
                { _ = try await service.listObstacles(.init(parent: theirs), caller) },
                {
                    _ = try await service.addSupportAction(
                        .init(parent: theirs, supportAction: SupportAction(what: "x")), caller)
                },
                { _ = try await service.getSupportAction(.init(name: "\(theirs)/supportActions/\(id)"), caller) },
                { _ = try await service.listSupportActions(.init(parent: theirs), caller) },
                { _ = try await service.offerOpportunity(.init(parent: theirs), caller) },
                { _ = try await service.takeOpportunity(.init(name: "\(theirs)/opportunities/\(id)"), caller) },
                { _ = try await service.getOpportunity(.init(name: "\(theirs)/opportunities/\(id)"), caller) },
                { _ = try await service.listOpportunities(.init(parent: theirs), caller) },
                { _ = try await service.recordAttainment(.init(parent: there), caller) },
                { _ = try await service.countersignAttainment(.init(name: "\(there)/attainments/\(id)"), caller) },
                { _ = try await service.getAttainment(.init(name: "\(there)/attainments/\(id)"), caller) },
                { _ = try await service.listAttainments(.init(parent: there), caller) },
                { _ = try await service.getGasScore(.init(parent: theirs), caller) },
                { try await service.watchGoals(.init(parent: theirs), caller, writer) },
            ]
            for (index, attempt) in attempts.enumerated() {
                #expect(await refusal(attempt) == "PERMISSION_DENIED NOT_PARTY", "attempt \(index)")
            }
        }
        #expect(try await host.events().map(\.organization) == organizations)
    }
}
