import RPC
import Schema
import Simulation
import Standard

/// Loads a simulated organisation through the gateway: people, programmes, leave, then the pairs, several at a time. Pairs
/// that an earlier run has loaded are left alone; one that it was at is repeated with the same request ids.
struct OrganizationLoader {
    /// People of one import stream.
    static let peoplePerStream = 2000
    /// Seconds between two lines of progress.
    static let reportInterval: Duration = .seconds(5)

    let organization: SimulatedOrganization
    let folder: SimulationFolder
    let channel: Channel
    let mint: TokenMint
    let concurrency: Int
    let report: @Sendable (String) -> Void

    func load() async throws {
        let began = ContinuousClock.now
        let loaded = folder.loaded()
        if loaded.isEmpty {
            try await loadDirectory()
            report("directory: \(organization.organization.personCount) people, 3 programmes, leave")
        }
        let pairs = (0..<organization.organization.pairCount).filter { loaded[$0] == nil }
        if !loaded.isEmpty { report("\(loaded.count) pairs are loaded already; \(pairs.count) are left") }
        let file = try folder.openLoaded()
        var (done, calls, lastReport) = (0, 0, began)
        try await withThrowingTaskGroup(of: (Int, String, Int).self) { group in
            var next = pairs.makeIterator()
            func add() {
                guard let number = next.next() else { return }
                group.addTask { try await load(number) }
            }
            for _ in 0..<concurrency { add() }
            while let (number, relationship, count) = try await group.next() {
                try file.append(SimulationFolder.LoadedPair(pair: number, relationship: relationship))
                done += 1
                calls += count
                add()
                let now = ContinuousClock.now
                guard now - lastReport > Self.reportInterval || done == pairs.count else { continue }
                lastReport = now
                report(progress(done, of: pairs.count, calls: calls, in: now - began))
            }
        }
    }

    private func progress(_ done: Int, of all: Int, calls: Int, in elapsed: Duration) -> String {
        let seconds = elapsed / .seconds(1)
        let rest = seconds / Double(max(1, done)) * Double(all - done)
        return
            "\(done) of \(all) pairs, \(calls) calls, \(Format.fixed(Double(calls) / max(seconds, 0.001), 0)) a second, "
            + "\(Format.age(seconds: Int64(rest))) left"
    }

    private func load(_ number: Int) async throws -> (Int, String, Int) {
        let pair = organization.organization.pair(number)
        let tokens = try await [
            Party.trustor: mint.token(
                person: organization.person(pair.coachee), roles: ["coachee"], scopes: ["import"]),
            Party.trustee: mint.token(person: organization.person(pair.coach), roles: ["coach"], scopes: ["import"]),
        ]
        var loader = PairLoader(
            pair, of: organization, clients: PairLoader.Clients(channel), tokens: tokens, persistence: Persistence())
        let relationship = try await loader.load()
        return (number, relationship, loader.calls)
    }

    // MARK: People, programmes, leave

    private func loadDirectory() async throws {
        let client = RelationshipsServiceClient(channel)
        let token = try await mint.token(
            person: organization.administrator, purpose: "programme_admin", roles: ["programme_admin"],
            scopes: ["import"])
        let options = CallOptions(metadata: ["authorization": "Bearer \(token)"], timeout: .seconds(60))
        try await importPeople(client, options)
        let occurredAt = organization.time(-7)
        for days in [7, 14, 28] {
            let id = "every-\(days)-days"
            let request = CreateProgrammeRequest(
                parent: organization.name, programmeId: id,
                programme: Programme(
                    displayName: "Coaching every \(days) days", kind: .coaching, startTime: occurredAt,
                    endTime: organization.time(Double(organization.parameters.weeks * 7 + 28)),
                    cadencePolicy: CadencePolicy(intervalDays: Int32(days), graceHours: 24), minimumGroupSize: 5),
                requestId: organization.requestID("programme", step: id), occurredAt: occurredAt)
            try await Persistence().once("programmes") { try await client.createProgramme(request, options: options) }
        }
        try await tellLeave(client, options)
    }

    private func importPeople(_ client: RelationshipsServiceClient, _ options: CallOptions) async throws {
        let organization = organization
        let count = organization.organization.personCount
        for first in stride(from: 0, to: count, by: Self.peoplePerStream) {
            let people = first..<min(first + Self.peoplePerStream, count)
            let response = try await client.importPeople(options: options) { writer in
                for number in people {
                    try await writer.write(
                        ImportPeopleRequest(
                            parent: organization.name, personId: "p\(number)",
                            person: Person(
                                displayName: "Person \(number)",
                                unit: "unit-\(organization.organization.unit(of: number))",
                                timeZone: "Europe/Berlin", active: true)))
                }
            }
            guard response.refusedCount == 0 else {
                let refused = response.people.first { $0.outcome == .refused }
                throw Failure("\(response.refusedCount) people were refused: \(refused?.message ?? "")")
            }
        }
    }

    /// What the calendar knows: of coaches and coachees, whose contact gaps it explains.
    private func tellLeave(_ client: RelationshipsServiceClient, _ options: CallOptions) async throws {
        let made = organization.organization
        let people = Array(0..<(made.coachCount + made.pairCount))
        let organization = organization
        try await withThrowingTaskGroup(of: Void.self) { group in
            var next = people.makeIterator()
            func add() {
                guard let number = next.next() else { return }
                group.addTask {
                    for (index, leave) in made.leave(of: number).enumerated() where leave.isInCalendar {
                        let request = CreateLeaveWindowRequest(
                            parent: organization.person(number),
                            leaveWindow: LeaveWindow(
                                startTime: organization.time(leave.start), endTime: organization.time(leave.end)),
                            requestId: organization.requestID("leave \(number)", step: "\(index)"),
                            occurredAt: organization.time(-6))
                        try await Persistence().once("leave") {
                            try await client.createLeaveWindow(request, options: options)
                        }
                    }
                }
            }
            for _ in 0..<concurrency { add() }
            while try await group.next() != nil { add() }
        }
    }
}
